"""The verbs on 160 real photographs, against plain scikit-learn and definitions."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given as hypothesis_given
from hypothesis import settings
from hypothesis import strategies as st
from sklearn.preprocessing import KernelCenterer
from sklearn.svm import SVC

from gradviz import export, svm
from gradviz.datasets import ImageSet, find
from gradviz.errors import Cancelled, ChoiceError
from gradviz.experiment import Experiment, Spec
from gradviz.metrics import average_precision
from gradviz.spec import TEMPERATURE_GRID
from gradviz.svm import C_GRID, FOLDS, _folds, cross_validate
from tests import reference_kernels as reference


@pytest.fixture(scope="module")
def images(photographs):
    return find(photographs)


@pytest.fixture(scope="module")
def lab(images, kept):
    return Experiment(images, Spec(temperature=8), home=kept, device="cpu")


@pytest.fixture(scope="module")
def own(snapshots, kept):
    return Experiment(find(snapshots), Spec(temperature=8), home=kept, device="cpu")


def with_spec(lab: Experiment, **changes) -> Experiment:
    return replace(lab, spec=replace(lab.spec, **changes))


def unit(x: np.ndarray) -> np.ndarray:
    return x.astype(np.float64) / np.linalg.norm(x, axis=1, keepdims=True)


def product(lab: Experiment, forward: str, backward: str, a: str, b: str, scale=unit) -> np.ndarray:
    """Multiply the two factors' kernels between two splits."""
    rows, cols = lab.features((forward, backward), a), lab.features((forward, backward), b)
    factors = [scale(rows.arrays[name]) @ scale(cols.arrays[name]).T for name in (forward, backward)]
    return factors[0] * factors[1]


def plain_scores(K_train, K_test, labels, C=1.0) -> dict[int, np.ndarray]:
    """Train scikit-learn's machine for each class that can be trained, without its difficult images."""
    found = {}
    for c in range(labels.shape[1]):
        used = np.flatnonzero(labels[:, c])
        if len(set(labels[used, c])) == 2:
            machine = SVC(kernel="precomputed", C=C).fit(K_train[np.ix_(used, used)], labels[used, c])
            found[c] = machine.decision_function(K_test[:, used])
    return found


def steps_of(verb, **choices):
    steps = []
    verb(**choices, progress=lambda done, total: steps.append(done / total))
    return steps


# evaluate


def test_scores_equal_scikit_learns_own_loop(lab, images):
    found = lab.evaluate("dW6", train="train", test="val")
    K_train = product(lab, "x5", "dy6", "train", "train")
    K_test = product(lab, "x5", "dy6", "val", "train")
    expected = plain_scores(K_train, K_test, found.train.labels)
    assert len(expected) >= 15
    precisions = {}
    for c, scores in expected.items():
        assert np.allclose(found.scores[:, c], scores, atol=1e-4)
    for c, name in enumerate(images.classes):
        hits = reference.groups(found.scores[:, c], found.test.labels[:, c])
        precisions[name] = 100 * reference.eleven_point(hits) if c in expected and any(map(any, hits)) else None
    assert found.per_class == pytest.approx(precisions)
    assert found.mean_ap == pytest.approx(np.mean([p for p in precisions.values() if p is not None]))
    assert (len(found.train.ids), len(found.test.ids), found.ap, found.temperature) == (100, 60, "eleven_point", 8)
    assert set(found.C.values()) == {1.0}
    assert list(found.seconds) == ["features", "kernel", "svm"]


def test_concatenations_centring_raw_kernels_and_c(lab):
    labels = lab.features(("x6",), "train").labels
    K = {}
    for test in ("train", "val"):
        parts = []
        for name in ("x6", "x7"):
            a, b = (lab.features((name,), split).arrays[name] for split in (test, "train"))
            parts.append(unit(a) @ unit(b).T)
        K[test] = sum(parts) / 2
    centerer = KernelCenterer().fit(K["train"])
    expected = plain_scores(centerer.transform(K["train"]), centerer.transform(K["val"]), labels, C=10)
    found = with_spec(lab, centre=True).evaluate("x6;x7", train="train", test="val", C=10)
    for c, scores in expected.items():
        assert np.allclose(found.scores[:, c], scores, atol=1e-3)
    raw = with_spec(lab, normalise="none").evaluate("dW8", train="train", test="val", C=1e-3)
    kernels = [product(lab, "x7", "dy8", split, "train", scale=np.float64) for split in ("train", "val")]
    for c, scores in plain_scores(*kernels, labels, C=1e-3).items():
        assert np.allclose(raw.scores[:, c], scores, atol=1e-3 * np.abs(scores).max())


def test_classes_that_cannot_be_scored_are_named_and_left_out_of_the_mean(lab, images):
    found = with_spec(lab, images=5).evaluate("x6", train="train", test="val")
    expected = {}
    for c, name in enumerate(images.classes):
        for labels, part in ((found.train.labels, "training"), (found.test.labels, "test")):
            for sign, kind in ((-1, "negative"), (1, "positive")):
                if not (labels[:, c] == sign).any() and "training" not in expected.get(name, ""):
                    expected[name] = f"no {kind} {part} image"
    assert found.left_out == expected
    assert {name for name, p in found.per_class.items() if p is None} == set(expected)
    assert 0 < len(expected) < 20
    for why in set(expected.values()):
        names = ", ".join(name for name in images.classes if expected.get(name) == why)
        assert f"{why[0].upper()}{why[1:]}, so left out of the mean: {names}." in found.notes
    assert found.mean_ap == pytest.approx(np.mean([p for p in found.per_class.values() if p is not None]))


def given(x, labels, ids=None, test=None) -> ImageSet:
    """Make a data set of vectors; the second half, or `test`, is tested on."""
    n = len(x)
    test = np.arange(n // 2, n) if test is None else test
    return ImageSet(
        name="given",
        root=None,
        ids=tuple(ids or map(str, range(n))),
        classes=tuple("abcd"[: labels.shape[1]]),
        labels=labels,
        splits={"train": np.setdiff1d(np.arange(n), test), "test": test},
        features={"x5": x},
    )


@settings(max_examples=25)
@hypothesis_given(st.integers(0, 10_000), st.booleans(), st.sampled_from(["l2", "none", "centred"]))
def test_rows_in_another_order_give_the_same_figures(seed, few_values, normalise):
    rng = np.random.default_rng(seed)
    n = 24
    x = rng.integers(0, 3, (n, 4)) if few_values else rng.standard_normal((n, 4))  # few values: many equal scores
    labels = rng.choice([1, 0, -1], (n, 3), p=[0.3, 0.1, 0.6])
    ids, order = [f"image {i}" for i in range(n)], rng.permutation(n)
    test = rng.permutation(n)[:10]
    there = np.flatnonzero(np.isin(order, test))
    sets = given(x, labels, ids, test), given(x[order], labels[order], [ids[i] for i in order], there)
    for C in (1.0, "cv"):
        a, b = (
            Experiment(one, Spec(normalise=normalise)).evaluate("x5", train="train", test="test", C=C) for one in sets
        )
        assert (a.per_class, a.left_out, a.C) == (b.per_class, b.left_out, b.C)
        assert dict(zip(a.test.ids, a.scores.tolist(), strict=True)) == dict(
            zip(b.test.ids, b.scores.tolist(), strict=True)
        )


@pytest.mark.parametrize("first", ["positive", "negative"])
def test_a_class_without_a_training_image_is_never_perfect_because_of_the_order(first):
    rng = np.random.default_rng(0)
    labels = np.where(np.arange(40)[:, None] % 2 == (first == "negative"), 1, -1) * np.ones((40, 3), int)
    labels[:20, 1] = -1
    labels[:20, 2] = 1
    labels[20:, 1:] = np.where(np.arange(20)[:, None] < 10, 1, -1) * (1 if first == "positive" else -1)
    for normalise in ("l2", "centred"):
        lab = Experiment(given(rng.standard_normal((40, 5)), labels), Spec(normalise=normalise))
        found = lab.evaluate("x5", train="train", test="test")
        assert found.left_out == {"b": "no positive training image", "c": "no negative training image"}
        assert found.mean_ap == found.per_class["a"]


@pytest.mark.parametrize("normalise", ["l2", "none", "centred"])
@pytest.mark.parametrize("d", [1, 3, 4096])
def test_vectors_that_are_all_the_same_have_no_score(normalise, d):
    labels = np.where(np.arange(400)[:, None] % 3 == np.arange(3), 1, -1)
    same = np.tile(np.random.default_rng(0).random(d).astype(np.float32), (400, 1))
    found = Experiment(given(same, labels), Spec(normalise=normalise)).evaluate("x5", train="train", test="test")
    assert found.left_out == dict.fromkeys("abc", "the same score for every test image")
    assert np.isnan(found.mean_ap)
    assert found.notes[-1] == "The same score for every test image, so left out of the mean: a, b, c."


@pytest.mark.parametrize("normalise", ["l2", "centred"])
def test_what_is_joined_is_scored_as_vectors_side_by_side_of_length_1(lab, normalise):
    names = ("x6", "x7")
    rows, cols = lab.features(names, lab._by_id("train")), lab.features(names, lab._by_id("val"))
    parts = [{name: unit(one.arrays[name]) for name in names} for one in (rows, cols)]
    if normalise == "centred":
        parts = [reference.centred(one.arrays, rows.arrays) for one in (rows, cols)]
    train, test = (unit(np.hstack([part[name] for name in names])) for part in parts)
    expected = plain_scores(train @ train.T, test @ train.T, rows.labels)
    found = with_spec(lab, normalise=normalise).evaluate("x6+x7", train="train", test="val")
    order = [found.test.ids.index(one) for one in cols.ids]
    for c, scores in expected.items():
        assert np.allclose(found.scores[order, c], scores, atol=2e-3)
        ap = average_precision(scores, cols.labels[:, c], found.ap)
        assert found.per_class[lab.images.classes[c]] in (None, pytest.approx(100 * ap, abs=0.01))


def test_factors_are_centred_by_the_mean_of_the_training_images(lab):
    names = ("x5", "dy6")
    rows, cols = (lab.features(names, split) for split in ("train", "val"))
    train, test = (reference.centred(one.arrays, rows.arrays) for one in (rows, cols))
    kernels = [(one["x5"] @ train["x5"].T) * (one["dy6"] @ train["dy6"].T) for one in (train, test)]
    centred = with_spec(lab, normalise="centred")
    found = centred.evaluate("dW6", train="train", test="val")
    for c, scores in plain_scores(*kernels, rows.labels).items():
        assert np.allclose(found.scores[:, c], scores, atol=1e-3)
    assert found.mean_ap != lab.evaluate("dW6", train="train", test="val").mean_ap
    assert np.allclose(centred.kernel("dW6", "train").K, kernels[0], atol=1e-5)
    asked = cols.ids[3]
    near = centred.neighbours("dW6", asked, "train", top=100)
    assert [n.value for n in near] == pytest.approx(sorted(kernels[1][3], reverse=True), abs=1e-5)
    shown = (rows.labels == 1).astype(float)
    measured = centred.align(("dW6",), "train").with_labels[0]
    assert measured == pytest.approx(reference.alignment(kernels[0], shown @ shown.T), abs=1e-5)


def test_nothing_of_the_test_images_reaches_the_training(lab, own):
    """The mean is that of the training split: other test images leave the scores of the rest as they are."""
    centred = with_spec(lab, normalise="centred")
    found = centred.evaluate("x6", train="train", test="val")
    few = replace(centred.images, splits={**centred.images.splits, "few": centred.images.splits["val"][:7]})
    alone = replace(centred, images=few).evaluate("x6", train="train", test="few")
    assert np.allclose(alone.scores, found.scores[:7], atol=1e-6)
    seen = centred.classify("x6", own, train="train")
    rows = [found.test.ids.index(Path(name).stem) for name in seen.rows.ids]
    assert np.allclose(seen.scores, found.scores[rows], atol=1e-3)


@pytest.mark.parametrize("C", [0, -1, float("nan"), float("inf"), "cross", True])
def test_an_impossible_penalty_is_refused_before_any_work(C, images, tmp_path):
    lab = Experiment(images, home=tmp_path)
    with pytest.raises(ChoiceError, match=r"The C must be a positive number"):
        lab.evaluate("x6", train="train", test="val", C=C)
    with pytest.raises(ChoiceError, match=r"no ap 'voc': choose eleven_point, area, sklearn"):
        lab.evaluate("x6", train="train", test="val", ap="voc")
    assert not list(tmp_path.iterdir())


def test_an_empty_split_is_one_sentence(images, tmp_path):
    sets = (replace(images, splits={**images.splits, "none": []}), given(np.eye(4), np.ones((4, 1)), test=np.array([])))
    for one, empty in zip(sets, ("none", "test"), strict=True):
        lab, name = Experiment(one, home=tmp_path), "x5"
        says = f"The split {empty} of {one.name} has no image: choose another one"
        for verb in (
            lambda: lab.evaluate(name, train="train", test=empty),  # noqa: B023
            lambda: lab.evaluate(name, train=empty, test="train"),  # noqa: B023
            lambda: lab.layers(train="train", test=empty),  # noqa: B023
            lambda: lab.kernel(name, empty),  # noqa: B023
            lambda: lab.embed(name, empty),  # noqa: B023
            lambda: lab.align((name,), empty),  # noqa: B023
            lambda: lab.neighbours(name, one.ids[0], empty),  # noqa: B023
        ):
            with pytest.raises(ChoiceError, match=says):
                verb()
    assert not list(tmp_path.iterdir()), "nothing is computed before it is said"


def test_places_may_be_text(photographs, tmp_path):
    lab = Experiment(str(photographs), Spec(images=4), home=str(tmp_path / "home"), store=str(tmp_path / "store"))
    assert lab.kernel("x6").K.shape == (4, 4)
    assert list((tmp_path / "store").iterdir())


def test_classes_that_could_not_be_learnt_are_named_to_who_brings_photographs(lab, own, images):
    found = with_spec(lab, images=5).classify("x6", own, train="train")
    labels = with_spec(lab, images=5).features(("x6",), "train").labels
    without = [name for name, y in zip(images.classes, labels.T, strict=True) if not (y == 1).any()]
    says = f"No positive training image, so the same score for every photograph: {', '.join(without)}."
    assert says in found.notes
    assert (found.scores[:, images.classes.index(without[0])] == -1).all()


def test_images_bounds_both_splits(lab):
    found = with_spec(lab, images=40).evaluate("x6", train="train", test="val", ap="area")
    assert (len(found.train.ids), len(found.test.ids), found.ap) == (40, 40, "area")
    assert set(found.train.ids) <= set(lab.features(("x6",), "train").ids)


def test_temperature_and_c_are_chosen_on_the_training_split_alone(lab, images, tmp_path):
    few = replace(images, classes=images.classes[13:16], labels=images.labels[:, 13:16])
    lab = replace(lab, images=few, home=tmp_path)
    choosing = with_spec(lab, temperature="cv")
    found = choosing.evaluate("dW8", train="train", test="val", C="cv", ap="area")
    labels = np.array(few.labels)
    val = few.splits["val"]
    labels[val] = labels[np.random.default_rng(0).permutation(val)]
    permuted = replace(choosing, images=replace(few, labels=labels))
    again = permuted.evaluate("dW8", train="train", test="val", C="cv", ap="area")
    assert again.mean_ap != found.mean_ap
    assert (again.temperature, again.C) == (found.temperature, found.C)
    assert np.array_equal(again.scores, found.scores)
    assert set(found.C.values()) <= set(C_GRID)
    assert len(set(found.C.values())) > 1
    measured = [
        cross_validate(
            product(with_spec(lab, temperature=t), "x7", "dy8", "train", "train"), found.train.labels, C="cv", ap="area"
        )
        for t in TEMPERATURE_GRID
    ]
    assert found.temperature == TEMPERATURE_GRID[int(np.argmax(measured))]
    assert found.about["temperature"] == "cv"
    assert list(found.seconds) == ["temperature", "features", "kernel", "svm"]


def product_of(vectors: dict[str, np.ndarray]) -> np.ndarray:
    return (vectors["x7"] @ vectors["x7"].T) * (vectors["dy8"] @ vectors["dy8"].T)


def grid_by_hand(rows, grid, normalise: str, ap: str) -> np.ndarray:
    """Cross-validate each class and C on dW8, the factors centred by the images that are not held out."""
    found = np.empty((rows.labels.shape[1], len(grid), FOLDS))
    for c, y in enumerate(rows.labels.T):
        folds = _folds(y, c)
        for fold in range(FOLDS):
            held, known, train = folds == fold, folds != fold, (folds != fold) & (y != 0)
            own = {name: unit(x) for name, x in rows.arrays.items()}
            if normalise == "centred":
                own = reference.centred(rows.arrays, {name: x[known] for name, x in rows.arrays.items()})
            K = product_of(own)
            for i, C in enumerate(grid):
                machine = SVC(kernel="precomputed", C=C).fit(K[np.ix_(train, train)], y[train])
                scores = machine.decision_function(K[np.ix_(held, train)])
                found[c, i, fold] = average_precision(scores, y[held], ap)
    return found.mean(axis=2)


def test_no_held_out_image_is_in_the_mean_that_c_is_chosen_with(images, kept, monkeypatch):
    few, asked = replace(images, classes=images.classes[13:16], labels=images.labels[:, 13:16]), []
    grid_ap = svm.grid_ap
    monkeypatch.setattr(svm, "grid_ap", lambda *given: asked.append(given[0]) or grid_ap(*given))
    lab = Experiment(few, Spec(normalise="centred", temperature=8), home=kept, device="cpu")
    found = lab.evaluate("dW8", train="train", test="val", C="cv", ap="area")
    lab.classify("dW8", lab, train="train", C="cv")
    train = np.array(sorted(few.select("train"), key=few.ids.__getitem__))
    rows = lab.features(("x7", "dy8"), train)
    expected = grid_by_hand(rows, C_GRID, "centred", "area")
    assert list(found.C.values()) == [C_GRID[i] for i in expected.argmax(axis=1)]
    known = _folds(rows.labels[:, 0], 0) != 1
    own = reference.centred(rows.arrays, {name: x[known] for name, x in rows.arrays.items()})
    for of_fold in asked:
        assert np.allclose(of_fold(known), product_of(own), atol=1e-12)


def test_the_temperature_of_centred_factors_is_chosen_on_centred_factors(kept):
    demo = find("demo")
    few = replace(demo, classes=demo.classes[14:17], labels=demo.labels[:, 14:17])
    chosen = {}
    for normalise in ("l2", "centred"):
        spec, measured = Spec(normalise=normalise, temperature="cv", images=100), []
        for temperature in TEMPERATURE_GRID:
            lab = Experiment(few, replace(spec, temperature=temperature), home=kept)
            rows = lab.features(("x7", "dy8"), "train")
            measured.append(np.mean(grid_by_hand(rows, [1.0], normalise, "area")))
        found = Experiment(few, spec, home=kept).evaluate("dW8", train="train", test="val")
        chosen[normalise] = found.temperature
        assert found.temperature == TEMPERATURE_GRID[int(np.argmax(measured))]
    assert chosen["l2"] != chosen["centred"]


def test_a_forward_feature_has_no_temperature_to_choose(lab):
    found = with_spec(lab, temperature="cv").evaluate("x6", train="train", test="val")
    assert found.temperature == 1
    assert found.mean_ap == lab.evaluate("x6", train="train", test="val").mean_ap


def test_a_temperature_is_found_where_nothing_can_be_held_out(lab):
    found = with_spec(lab, temperature="cv", images=1).evaluate("dW8", train="train", test="val", C="cv")
    assert found.temperature in TEMPERATURE_GRID


def test_images_that_were_trained_on_cannot_be_scored(lab):
    with pytest.raises(ChoiceError, match=r"train and all of few share 100 images: choose splits that do not overlap"):
        lab.evaluate("x6", train="train", test="all")
    with pytest.raises(ChoiceError, match="share 60 images"):
        lab.layers(train="val", test="val")
    with pytest.raises(ChoiceError, match=r"few has no split 'test'; it has all, train, val"):
        lab.evaluate("x6", train="train", test="test")


def test_without_labels_nothing_is_trained_or_scored(own, lab):
    for verb in (
        lambda: own.evaluate("x6", train="all", test="all"),
        lambda: own.layers(train="all", test="all"),
        lambda: own.classify("x6", lab, train="all"),
    ):
        with pytest.raises(ChoiceError, match="holidays has no labels, so nothing can be trained or scored on it"):
            verb()
    assert own.align(("x6", "x7")).with_labels is None
    assert with_spec(own, pseudo_label="predicted").kernel("dW8").K.shape == (6, 6)
    with pytest.raises(ChoiceError, match="holidays has no labels; choose the pseudo-label"):
        with_spec(own, pseudo_label="true").kernel("dW8")


# kernel, align, neighbours


def test_ten_crops_multiply_the_averages_of_the_factors(own):
    ten = with_spec(own, preprocess="tencrop")
    found = ten.features(("x7", "dy8"))
    expected = unit(found.arrays["x7"]) @ unit(found.arrays["x7"]).T
    expected *= unit(found.arrays["dy8"]) @ unit(found.arrays["dy8"]).T
    assert np.allclose(ten.kernel("dW8").K, expected, atol=1e-5)


def test_alignment_follows_its_definition(lab):
    found = lab.align(("x6", "dW7", "x6;x7"), "val")
    kernels = [lab.kernel(name, "val").K.astype(np.float64) for name in ("x6", "dW7", "x6+x7")]
    shown = (found.rows.labels == 1).astype(float)
    assert found.representations == ("x6", "dW7", "x6+x7")
    for i, K in enumerate(kernels):
        assert found.with_labels[i] == pytest.approx(reference.alignment(K, shown @ shown.T), abs=1e-6)
        for j, L in enumerate(kernels):
            assert found.between[i, j] == pytest.approx(reference.alignment(K, L), abs=1e-6)


def test_neighbours_are_the_largest_kernel_values(lab, images):
    found = lab.kernel("dW7", "train")
    asked = found.rows.ids[7]
    order = sorted((j for j in range(100) if j != 7), key=lambda j: (-found.K[7, j], j))[:5]
    near = lab.neighbours("dW7", asked, "train", top=5)
    assert [n.id for n in near] == [found.rows.ids[j] for j in order]
    assert [n.value for n in near] == pytest.approx(found.K[7, order], abs=1e-6)
    assert [n.labels for n in near] == [images.labels_of(images.source(n.id)) for n in near]
    from_val = lab.neighbours("dW7", images.ids[images.splits["val"][0]], "train", top=1000)
    assert len(from_val) == 100


def test_neighbours_under_a_centred_kernel(lab):
    asked = lab.images.ids[lab.images.splits["val"][0]]
    near = with_spec(lab, centre=True).neighbours("x6", asked, "train", top=100)
    both = lab.features(("x6",), [lab.images.source(asked), *lab.images.splits["train"]]).arrays["x6"]
    K = unit(both) @ unit(both).T
    expected = KernelCenterer().fit(K[1:, 1:]).transform(K[:1, 1:])[0]
    assert [n.value for n in near] == pytest.approx(sorted(expected, reverse=True), abs=1e-5)


def test_neighbours_of_somebodys_own_photograph(lab, own):
    name = own.images.ids[2]
    near = lab.neighbours("dW6", name, top=3, of=own)
    assert Path(name).stem == near[0].id
    assert near[0].value == pytest.approx(1, abs=1e-4)


def test_impossible_questions_are_explained(lab):
    with pytest.raises(ChoiceError, match="few has no image 'nobody'; its ids look like"):
        lab.neighbours("x6", "nobody")
    with pytest.raises(ChoiceError, match="number of images to list must be 1 or more"):
        lab.neighbours("x6", "nobody", top=0)
    with pytest.raises(ChoiceError, match="neighbours that UMAP holds together must be 2 or more, not 1"):
        lab.embed("x6", "val", neighbours=1)


# embed, classify, layers


def test_a_map_has_its_quality_with_it(lab):
    found = lab.embed("dW6", "val", neighbours=10)
    K = lab.kernel("dW6", "val").K
    nearest = reference.nearest(K, 10)
    assert (found.points.shape, found.rows.ids) == ((60, 2), lab.features(("x5",), "val").ids)
    assert found.purity == pytest.approx(reference.purity(nearest, found.rows.labels), abs=1e-6)
    assert 0.5 < found.trustworthiness <= 1
    assert found.purity > found.chance
    assert np.array_equal(lab.embed("dW6", "val", neighbours=10).points, found.points)
    assert not np.array_equal(with_spec(lab, seed=1).embed("dW6", "val", neighbours=10).points, found.points)


@pytest.mark.parametrize("choices", [{}, {"centre": True}, {"normalise": "centred"}])
def test_somebodys_own_photographs_stand_beside_their_likes(lab, own, choices):
    few = with_spec(lab, images=20, **choices)
    alone = few.embed("dW6", "val", neighbours=30)
    found = few.embed("dW6", "val", neighbours=30, others=own)
    assert found.points.shape == (26, 2)
    assert found.others.ids == own.images.ids
    assert found.purity == alone.purity
    at = dict(zip(found.rows.ids, found.points, strict=False))
    pairs = zip(own.images.ids, found.points[20:], strict=True)
    twins = [(at[Path(name).stem], point) for name, point in pairs if Path(name).stem in at]
    assert twins
    for a, b in twins:
        assert np.allclose(a, b, atol=1e-2 * np.ptp(found.points))


@pytest.mark.parametrize("choices", [{}, {"normalise": "none"}, {"normalise": "centred"}])
def test_somebodys_own_photographs_are_placed_on_a_map_that_stays(lab, own, choices):
    lab, own = with_spec(lab, **choices), with_spec(own, **choices)
    drawn = lab.embed("dW6", "val", neighbours=10)
    found = lab.place(drawn, own, "val")
    assert np.array_equal(found.points[:60], drawn.points)
    assert (found.others.ids, found.purity, found.trustworthiness) == (
        own.images.ids,
        drawn.purity,
        drawn.trustworthiness,
    )
    for name, point in zip(found.others.ids, found.points[60:], strict=True):
        near = lab.neighbours("dW6", name, "val", top=1, of=own)[0].id
        there = drawn.points[drawn.rows.ids.index(near)]
        if choices == {} and near == Path(name).stem:  # the same photograph is on the map already
            assert np.linalg.norm(point - there) < 0.35 * np.ptp(drawn.points)
    with pytest.raises(ChoiceError, match="does not show the images of this split"):
        lab.place(drawn, own, "train")


def test_a_map_draws_with_the_method_and_the_seed_that_are_asked_for(lab):
    drawn = {
        how: lab.embed("dW6", "val", neighbours=10, **how_asked)
        for how, how_asked in {
            "umap": {},
            "seed": {"seed": 5},
            "near": {"min_dist": 0.5},
            "tsne": {"method": "tsne", "perplexity": 10.0},
            "pca": {"method": "pca"},
        }.items()
    }
    assert len({found.points.tobytes() for found in drawn.values()}) == 5
    assert len({found.purity for found in drawn.values()}) == 1, "the purity is the kernel's"
    assert [drawn[how].about["seed"] for how in ("umap", "seed")] == [0, 5]
    assert np.array_equal(drawn["seed"].points, with_spec(lab, seed=5).embed("dW6", "val", neighbours=10).points)
    assert (drawn["tsne"].about["method"], drawn["tsne"].about["perplexity"]) == ("tsne", 10)
    assert "Too few images for t-SNE" in with_spec(lab, images=3).embed("x5", "val", method="tsne").notes[0]
    assert not with_spec(lab, images=3).embed("x5", "val", method="pca").notes


def test_classes_are_seen_in_somebodys_own_photographs(lab, own, images):
    scored = lab.evaluate("dW6", train="train", test="val")
    found = lab.classify("dW6", own, train="train")
    rows = [scored.test.ids.index(Path(name).stem) for name in found.rows.ids]
    assert found.classes == images.classes
    assert np.allclose(found.scores, scored.scores[rows], atol=1e-3)


def test_every_representation_is_scored(lab):
    few = with_spec(lab, images=30)
    rows = few.layers(train="train", test="val", ap="area")
    assert tuple(row.representation for row in rows) == few.offer.representations
    assert {row.temperature for row in rows if "d" in row.representation} == {few.spec.temperature}
    assert {row.temperature for row in rows if row.representation in ("x5", "x6", "y8", "x6+x7")} == {None}
    for row in rows:
        if row.representation in ("x5", "dW8", "x6+x7"):
            assert row.mean_ap == few.evaluate(row.representation, train="train", test="val", ap="area").mean_ap
            assert row.alignment == pytest.approx(few.align((row.representation,), "val").with_labels[0])
            nearest = reference.nearest(few.kernel(row.representation, "val").K, 10)
            assert row.purity == pytest.approx(reference.purity(nearest, few.features(("x5",), "val").labels))


def test_layers_of_a_single_test_image_have_no_purity(lab):
    one = with_spec(lab, images=1)
    rows = one.layers(train="train", test="val")
    assert {row.purity for row in rows} == {None}
    assert all(row["purity"] is None for row in export.layers_json(rows))


@pytest.mark.parametrize("name", ["dW7", "x6+x7"])
def test_centring_changes_nothing_but_kernels_and_neighbours(lab, own, name):
    centred = with_spec(lab, centre=True)
    ask = {"train": "train", "test": "val", "ap": "area"}
    assert centred.evaluate(name, **ask).per_class == lab.evaluate(name, **ask).per_class
    assert np.array_equal(
        centred.classify(name, own, train="train").scores, lab.classify(name, own, train="train").scores
    )
    assert np.array_equal(centred.align((name, "x5"), "val").between, lab.align((name, "x5"), "val").between)
    assert np.array_equal(centred.embed(name, "val", others=own).points, lab.embed(name, "val", others=own).points)
    assert not np.allclose(centred.kernel(name, "val").K, lab.kernel(name, "val").K)


# What was computed before


def test_features_from_a_file_give_the_same_kernel_and_scores(lab, tmp_path):
    path = tmp_path / "features.npz"
    about = lab.about()
    export.save(path, lambda file: export.features_npz(lab.features(("x5", "dy6", "x6")), about, file))
    read = Experiment(find(path), home=tmp_path / "home")
    assert read.offer.representations == ("x5", "dy6", "x6", "dW6")
    assert {name: len(rows) for name, rows in read.images.splits.items()} == {"train": 100, "val": 60}
    for name in ("dW6", "x5+x6"):
        assert np.array_equal(read.kernel(name).K, lab.kernel(name).K)
        scores = [one.evaluate(name, train="train", test="val", ap="area") for one in (read, lab)]
        assert scores[0].per_class == scores[1].per_class
        assert scores[0].mean_ap == scores[1].mean_ap
    with pytest.raises(ChoiceError, match="choose from x5, dy6, x6, dW6"):
        read.evaluate("x7", train="train", test="val")
    assert not (tmp_path / "home").exists()


def test_a_second_visit_opens_no_photograph(lab, photographs, tmp_path, images):
    root = tmp_path / "few"
    shutil.copytree(photographs, root)
    first = Experiment(find(root), lab.spec, home=tmp_path / "home").evaluate("dW7", train="train", test="val")
    unreadable = find(root)
    assert unreadable.digest
    shutil.rmtree(root / "JPEGImages")
    again = Experiment(unreadable, lab.spec, home=tmp_path / "home").evaluate("dW7", train="train", test="val")
    assert np.array_equal(first.scores, again.scores)


# Progress and cancel


def test_progress_never_steps_back_and_ends_at_the_end(lab):
    few = with_spec(lab, images=20)
    cv = with_spec(few, temperature="cv")
    for steps in (
        steps_of(few.evaluate, representation="dW6", train="train", test="val", C="cv"),
        steps_of(cv.evaluate, representation="dW6", train="train", test="val"),
        steps_of(few.kernel, representation="x6+x7", split="val"),
        steps_of(few.align, representations=("x6", "dW6"), split="val"),
        steps_of(few.embed, representation="x6", split="val", neighbours=30),
        steps_of(few.layers, train="train", test="val"),
    ):
        assert steps == sorted(steps)
        assert steps[-1] == 1


def test_every_verb_can_be_stopped(lab, own, tmp_path):
    fresh, stop = replace(lab, home=tmp_path), {"cancel": lambda: True}
    for verb in (
        lambda: fresh.evaluate("dW6", train="train", test="val", **stop),
        lambda: fresh.kernel("dW6", **stop),
        lambda: fresh.embed("dW6", **stop),
        lambda: fresh.align(("x6",), **stop),
        lambda: fresh.neighbours("x6", fresh.images.ids[0], **stop),
        lambda: fresh.layers(train="train", test="val", **stop),
        lambda: fresh.classify("x6", own, train="train", **stop),
    ):
        with pytest.raises(Cancelled):
            verb()


def test_an_empty_split_and_a_single_image_are_explained(tmp_path):
    path = tmp_path / "one.npz"
    labels, split = np.array([[1, -1], [-1, 1], [1, -1]]), np.array(["train", "train", "test"])
    np.savez(path, ids=np.array(list("abc")), fc7=np.eye(3), labels=labels, split=split)
    lab = Experiment(replace(find(path), splits={"train": np.arange(2), "test": np.array([2]), "val": np.arange(0)}))
    empty = r"^The split val of one has no image: choose another one\.$"
    for ask in (
        lambda: lab.evaluate("fc7", train="train", test="val"),
        lambda: lab.evaluate("fc7", train="val", test="test"),
        lambda: lab.layers(train="train", test="val"),
        lambda: lab.kernel("fc7", "val"),
        lambda: lab.embed("fc7", "val"),
    ):
        with pytest.raises(ChoiceError, match=empty) as refusal:
            ask()
        assert refusal.value.findings == lab.images.findings
    with pytest.raises(ChoiceError, match=r"^Kernels of one image cannot be compared: choose more images\.$"):
        lab.align(["fc7"], "test")
