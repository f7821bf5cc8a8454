"""One key means one thing: whatever a result depends on is in its key, and nothing else is.

Every field of Spec, ImageSet, Model and Selection is listed here with the keys that it changes; a new field has to be
listed too. The keys are those of the store (forward pass, gradients, and the names of their rows), of the page's
questions, and of its question for features.
"""

import sys
import tomllib
from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from gradviz.datasets import ImageSet, find
from gradviz.experiment import Experiment
from gradviz.features.extraction import Extraction
from gradviz.features.store import Store, canonical
from gradviz.home import ASSETS
from gradviz.networks import NETWORKS
from gradviz.networks.loading import Model, load
from gradviz.representations import Offer, tempered
from gradviz.spec import Spec
from gradviz.ui import visitor, widgets
from gradviz.ui.selection import Selection
from gradviz.ui.visitor import Own
from pages.evaluate import svm_views
from pages.explore import kernels_job, map_questions, map_views
from pages.explore.kernels_job import kernels_view
from tests.conftest import ROOT
from tests.small_sets import picture

FORWARD, BACKWARD, PAGE, FEATURES = "forward pass", "gradients", "page", "question for features"
LAYER, FORWARD_KERNEL, CLASS_ORDER = "a layer's kernels", "its forward kernel", "the order by class"
STORE = {FORWARD, BACKWARD}
EVERYWHERE = {*STORE, PAGE, FEATURES, LAYER, FORWARD_KERNEL, CLASS_ORDER}

OF_SPEC = {
    "network": EVERYWHERE,
    "weights": EVERYWHERE,
    "preprocess": EVERYWHERE,
    "tf32": EVERYWHERE,
    "images": {PAGE, FEATURES, LAYER, FORWARD_KERNEL, CLASS_ORDER},
    "pseudo_label": {BACKWARD, PAGE, LAYER},
    "temperature": {BACKWARD, PAGE, LAYER},
    "normalise": {PAGE, LAYER, FORWARD_KERNEL},
    "centre": {PAGE, LAYER},
    "seed": {PAGE},
}
OTHER_SPEC = {
    "images": 3,
    "preprocess": "squash",
    "pseudo_label": "predicted",
    "temperature": 8.0,
    "normalise": "none",
    "centre": True,
    "seed": 3,
    "tf32": True,
}

OWN = """
import torch
from torch import nn

def make():
    torch.manual_seed(0)
    return nn.Sequential(nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(48, 6), nn.ReLU(), nn.Linear(6, 5))
"""


@pytest.fixture(scope="module")
def images() -> ImageSet:
    return find("demo")


@pytest.fixture(scope="module")
def model() -> Model:
    return load("alexnet64", device="cpu")


def keys(spec: Spec, images: ImageSet, home: Path) -> dict[str, str]:
    """Return all keys of the same choices."""
    lab = Experiment(images, spec, home=home, device="cpu")
    shown = replace(spec, network="vgg16") if ":" in spec.network else spec  # a page offers the table's networks
    selection = Selection(images, "token", "train", shown, NETWORKS["alexnet64"].layers[1])
    return {
        FORWARD: canonical(lab._extraction.key),
        BACKWARD: canonical(lab._extraction.backward_key(lab.spec.temperature, lab._label)),
        PAGE: selection.question(kernels_view, "class", None, title="").key,
        LAYER: kernels_job.layer_key(selection),
        FORWARD_KERNEL: kernels_job.forward_key(selection),
        CLASS_ORDER: kernels_job.order_key(selection),
        FEATURES: widgets.features(selection).key,
    }


def changed(one: dict[str, str], other: dict[str, str]) -> set[str]:
    return {name for name in one if one[name] != other[name]}


# Spec


def test_every_choice_is_in_the_keys_of_what_depends_on_it_and_in_no_other(
    images: ImageSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine_of_identity.py").write_text(OWN)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    state = load_file(ASSETS / "alexnet64.safetensors")
    save_file({name: tensor * 0.5 for name, tensor in state.items()}, tmp_path / "halved.safetensors")
    others = {**OTHER_SPEC, "network": "mine_of_identity:make", "weights": tmp_path / "halved.safetensors"}
    assert OF_SPEC.keys() == others.keys() == {field.name for field in fields(Spec)}
    plain = keys(Spec(), images, tmp_path)
    assert keys(Spec(), replace(images), tmp_path) == plain
    for name, depends in OF_SPEC.items():
        assert changed(keys(Spec(**{name: others[name]}), images, tmp_path), plain) == depends, name


# ImageSet

OF_IMAGES = {
    "name": "renamed",
    "root": None,
    "ids": tuple(f"other {i}" for i in range(3)),
    "classes": ("kitten",),
    "labels": np.array([[-1], [1], [-1]], np.int8),
    "unknown": np.array([[True], [False], [False]]),
    "format": "another format",
    "splits": {"val": np.arange(2)},
    "findings": (),
    "ap": "eleven_point",
    "drawn": 5,
    "copies": np.array([0, 0, 2]),
    "boxes_of": lambda position: (),
}
"""Fields that the features of a picture do not depend on."""


@pytest.fixture
def three(tmp_path: Path) -> ImageSet:
    paths = tuple(picture(tmp_path / "three" / f"{i}.png", i) for i in range(3))
    labels = np.array([[1], [-1], [1]], np.int8)
    return ImageSet("three", tmp_path, ("a", "b", "c"), paths, ("cat",), labels, {"train": np.arange(3)})


def identity(images: ImageSet, model: Model, tmp_path: Path) -> tuple:
    extraction = Extraction(images, model, Store(tmp_path / "store"))
    return canonical(extraction.key), extraction._rows(np.arange(len(images)))


def test_rows_are_named_by_the_content_of_pictures_alone(three: ImageSet, model: Model, tmp_path: Path) -> None:
    assert OF_IMAGES.keys() == {field.name for field in fields(ImageSet)} - {"paths", "features"}
    plain = identity(three, model, tmp_path)
    for name, value in OF_IMAGES.items():
        more = {"labels": np.array([[0], [-1], [1]], np.int8)} if name == "unknown" else {}
        other = replace(three, **{name: value, **more})
        assert identity(other, model, tmp_path) == plain, name
        told = name in ("ids", "classes", "labels", "unknown", "splits", "ap")
        assert (other.digest != three.digest) == told, f"{name}: a result names its data set"
    moved = tuple(path.rename(path.with_name(f"moved {path.name}")) for path in three.paths)
    assert identity(replace(three, paths=moved), model, tmp_path) == plain
    picture(moved[1], 9)
    key, rows = identity(replace(three, paths=moved), model, tmp_path)
    assert key == plain[0]
    assert [a == b for a, b in zip(rows, plain[1], strict=True)] == [True, False, True]
    assert len(set(rows)) == 3
    features = replace(three, paths=(), features={"x6": np.zeros((3, 2), np.float32)})
    assert features.digest != replace(features, features={"x6": np.ones((3, 2), np.float32)}).digest


def test_gradients_of_true_labels_are_named_by_them(three: ImageSet, model: Model, tmp_path: Path) -> None:
    from gradviz.features.pseudo_labels import pseudo_label

    def rows(images: ImageSet, kind: str) -> tuple[str, ...]:
        label = pseudo_label(kind, model, images)
        return Extraction(images, model, Store(tmp_path))._rows(np.arange(3), label)

    cats = replace(three, classes=(model.classes[3],))
    fixed = replace(cats, labels=np.array([[1], [1], [1]], np.int8))
    assert [a == b for a, b in zip(rows(cats, "true"), rows(fixed, "true"), strict=True)] == [True, False, True]
    assert rows(cats, "true") != rows(replace(cats, classes=(model.classes[4],)), "true")
    assert rows(replace(cats, name="other"), "true") == rows(cats, "true")
    for kind in ("uniform", "predicted"):
        assert rows(fixed, kind) == rows(cats, kind) == three.contents


# Model

OF_MODEL = {
    "network": True,
    "digest": True,
    "function": True,
    "preset": True,
    "body": False,  # in weights and function
    "head": False,
    "device": False,  # its figures agree to 1e-4
    "classes": False,  # in the names of rows, where they matter
    "wnids": False,
    "notes": False,
}


def test_a_models_weights_function_and_preprocessing_are_in_the_key(
    three: ImageSet, model: Model, tmp_path: Path
) -> None:
    assert OF_MODEL.keys() == {field.name for field in fields(Model)}
    plain = identity(three, model, tmp_path)[0]

    def preset(**numbers: object):
        other = load("alexnet64", device="cpu").preset
        other = type(other)(crop_size=64, resize_size=other.resize_size[0], mean=other.mean, std=other.std)
        vars(other).update(numbers)
        return other

    assert identity(three, replace(model, preset=preset()), tmp_path)[0] == plain
    others = {
        "network": replace(model.network, name="vgg16"),
        "digest": "f" * 64,
        "function": "forward",
        "body": torch.nn.Identity(),
        "head": None,
        "device": torch.device("meta"),
        "classes": ("cat",),
        "wnids": ("n1",),
        "notes": ("said",),
    }
    for name, matters in OF_MODEL.items():
        if name != "preset":
            other = identity(three, replace(model, **{name: others[name]}), tmp_path)[0]
            assert (other != plain) == matters, name
    for numbers in ({"mean": [0.4, 0.4, 0.4]}, {"std": [0.3, 0.3, 0.3]}, {"crop_size": [60]}, {"resize_size": [70]}):
        other = replace(model, preset=preset(**numbers))
        assert identity(three, other, tmp_path)[0] != plain, numbers


def test_another_decoder_is_another_key_where_it_changes_pixels(
    three: ImageSet, model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gradviz.features import extraction

    plain, open_picture = identity(three, model, tmp_path)[0], extraction.open_picture

    def brighter(suffix: str, path: Path):
        return open_picture(path).point(lambda value: min(255, value + (path.suffix == suffix)))

    for suffix in (".jpg", ".webp", ".png"):
        monkeypatch.setattr(extraction, "open_picture", partial(brighter, suffix))
        assert identity(three, model, tmp_path)[0] != plain, suffix
    monkeypatch.setattr(extraction, "open_picture", open_picture)
    monkeypatch.setattr("PIL.__version__", "99")
    assert identity(three, model, tmp_path)[0] == plain


OWN_VARIANTS = {
    "unchanged": "",
    "forward": "class Net(Net):\n    def forward(self, x):\n        return super().forward(x.flip(3))\n",
    "input_size": "class Net(Net):\n    input_size = 48\n",
    "mean": "class Net(Net):\n    mean = [0.1, 0.2, 0.3]\n",
    "weights": "class Net(Net):\n    def __init__(self):\n        super().__init__()\n        self.fc.bias.data += 1\n",
}


def test_an_edited_network_of_ones_own_is_another_one(
    three: ImageSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gradviz.networks.custom import load_own

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    found = {}
    for number, (name, more) in enumerate(OWN_VARIANTS.items()):
        (tmp_path / f"edited_{number}.py").write_text(
            "import torch\nfrom torch import nn\n"
            "class Net(nn.Module):\n    input_size = 32\n    def __init__(self):\n        super().__init__()\n"
            "        torch.manual_seed(0)\n        self.conv = nn.Conv2d(3, 4, 8, 8)\n"
            "        self.fc = nn.Linear(4 * 16, 5)\n"
            "    def forward(self, x):\n        x = nn.functional.adaptive_avg_pool2d(self.conv(x), 4)\n"
            f"        return self.fc(x.flatten(1))\n{more}\ndef make(): return Net()\n"
        )
        found[name] = identity(three, load_own(f"edited_{number}:make", device="cpu"), tmp_path)[0]
    source = (tmp_path / "edited_0.py").read_text()
    (tmp_path / "renamed_module.py").write_text(source)
    again = load_own("renamed_module:make", device="cpu")
    assert identity(three, again, tmp_path)[0] == found["unchanged"], "the factory's name is no part of the function"
    assert len(set(found.values())) == len(found), found


# Selection


@dataclass(frozen=True)
class _Other:
    """What a field is changed to, and whether the page's key and the question for features notice."""

    value: object
    page: bool
    features: bool


def test_every_field_of_a_selection(images: ImageSet) -> None:
    chosen = Selection(images, "token", "train", Spec(), NETWORKS["alexnet64"].layers[1])
    others = {
        "images": _Other(replace(images, name="other"), False, False),  # token stands for it
        "token": _Other("changed", True, True),
        "split": _Other("val", True, True),
        "spec": _Other(Spec(preprocess="squash"), True, True),
        "picked": _Other(NETWORKS["alexnet64"].layers[2], True, False),
        "own": _Other(own("secret", images), False, False),  # token is the visitor's, then
        "place": _Other("elsewhere", False, False),  # token has it
    }
    assert others.keys() == {field.name for field in fields(Selection)}
    for name, other in others.items():
        selection = replace(chosen, **{name: other.value})
        for view in (kernels_view, map_views.rows, map_views.scores, svm_views.scored):
            asked = [one.question(view, None, title="").key for one in (chosen, selection)]
            assert (asked[0] != asked[1]) == other.page, (name, view.__name__)
        asked = [widgets.features(one).key for one in (chosen, selection)]
        assert (asked[0] != asked[1]) == other.features, name


def own(token: str, images: ImageSet) -> Own:
    return Own(images, token, Path("store"), {}, None)


def test_a_map_with_ones_own_photographs_is_nobody_elses(images: ImageSet) -> None:
    chosen = Selection(images, "token", "train", Spec(), NETWORKS["alexnet64"].layers[1])
    whole = map_questions.drawn(chosen, "dW7", {"seed": 0})
    placed = [map_questions.placements(chosen, own(who, images), {"seed": 0}, ()) for who in ("a", "b")]
    pictures = [map_questions.own_sheet(own(who, images)) for who in ("a", "b")]
    near = [map_questions.rows(chosen, "1", own(who, images)) for who in ("a", "b")]
    of_all = map_questions.rows(chosen, "1")
    assert len({question.key for question in (whole, of_all, *near, *placed, *pictures)}) == 8
    assert all('"a"' in question.key for question in (near[0], placed[0], pictures[0]))
    assert '"a"' not in of_all.key


FIRST, SECOND = NETWORKS["alexnet64"].layers[1:]


@pytest.mark.parametrize(
    ("name", "change", "again"),
    [
        ("x6", {"temperature": 8.0}, False),
        ("x6", {"pseudo_label": "predicted"}, False),
        ("x6", {"preprocess": "squash"}, True),
        ("x6", {"images": 40}, True),
        ("dy7", {"temperature": 8.0}, True),
        ("dy7", {"pseudo_label": "predicted"}, True),
        ("dW7", {"temperature": 8.0}, True),
        ("x8", {"temperature": 8.0}, True),
    ],
)
def test_a_map_is_drawn_again_only_for_what_it_depends_on(
    images: ImageSet, name: str, change: dict, again: bool
) -> None:
    how = {"method": "umap", "neighbours": 15, "min_dist": 0.1, "seed": 0}
    chosen = Selection(images, "token", "train", Spec(), FIRST)
    keys = [map_questions.drawn(replace(chosen, spec=spec), name, how).key for spec in (Spec(), Spec(**change))]
    assert (keys[0] != keys[1]) is again
    for other in ({**how, "seed": 1}, {**how, "neighbours": 5}, {**how, "method": "pca"}):
        assert map_questions.drawn(chosen, name, other).key != keys[0]
    assert map_questions.drawn(replace(chosen, picked=SECOND), name, how).key == keys[0], "the name says what is mapped"


def test_labels_and_small_photographs_are_the_same_whatever_looks_at_them(images: ImageSet) -> None:
    images = replace(images, paths=tuple(Path(f"{name}.jpg") for name in images.ids))
    chosen = Selection(images, "token", "train", Spec(), FIRST)
    other = replace(chosen, spec=Spec(temperature=8, network="squeezenet1_0", preprocess="squash"), picked=SECOND)
    few = replace(chosen, spec=Spec(images=1))
    for ask in (map_questions.facts, lambda selection: next(map_questions.sheets(selection))):
        assert ask(chosen).key == ask(other).key != ask(few).key


def test_a_visitors_photograph_never_enters_the_cache_that_others_share(tmp_path: Path) -> None:
    path = picture(tmp_path / "a.jpg", 1)
    mine = ImageSet(visitor.NAME, None, ("a.jpg",), (path,))
    for look in (widgets.photo, lambda images, name: widgets.thumbnails(images, [name], {})[name]):
        picture(path, 1)
        before = look(mine, "a.jpg")
        picture(path, 5)
        assert look(mine, "a.jpg") != before


# Beside the keys


def test_what_depends_on_the_temperature() -> None:
    """A temperature is chosen by cross-validation only for what depends on it: gradients, and the last softmax."""
    vectors = Offer.of_layers("alexnet64", (6, 7, 8)).vectors
    assert {name for name in vectors if tempered(name, 8)} == {"x8", "dy6", "dy7", "dy8"}
    assert tempered("x7", 7)


def test_a_seed_is_the_same_halves_from_a_notebook(tmp_path: Path) -> None:
    for label in ("cat", "dog"):
        for i in range(12):
            picture(tmp_path / "pets" / label / f"{label} {i}.png", i + 12 * (label == "dog"))
    read = find(tmp_path / "pets")
    for seed in (0, 3):
        spec = Spec(seed=seed)
        from_place, from_images = Experiment(tmp_path / "pets", spec).images, Experiment(read, spec).images
        for split, positions in from_place.splits.items():
            assert np.array_equal(from_images.splits[split], positions), (seed, split)
    changed = replace(Experiment(read), spec=Spec(seed=3)).images
    assert changed.digest == Experiment(tmp_path / "pets", Spec(seed=3)).images.digest != read.digest
    given = replace(read, drawn=None)
    assert Experiment(given, Spec(seed=3)).images is given, "splits that the data come with are nobody's to draw"


def test_the_dashboard_answers_under_its_own_names_alone() -> None:
    settings = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())
    server = settings["server"]
    assert server["allowedHosts"] == ["localhost", "127.0.0.1", "[::1]"]
    assert (server["address"], server["enableXsrfProtection"]) == ("127.0.0.1", True)
    assert (server["fileWatcherType"], settings["client"]["showErrorDetails"]) == ("none", "none")
