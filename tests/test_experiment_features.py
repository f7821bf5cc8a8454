"""Where photographs and a choice meet."""

import json
import shutil
import sys
from dataclasses import replace

import numpy as np
import pytest

from gradviz.datasets import find
from gradviz.datasets.image_set import ImageSet
from gradviz.errors import ChoiceError, DatasetError, NetworkError
from gradviz.experiment import Experiment
from gradviz.home import ASSETS
from gradviz.kernels import centre, kernel
from gradviz.representations import parse
from gradviz.results import KernelResult
from gradviz.spec import TEMPERATURE_GRID, Spec
from tests.conftest import ROOT
from tests.reference import kernel_error, trace_kernels

SPLIT, N = "train", 5


@pytest.fixture(scope="module")
def images(photographs):
    return find(photographs)


@pytest.fixture(scope="module")
def bench(images, kept):
    return Experiment(images, Spec(images=N), home=kept, device="cpu")


def with_spec(bench: Experiment, **changes) -> Experiment:
    return replace(bench, spec=replace(bench.spec, **changes))


@pytest.fixture(scope="module")
def vectors() -> ImageSet:
    """A data set of features: three images, two vectors each."""
    x = np.array([[3, 4], [0, 2], [1, 0]], np.float32)
    return ImageSet(name="vectors", root=None, ids=("a", "b", "c"), features={"x5": x, "dy6": x[::-1]})


def test_nothing_is_loaded_before_it_is_needed(images, tmp_path):
    bench = Experiment(images, Spec(network="vgg16"), home=tmp_path)
    assert parse("x6;x7", bench.offer).name == "x6+x7"
    assert {"x5", "y6", "dy6", "x8"} <= set(bench.offer.vectors)
    with pytest.raises(ChoiceError, match=r"vgg16 has no representation 'x9'; choose from x5, .*y6, "):
        bench.kernel("x9")
    with pytest.raises(NetworkError, match="python -m gradviz download vgg16"):
        bench.features(("x5",), SPLIT)


@pytest.mark.parametrize("temperature", [1.0, 8.0])
def test_products_equal_explicit_gradients(bench, images, temperature):
    import torch
    from safetensors.torch import load_file
    from torch import nn

    from gradviz.networks.alexnet64 import AlexNet64
    from gradviz.networks.weights import locate

    bench = with_spec(bench, temperature=temperature, normalise="none")
    module = AlexNet64(200).eval()
    module.load_state_dict({k: v.float() for k, v in load_file(locate(bench.model.network, bench.home)).items()})
    positions = images.select(SPLIT, N)
    pictures = torch.cat([bench.model.transform("center")(images.open(i)) for i in positions])
    linears = [m for m in module.modules() if isinstance(m, nn.Linear)]
    truths = trace_kernels(module, linears, pictures, temperature)
    for name, truth in zip(("dW6", "dW7", "dW8"), truths, strict=True):
        found = bench.kernel(name, SPLIT)
        assert found.rows.ids == tuple(images.ids[i] for i in positions)
        assert kernel_error(torch.from_numpy(found.K).double(), truth) < 1e-4
        cosine = truth / torch.outer(truth.diagonal(), truth.diagonal()).sqrt()
        assert np.allclose(with_spec(bench, normalise="l2").kernel(name, SPLIT).K, cosine, atol=1e-4)


def test_a_product_carries_its_factors(bench):
    found = bench.kernel("dW6", SPLIT)
    assert np.array_equal(found.K, found.K_fw * found.K_bw)
    assert np.array_equal(found.K_fw, bench.kernel("x5", SPLIT).K)
    assert np.array_equal(found.K_bw, bench.kernel("dy6", SPLIT).K)
    assert (found.K.dtype, found.K.shape) == (np.float32, (N, N))
    assert np.allclose(found.K.diagonal(), 1)
    plain = bench.kernel("x6+x7", SPLIT)
    assert type(plain) is KernelResult
    assert np.allclose(plain.K, (bench.kernel("x6", SPLIT).K + bench.kernel("x7", SPLIT).K) / 2)


def test_columns_can_be_other_images(bench, images):
    cols = bench.features(("x5", "dy6"), "val")
    found = bench.kernel("dW6", SPLIT, cols=cols)
    both = [*images.select(SPLIT, N), *images.select("val", N)]
    whole = kernel(parse("dW6"), bench.features(("x5", "dy6"), both).arrays)
    assert found.cols.ids == cols.ids
    assert np.allclose(found.K, whole.K[:N, N:], atol=1e-6)


def test_centring_comes_last(bench):
    plain, centred = bench.kernel("dW6", SPLIT), with_spec(bench, centre=True).kernel("dW6", SPLIT)
    assert np.allclose(centred.K, centre(plain.K), atol=1e-6)
    assert np.allclose(centred.K.sum(axis=0), 0, atol=1e-4)
    assert np.array_equal(centred.K_fw, plain.K_fw)


def test_preprocessing_matters(snapshots, kept):
    bench = Experiment(find(snapshots), home=kept, device="cpu")
    x5 = [with_spec(bench, preprocess=p).features(("x5",)).arrays["x5"] for p in ("center", "squash", "tencrop")]
    assert len({values.shape for values in x5}) == 1
    assert not any(np.array_equal(a, b) for i, a in enumerate(x5) for b in x5[:i])


def test_about_says_what_was_chosen_in_json(bench, images):
    about = json.loads(json.dumps(bench.about(representation="x6", split=SPLIT)))
    assert about["dataset_digest"] == images.digest
    assert about["weights_digest"] == bench.model.digest
    assert (about["dataset"], about["network"], about["images"]) == ("few", "alexnet64", N)
    assert (about["representation"], about["split"], about["temperature"]) == ("x6", SPLIT, 1.0)
    assert str(ROOT) not in json.dumps(about)


def test_cv_needs_something_to_be_scored(bench):
    with pytest.raises(ChoiceError, match="only where a training split is scored"):
        with_spec(bench, temperature="cv").kernel("dW6", SPLIT)


def test_features_of_others_need_no_network(vectors, tmp_path):
    bench = Experiment(vectors, home=tmp_path)
    assert (bench.offer.representations, bench.offer.vectors) == (("x5", "dy6", "dW6"), ("x5", "dy6"))
    found = bench.kernel("dW6")
    assert np.allclose(found.K, [[1, 0.8 * 0, 0.6 * 0.6], [0, 1, 0], [0.6 * 0.6, 0, 1]], atol=1e-6)
    assert "model" not in vars(bench)
    with pytest.raises(ChoiceError, match="vectors has no representation 'x6'; choose from x5, dy6, dW6"):
        bench.kernel("x6")
    with pytest.raises(ChoiceError, match="vectors holds features"):
        bench.extract()
    assert (bench.about()["network"], "weights_digest" in bench.about()) == (None, False)
    assert not (tmp_path / "store").exists()


def test_vectors_of_zeros_are_counted_and_said(tmp_path):
    x = np.array([[1, 0], [0, 0], [0, 0]], np.float32)
    bench = Experiment(ImageSet(name="z", root=None, ids=("a", "b", "c"), features={"x5": x}), home=tmp_path)
    found = bench.kernel("x5")
    assert np.array_equal(found.K, [[1, 0, 0], [0, 0, 0], [0, 0, 0]])
    assert found.notes == ("2 images have an all-zero vector and are similar to nothing.",)


def test_a_name_is_found_with_the_home_and_the_seed_of_the_choice(snapshots, home, tmp_path):
    for label in ("cat", "dog"):
        (tmp_path / "pets" / label).mkdir(parents=True)
        for i, path in enumerate(sorted(snapshots.iterdir()) * 2):
            shutil.copyfile(path, tmp_path / "pets" / label / f"{i}.jpg")
    splits = {}
    for seed in (0, 3):
        lab = Experiment(tmp_path / "pets", Spec(seed=seed))
        splits[seed] = lab.images.splits["train"].tolist()
        assert splits[seed] == find(tmp_path / "pets", seed=seed).splits["train"].tolist()
        assert replace(lab, device="cpu").images is lab.images
    assert splits[0] != splits[3]
    shutil.move(tmp_path / "pets", tmp_path / "elsewhere" / "datasets" / "pets")
    assert len(Experiment("pets", home=tmp_path / "elsewhere").images) == 24
    assert Experiment("demo").images.name == "demo"
    with pytest.raises(DatasetError, match="pets"):
        Experiment("pets")


def test_a_network_of_ones_own_is_made_once_for_all_temperatures(photographs, tmp_path, monkeypatch):
    (tmp_path / "counting_network.py").write_text("""
import torch
from torch import nn
calls = []
def make():
    calls.append(1)
    return nn.Sequential(nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(48, 6), nn.ReLU(), nn.Linear(6, 5))
""")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    spec = Spec(network="counting_network:make", images=10, temperature="cv")
    lab = Experiment(photographs, spec, home=tmp_path / "home", device="cpu")
    assert lab.evaluate("dW2", train="train", test="val", ap="area").temperature in TEMPERATURE_GRID
    assert len(sys.modules["counting_network"].calls) == 2, "one of them to see whether it gives the same weights"


def test_files_and_folders_may_be_given_as_text(snapshots, tmp_path):
    weights = tmp_path / "w.safetensors"
    shutil.copyfile(ASSETS / "alexnet64.safetensors", weights)
    places = {"home": str(tmp_path / "home"), "store": str(tmp_path / "kept")}
    lab = Experiment(str(snapshots), Spec(weights=str(weights)), device="cpu", **places)
    assert lab.features(("x5",)).arrays["x5"].shape == (6, 2048)
    assert (tmp_path / "kept").is_dir()
    with pytest.raises(NetworkError, match=r"absent\.pth"):
        Experiment(str(snapshots), Spec(weights="absent.pth"), device="cpu", **places).features(("x5",))
