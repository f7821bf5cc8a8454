"""Features come in the right rows whatever fails, and gradients are those of the explicit formulas."""

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from gradviz.datasets import ImageSet
from gradviz.errors import Cancelled, ChoiceError, DatasetError
from gradviz.features import compute
from gradviz.features.compute import backward, capture, vector
from gradviz.kernels import kernel
from gradviz.networks import head as heads
from gradviz.networks.head import Head
from gradviz.networks.loading import Model, load
from gradviz.representations import REPRESENTATIONS, Offer, Product, parse, symbol, tempered
from tests.reference import ORACLES, crop, energy
from tests.small_sets import picture

BROKEN = 5


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> ImageSet:
    """Twelve pictures, of which the sixth cannot be decoded."""
    folder = tmp_path_factory.mktemp("pictures")
    paths = [picture(folder / f"{i:02}.png", i, (80 + i, 70)) for i in range(12)]
    paths[BROKEN].write_bytes(paths[BROKEN].read_bytes()[:200])
    return ImageSet("pictures", folder, tuple(p.stem for p in paths), tuple(paths))


@pytest.fixture(scope="module")
def model() -> Model:
    """The shipped network, four images a batch."""
    model = load("alexnet64", device="cpu")
    return replace(model, network=replace(model.network, gmacs=20.0))


@pytest.fixture(scope="module")
def whole(model: Model, photographs: ImageSet) -> compute.Captured:
    return next(capture(model, photographs, [np.arange(12)]))


def test_rows_are_the_network_on_each_picture(model: Model, photographs: ImageSet, whole: compute.Captured) -> None:
    assert {name: (rows.shape, rows.dtype) for name, rows in whole.arrays.items()} == {
        name: ((12, 1, width), np.float32) for name, width in model.arrays.items()
    }
    for i in (0, 4, 11):
        alone = model.forward(model.transform("center")(photographs.open(i)))
        for name, rows in whole.arrays.items():
            assert np.allclose(rows[i, 0], alone[name][0], atol=1e-4)


def test_a_picture_that_fails_is_nan_and_says_why(whole: compute.Captured) -> None:
    assert list(whole.failed) == [BROKEN]
    assert "05" in whole.failed[BROKEN]
    for rows in whole.arrays.values():
        assert np.isnan(rows).any(axis=(1, 2)).nonzero()[0].tolist() == [BROKEN]


def test_blocks_come_in_order_and_do_not_depend_on_each_other(model: Model, photographs: ImageSet) -> None:
    blocks = [np.array([3, 1, 2]), np.array([5]), np.array([], int), np.array([7, 5, 0, 4, 9, 8])]
    together = list(capture(model, photographs, blocks, workers=3))
    assert [block.positions.tolist() for block in together] == [block.tolist() for block in blocks]
    for block, captured in zip(blocks, together, strict=True):
        (alone,) = capture(model, photographs, [block], workers=1)
        assert all(np.array_equal(captured.arrays[k], alone.arrays[k], equal_nan=True) for k in model.arrays)
        assert captured.failed.keys() == alone.failed.keys() == {BROKEN} & set(block.tolist())


def test_a_failed_picture_leaves_its_neighbours_bits_alone(model: Model, photographs: ImageSet, tmp_path: Path) -> None:
    paths = list(photographs.paths)
    paths[BROKEN] = picture(tmp_path / "05.png", 5)
    (mended,) = capture(model, ImageSet("m", tmp_path, photographs.ids, tuple(paths)), [np.arange(12)])
    (broken,) = capture(model, photographs, [np.arange(12)])
    others = np.delete(np.arange(12), BROKEN)
    assert not mended.failed
    assert all(np.array_equal(mended.arrays[k][others], broken.arrays[k][others]) for k in model.arrays)


def test_ten_crops_keep_their_own_rows(model: Model, photographs: ImageSet) -> None:
    (captured,) = capture(model, photographs, [np.arange(3)], preprocess="tencrop")
    assert captured.arrays["y8"].shape == (3, 10, 200)
    crops = model.forward(model.transform("tencrop")(photographs.open(1)))
    assert np.allclose(captured.arrays["y8"][1], crops["y8"], atol=1e-4)


def test_progress_counts_images_and_cancel_is_asked_between_batches(model: Model, photographs: ImageSet) -> None:
    seen: list[tuple[int, int]] = []
    list(capture(model, photographs, [np.arange(9), np.arange(2)], progress=lambda *x: seen.append(x)))
    assert seen == [(4, 11), (8, 11), (9, 11), (11, 11)]
    seen.clear()
    with pytest.raises(Cancelled):
        list(
            capture(
                model,
                photographs,
                [np.arange(12)],
                progress=lambda *x: seen.append(x),
                cancel=lambda: bool(seen),
            )
        )
    assert seen == [(4, 12)]


def test_decoding_is_bounded_and_ends_with_the_work(model: Model, photographs: ImageSet) -> None:
    class Counting:
        opened = 0

        def open(self, i: int) -> Image.Image:
            self.opened += 1
            return photographs.open(0)

    images = Counting()
    running = capture(model, images, [np.arange(4)] * 50)
    next(running)
    assert images.opened <= (compute._AHEAD + 1) * 4
    running.close()
    assert not [t for t in threading.enumerate() if t.name.startswith("decode")]


@pytest.mark.parametrize("of_the_decoder", [True, False])
def test_a_picture_without_enough_memory_is_left_out_and_the_others_go_on(
    model: Model, photographs: ImageSet, of_the_decoder: bool
) -> None:
    class Full:
        def open(self, i: int) -> Image.Image:
            if i != 1:
                return photographs.open(0)
            if of_the_decoder:
                raise DatasetError("The picture needs more memory than there is.") from MemoryError()
            raise MemoryError

    (captured,) = capture(model, Full(), [np.arange(3)])
    assert captured.failed == {1: "The picture needs more memory than there is."}
    assert np.isfinite(captured.arrays["y8"][[0, 2]]).all()


def test_an_unknown_preprocessing_is_refused_at_once(model: Model, photographs: ImageSet) -> None:
    with pytest.raises(ChoiceError, match="no preprocessing"):
        next(capture(model, photographs, [np.arange(2)], preprocess="zoom"))


@pytest.mark.parametrize("fits", [3, 1, 0])
def test_a_full_gpu_halves_the_batch_and_then_leaves_it_to_the_processor(
    model: Model, photographs: ImageSet, whole: compute.Captured, fits: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[tuple[str, int]] = []

    def run(runner: compute._Runner, batch: torch.Tensor) -> dict[str, np.ndarray]:
        sizes.append((runner.model.device.type, len(batch)))
        if runner.model.device.type == "cuda" and len(batch) > fits:
            raise torch.OutOfMemoryError("full")
        return {name: rows.numpy() for name, rows in runner.model.forward(batch).items()}

    monkeypatch.setattr(compute._Runner, "_run", run)
    (captured,) = capture(replace(model, device=torch.device("cuda")), photographs, [np.arange(12)])
    assert all(np.allclose(captured.arrays[k], whole.arrays[k], atol=1e-4, equal_nan=True) for k in model.arrays)
    assert sizes[-1] == {3: ("cuda", 2), 1: ("cuda", 1), 0: ("cpu", 4)}[fits]


def test_tf32_is_allowed_around_the_work_only() -> None:
    switches = (torch.backends.cuda.matmul, torch.backends.cudnn)
    before = [switch.allow_tf32 for switch in switches]
    for wanted in (True, False):
        with compute.precision(wanted):
            assert [switch.allow_tf32 for switch in switches] == [wanted, wanted]
        assert [switch.allow_tf32 for switch in switches] == before
    with pytest.raises(ZeroDivisionError), compute.precision(not before[0]):
        raise ZeroDivisionError
    assert [switch.allow_tf32 for switch in switches] == before


@pytest.fixture
def head() -> Head:
    """Three layers, 4 - 6 - 5 - 3, in float64."""
    torch.manual_seed(0)
    weights = tuple(torch.randn(i, o, dtype=torch.float64) for i, o in ((4, 6), (6, 5), (5, 3)))
    return Head(weights, (None, None, None), ("relu", "hardswish"), first=6)


def outputs(head: Head, n: int, crops: int) -> dict[str, np.ndarray]:
    x = torch.randn(n * crops, 4, dtype=torch.float64)
    return {name: y.unflatten(0, (n, crops)).numpy() for name, y in heads.forward(head, x).items()}


def by_autograd(head: Head, arrays: dict, temperature: float, g: Callable[[int], torch.Tensor | None]) -> dict:
    """Differentiate E of each crop of each image by autograd with respect to every y, and average over crops."""
    rows: dict[str, list] = {"dy6": [], "dy7": [], "dy8": []}
    for i, crops in enumerate(arrays["x5"]):
        each = []
        for x in crops:
            y6 = (torch.from_numpy(x) @ head.weights[0]).requires_grad_()
            y7 = torch.relu(y6) @ head.weights[1]
            y8 = torch.nn.functional.hardswish(y7) @ head.weights[2]
            each.append(torch.autograd.grad(energy(y8, temperature, g(i)), (y6, y7, y8)))
        for name, gradients in zip(rows, zip(*each, strict=True), strict=True):
            rows[name].append(torch.stack(gradients).mean(dim=0).numpy())
    return {name: np.stack(value) for name, value in rows.items()}


@pytest.mark.parametrize("crops", [1, 3])
@pytest.mark.parametrize("temperature", [1.0, 8.0])
def test_gradients_are_autograds(head: Head, temperature: float, crops: int) -> None:
    arrays = outputs(head, 4, crops)
    vector = np.array([0.2, 0.5, 0.3])
    rows = np.eye(3)[[0, 1, 2, 1]]
    for g, of in (
        (None, lambda i: None),
        (vector, lambda i: torch.from_numpy(vector)),
        (rows, lambda i: torch.from_numpy(rows[i])),
    ):
        found, truth = backward(head, arrays, temperature=temperature, g=g), by_autograd(head, arrays, temperature, of)
        assert list(found) == list(truth)
        assert all(np.allclose(found[name], truth[name], rtol=1e-10, atol=1e-14) for name in truth)


def test_gradients_in_blocks_are_the_same(head: Head, monkeypatch: pytest.MonkeyPatch) -> None:
    arrays, g = outputs(head, 7, 2), np.eye(3)[[0, 1, 2, 0, 1, 2, 0]]
    at_once = backward(head, arrays, g=g)
    monkeypatch.setattr(compute, "_ROWS", 4)
    assert all(np.allclose(rows, at_once[name]) for name, rows in backward(head, arrays, g=g).items())


def test_rows_without_features_stay_nan_and_no_rows_stay_none(head: Head) -> None:
    arrays = outputs(head, 3, 1)
    for rows in arrays.values():
        rows[1] = np.nan
    for g in (None, np.eye(3)):
        for rows in backward(head, arrays, g=g).values():
            assert np.isnan(rows).any(axis=1).tolist() == [False, True, False]
    none = backward(head, {name: rows[:0] for name, rows in arrays.items()})
    assert {name: rows.shape for name, rows in none.items()} == {"dy6": (0, 6), "dy7": (0, 5), "dy8": (0, 3)}


@pytest.mark.parametrize(
    "g", [np.ones(3), np.ones(4) / 4, np.array([2.0, -1, 0]), np.full((2, 3), 1 / 3), np.full(3, np.nan)]
)
def test_what_is_no_pseudo_label_is_refused(head: Head, g: np.ndarray) -> None:
    with pytest.raises(ChoiceError):
        backward(head, outputs(head, 4, 1), g=g)


@pytest.mark.parametrize("temperature", [0.0, -1.0, np.nan, -np.inf, 1e-310])
def test_an_impossible_temperature_is_refused(head: Head, temperature: float) -> None:
    arrays = outputs(head, 1, 1)
    with pytest.raises(ChoiceError, match="The temperature must be"):
        backward(head, arrays, temperature=temperature)
    with pytest.raises(ChoiceError, match="The temperature must be"):
        vector("x8", arrays, head, temperature)


def test_forward_features_are_averages_over_crops_of_what_is_applied_to_each(head: Head) -> None:
    arrays = outputs(head, 4, 3)
    softmax = np.exp(arrays["y8"] / 2) / np.exp(arrays["y8"] / 2).sum(axis=2, keepdims=True)
    for name, truth in (
        ("x5", arrays["x5"]),
        ("y6", arrays["y6"]),
        ("x6", np.maximum(arrays["y6"], 0)),
        ("x7", arrays["y7"] * np.clip(arrays["y7"] + 3, 0, 6) / 6),
        ("x8", softmax),
    ):
        assert np.allclose(vector(name, arrays, head, temperature=2.0), truth.mean(axis=1), rtol=1e-12)


def test_features_that_are_not_there_are_refused(head: Head) -> None:
    for name, reason in (
        ("x4", "no 'x4' here"),
        ("dy6", "no 'dy6' here"),
        ("no7letter7", "not one of"),
        ("x", "not one of"),
    ):
        with pytest.raises(ChoiceError, match=reason):
            vector(name, outputs(head, 1, 1), head)


def test_float32_stays_float32(whole: compute.Captured, model: Model) -> None:
    assert all(rows.dtype == np.float32 for rows in backward(model.head, whole.arrays).values())
    assert all(vector(name, whole.arrays, model.head).dtype == np.float32 for name in ("x5", "x7", "y8", "x8"))


@pytest.mark.parametrize("letter", REPRESENTATIONS)
@pytest.mark.parametrize("crops", [1, 3])
def test_every_letter_follows_its_slow_definition(head: Head, letter: str, crops: int) -> None:
    assert letter in ORACLES, f"REPRESENTATIONS has {letter!r}: give tests/reference.py its slow definition in ORACLES"
    functions = [torch.relu, torch.nn.functional.hardswish]
    arrays = outputs(head, 4, crops)
    names = [name for name in Offer.of_layers("net", (6, 7, 8)).singles if symbol(name).letter == letter]
    assert names
    found: dict[float, list[np.ndarray]] = {}
    for temperature in (1.0, 4.0):
        kept = arrays | backward(head, arrays, temperature=temperature)
        passes = [
            [crop(torch.from_numpy(x), head.weights, functions, 6, temperature) for x in image]
            for image in arrays["x5"]
        ]
        found[temperature] = []
        for name in names:
            k = symbol(name).k
            slow = np.array(
                [torch.stack([ORACLES[letter](one, k).detach() for one in image]).mean(0).numpy() for image in passes]
            )
            parsed = parse(name)
            rows = {needed: vector(needed, kept, head, temperature) for needed in parsed.needs}
            if not isinstance(REPRESENTATIONS[letter], Product):
                assert np.allclose(rows[name], slow, rtol=1e-10, atol=1e-14), name
                found[temperature].append(slow)
            elif crops == 1:  # of several crops a product is that of two means, which is not the mean gradient
                assert np.allclose(kernel(parsed, rows, normalise="none").K, slow @ slow.T, rtol=1e-10), name
    for name, cold, warm in zip(names, *found.values(), strict=False):
        assert tempered(name, 8) == (not np.allclose(cold, warm)), f"{name}: does it depend on the temperature?"
