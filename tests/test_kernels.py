import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.preprocessing import KernelCenterer

from gradviz import kernels
from gradviz.errors import Cancelled, ChoiceError, GradvizError
from gradviz.kernels import (
    BLOCK,
    CentredKernels,
    Kernel,
    ProductKernel,
    centre,
    diagonal,
    gram,
    kernel,
    normalise,
    unit_means,
)
from gradviz.representations import Offer, parse
from tests import reference_kernels as reference

NETWORK = Offer("tiny", ("x5", "dy6", "dW6", "x6", "dy7", "dW7"))
SIZES = {"x5": 7, "dy6": 4, "x6": 4, "dy7": 3}


TEXTS = ("x5", "dy6", "dW6", "x5+x6", "x5+dW7+dW6", "x5:x5:dy6", "x6:x6", "0.75dW6+0.25x6", "1x5+2x5:dy7+6dW7")


def vectors(n, seed=0, dtype=np.float64):
    rng = np.random.default_rng(seed)
    return {name: rng.standard_normal((n, d)).astype(dtype) for name, d in SIZES.items()}


def compute(text, *arguments, **options):
    return kernel(parse(text, NETWORK), *arguments, **options)


def relative_error(K, expected):
    scale = np.sqrt(np.outer(expected.diagonal(), expected.diagonal()))
    return np.abs((K - expected) / scale).max()


def test_the_product_kernel_by_hand():
    rows = {"x5": np.array([[3.0, 4], [1, 0]]), "dy6": np.array([[1.0, 1], [0, 2]])}
    raw = compute("dW6", rows, normalise="none")
    assert raw.K.tolist() == [[50, 6], [6, 4]]
    assert raw.K_fw.tolist() == [[25, 3], [3, 1]]
    assert raw.K_bw.tolist() == [[2, 2], [2, 4]]
    unit = compute("dW6", rows)
    np.testing.assert_allclose(unit.K, [[1, 0.6 * 0.5**0.5], [0.6 * 0.5**0.5, 1]])


@pytest.mark.parametrize(("dtype", "limit"), [(np.float64, 1e-10), (np.float32, 1e-6)])
def test_the_factors_kernel_is_the_trace_kernel_of_explicit_gradients(dtype, limit):
    rows = vectors(6, dtype=dtype)
    raw = compute("dW7", rows, normalise="none").K
    expected = reference.trace_kernel(rows["x6"].astype(float), rows["dy7"].astype(float))
    assert raw.dtype == dtype
    assert relative_error(raw, expected) < limit
    lengths = np.sqrt(expected.diagonal())
    assert relative_error(compute("dW7", rows).K, expected / np.outer(lengths, lengths)) < limit


@pytest.mark.parametrize("how", ["l2", "none", "centred"])
@pytest.mark.parametrize("text", TEXTS)
def test_the_diagonal_alone_is_that_of_the_kernel(text, how):
    rows = vectors(8)
    rows["x5"][3] = 0
    found = diagonal(parse(text, NETWORK), rows, normalise=how)
    np.testing.assert_allclose(found, compute(text, rows, normalise=how).K.diagonal(), atol=1e-12)


@given(st.integers(0, 10_000), st.integers(1, 6), st.integers(1, 5))
def test_normalised_entries_are_cosines(seed, n, m):
    rows, cols = vectors(n, seed), vectors(m, seed + 1)
    K = compute("x5", rows, cols).K
    expected = [[reference.cosine(a, b) for b in cols["x5"]] for a in rows["x5"]]
    np.testing.assert_allclose(K, expected, atol=1e-12)
    assert K.shape == (n, m)


@given(st.integers(0, 10_000), st.sampled_from(TEXTS))
def test_a_normalised_kernel_has_diagonal_one_is_symmetric_and_positive(seed, text):
    K = compute(text, vectors(8, seed, np.float32)).K
    assert (K == K.T).all()
    assert (K.diagonal() == 1).all()
    assert np.linalg.eigvalsh(K.astype(float)).min() > -1e-6
    assert np.abs(K).max() <= 1 + 1e-6


@pytest.mark.parametrize("options", [{}, {"normalise": "none"}])
@pytest.mark.parametrize("text", ["x5", "dW6", "dW6+x6"])
def test_a_set_with_itself_is_the_same_as_two_sets(text, options):
    rows = vectors(2 * BLOCK + 5, dtype=np.float32)
    once, twice = compute(text, rows, **options).K, compute(text, rows, dict(rows), **options).K
    assert relative_error(once, twice.astype(float)) < 1e-6
    assert (once == once.T).all()


def test_a_concatenation_is_the_mean_of_its_parts():
    rows, cols = vectors(4), vectors(3, seed=1)
    joined = compute("x5+dW7+x6", rows, cols)
    parts = [compute(text, rows, cols).K for text in ("x5", "dW7", "x6")]
    np.testing.assert_allclose(joined.K, sum(parts) / 3, atol=1e-14)
    assert type(joined) is Kernel


@pytest.mark.parametrize(("dtype", "limit"), [(np.float64, 1e-10), (np.float32, 1e-6)])
@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("x5:dy6", [(1, ["x5", "dy6"])]),
        ("x6:x6", [(1, ["x6", "x6"])]),
        ("dW6:x5", [(1, ["x5", "x5", "dy6"])]),
        ("dW6:dW7", [(1, ["x5", "dy6", "x6", "dy7"])]),
        ("x5+x6", [(1, ["x5"]), (1, ["x6"])]),
        ("0.75dW6+0.25x6", [(0.75, ["x5", "dy6"]), (0.25, ["x6"])]),
        ("1x5+2x6:x6+0.5dy7", [(1, ["x5"]), (2, ["x6", "x6"]), (0.5, ["dy7"])]),
    ],
)
def test_products_and_weighted_means_are_kernels_of_explicit_vectors(text, terms, dtype, limit):
    rows, cols = vectors(6, dtype=dtype), vectors(4, seed=1, dtype=dtype)
    expected = reference.explicit_kernel(terms, {name: x.astype(float) for name, x in rows.items()})
    assert relative_error(compute(text, rows).K, expected) < limit
    both = {name: np.concatenate([rows[name], cols[name]]).astype(float) for name in rows}
    expected = reference.explicit_kernel(terms, both)[:6, 6:]
    assert np.abs(compute(text, rows, cols).K - expected).max() < limit


@pytest.mark.parametrize(("dtype", "limit"), [(np.float64, 1e-10), (np.float32, 1e-5)])
@pytest.mark.parametrize("text", TEXTS)
def test_centred_factors_are_unit_vectors_less_the_training_mean_of_unit_length(text, dtype, limit):
    train, test = vectors(BLOCK + 9, dtype=dtype), vectors(5, seed=1, dtype=dtype)
    for x in (train, test):
        x["x5"] += 2  # what the vectors have in common
    means = unit_means(train, list(SIZES))
    own, between = reference.centred(train, train), reference.centred(test, train)
    together = {name: np.concatenate([own[name][:8], between[name]]) for name in SIZES}
    terms = [(part.weight, part.factors) for part in parse(text, NETWORK).parts]
    expected = reference.explicit_kernel(terms, together)
    few = {name: x[:8] for name, x in train.items()}
    assert np.abs(compute(text, few, normalise="centred", means=means).K - expected[:8, :8]).max() < limit
    asked = compute(text, test, few, normalise="centred", means=means).K
    assert np.abs(asked - expected[8:, :8]).max() < limit
    whole = compute(text, train, normalise="centred").K
    assert np.abs(whole[:8, :8] - expected[:8, :8]).max() < limit
    assert (whole.diagonal() == 1).all()
    assert (whole == whole.T).all()


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("text", TEXTS)
def test_the_mean_of_any_images_is_taken_away_from_the_kernel_of_all(text, dtype):
    rows, parsed = vectors(BLOCK + 9, dtype=dtype), parse(text, NETWORK)
    rows["x5"] += 2  # what the vectors have in common
    of = CentredKernels(parsed, rows)
    for chosen in (np.arange(BLOCK + 9) % 3 > 0, np.arange(BLOCK + 9) < 3, np.full(BLOCK + 9, True)):
        own = reference.centred(rows, {name: x[chosen] for name, x in rows.items()})
        few = {name: x[-8:] for name, x in own.items()}
        expected = reference.explicit_kernel([(part.weight, part.factors) for part in parsed.parts], few)
        found = of(chosen)
        assert np.abs(found[-8:, -8:] - expected).max() < 1e-10
        assert (found.diagonal() == 1).all()


@pytest.mark.parametrize("chosen", [[1, 1, 1, 0, 0], [1, 0, 0, 1, 0], [0, 1, 0, 0, 0], [0, 0, 0, 0, 1]])
def test_what_is_zero_or_equals_the_mean_of_some_images_is_as_in_their_kernel(chosen):
    x = np.array([[1, 2, 3], [0, 0, 0], [4, 3, 2], [2, 4, 6], [1, 0, 0]], np.float32)
    mask = np.array(chosen, bool)
    found = CentredKernels(parse("dy7", NETWORK), {"dy7": x})(mask)
    expected = compute("dy7", {"dy7": x}, normalise="centred", means=unit_means({"dy7": x[mask]}, ["dy7"]))
    assert np.allclose(found, expected.K, atol=1e-6)
    assert int((found == 0).all(axis=1).sum()) == expected.zero_rows


def test_vectors_of_failed_images_are_in_no_mean():
    with pytest.raises(GradvizError, match="dy7 of 1 of 2 images is not finite"):
        CentredKernels(parse("dy7", NETWORK), {"dy7": np.array([[1.0, 2, 3], [np.nan, 1, 1]])})


def test_the_products_of_unit_vectors_are_cancelled_between_two_slabs(monkeypatch):
    monkeypatch.setattr(kernels, "SLAB", 2)
    asked = iter([False, True])
    with pytest.raises(Cancelled):
        CentredKernels(parse("x5", NETWORK), vectors(3), cancel=lambda: next(asked))


def test_images_of_two_sets_are_never_centred_by_their_own_means():
    with pytest.raises(ValueError, match="give that of the training images"):
        compute("x5", vectors(3), vectors(4), normalise="centred")


@pytest.mark.parametrize(("apart", "nothing"), [(1e-7, True), (9e-7, True), (1.1e-6, False), (1e-5, False)])
def test_nothing_is_what_rounding_errors_leave(apart, nothing):
    """A vector may be as near to the mean as float32 can tell, and still point somewhere."""
    mean = np.array([1.0, 0, 0])
    x = np.array([[1, apart, 0], [0, 1, 0]])
    found = compute("dy7", {"dy7": x}, normalise="centred", means={"dy7": mean})
    assert found.zero_rows == nothing
    assert found.K[0, 0] == (not nothing)
    if not nothing:
        assert found.K[0, 1] == pytest.approx(np.sqrt(0.5), abs=1e-4)


def test_a_centred_vector_that_equals_the_mean_is_counted_and_similar_to_nothing():
    same = np.tile(np.array([[0.3, 0.4, 1.7]], np.float32), (4, 1))
    same[2] *= np.float32(1 / 3)
    found = compute("dy7", {"dy7": same}, normalise="centred")
    assert (found.zero_rows, (found.K == 0).all()) == (4, True)
    same[1] = 0
    found = compute("dy7", {"dy7": same}, normalise="centred")
    assert (found.zero_rows, found.K.diagonal().tolist()) == (1, [1, 0, 1, 1])
    assert (found.K[1] == 0).all()


def test_a_product_of_both_sides_keeps_the_kernel_of_each():
    rows = vectors(4)
    found = compute("x5:x5:dy6", rows)
    assert np.array_equal(found.K_fw, compute("x5:x5", rows).K)
    assert np.array_equal(found.K_bw, compute("dy6", rows).K)
    assert np.array_equal(found.K, found.K_fw * found.K_bw)
    assert type(compute("x5:x5", rows)) is Kernel


def test_a_vector_that_comes_twice_is_multiplied_once():
    seen = []
    compute("dW6+x5:x5+x5", vectors(3), progress=lambda done, total: seen.append((done, total)))
    assert seen == [(3, 6), (6, 6)]


def test_only_a_product_keeps_its_factors():
    rows = vectors(4)
    product = compute("dW6", rows)
    assert np.array_equal(product.K, product.K_fw * product.K_bw)
    assert np.array_equal(product.K_fw, compute("x5", rows).K)
    assert np.array_equal(product.K_bw, compute("dy6", rows).K)
    assert type(product) is ProductKernel
    assert type(compute("x5", rows)) is Kernel


@given(st.floats(1e-37, 1e37), st.integers(0, 100))
def test_the_scale_of_a_vector_does_not_matter_even_where_its_square_underflows(scale, seed):
    rows = vectors(3, seed, np.float32)
    scaled = rows | {"x5": (rows["x5"] * scale).astype(np.float32)}
    assert np.abs(compute("x5", rows).K - compute("x5", scaled).K).max() < 1e-5


def test_tiny_vectors_are_normalised_in_double_precision():
    unit = normalise(np.array([[3e-30, 4e-30], [3e-41, 0]], np.float32))
    np.testing.assert_allclose(unit, [[0.6, 0.8], [1, 0]], rtol=1e-6)
    assert unit.dtype == np.float32


def test_zero_vectors_stay_zero_and_are_counted_once_an_image():
    rows = vectors(5, dtype=np.float32)
    rows["x5"][1] = rows["dy6"][1] = rows["dy6"][4] = 0
    cols = vectors(3, seed=1, dtype=np.float32)
    cols["x5"][2] = 0
    own = compute("dW6", rows)
    assert (own.zero_rows, own.zero_cols) == (2, 2)
    assert (own.K[[1, 4]] == 0).all()
    assert own.K.diagonal().tolist() == [1, 0, 1, 1, 0]
    between = compute("dW6", rows, cols)
    assert (between.zero_rows, between.zero_cols) == (2, 1)
    assert (between.K[:, 2] == 0).all()
    assert np.isfinite(between.K).all()
    assert compute("dW6", rows, normalise="none").zero_rows == 2


@pytest.mark.parametrize("options", [{}, {"normalise": "none"}, {"normalise": "centred"}])
def test_vectors_of_failed_images_are_refused(options):
    rows = vectors(5)
    rows["x5"][2, 3] = np.nan
    with pytest.raises(GradvizError, match="x5 of 1 of 5 images is not finite"):
        compute("dW6", rows, **options)


@pytest.mark.parametrize("text", ["x5", "dW6", "x5+x6"])
def test_vectors_too_long_for_a_kernel_are_refused(text):
    rows = {name: x * np.float32(1e20) for name, x in vectors(4, dtype=np.float32).items()}
    with pytest.raises(GradvizError, match=r"too large for float32: normalise the vectors"):
        compute(text, rows, normalise="none")
    assert np.isfinite(compute(text, rows).K).all()


def test_an_unknown_normalisation_is_refused():
    with pytest.raises(ChoiceError, match="choose from l2, none, centred"):
        compute("x5", vectors(2), normalise="l1")


def test_what_was_given_is_not_changed_and_may_be_read_only():
    rows = vectors(4, dtype=np.float32)
    before = {name: x.copy() for name, x in rows.items()}
    for x in rows.values():
        x.flags.writeable = False
    compute("dW6+x6", rows)
    compute("x5", rows, normalise="none")
    assert all((rows[name] == before[name]).all() for name in rows)


def test_no_images_give_an_empty_kernel():
    assert compute("dW6", vectors(0)).K.shape == (0, 0)
    assert compute("dW6", vectors(3), vectors(0)).K.shape == (3, 0)


def test_progress_goes_through_all_factors_and_cancel_stops_between_blocks():
    n, seen = 2 * BLOCK + 1, []
    compute("dW6", vectors(n), progress=lambda done, total: seen.append((done, total)))
    assert seen == [(done, 2 * n) for done in (BLOCK, 2 * BLOCK, n, n + BLOCK, n + 2 * BLOCK, 2 * n)]
    asked = iter([False, True])
    with pytest.raises(Cancelled):
        compute("dW6", vectors(n), cancel=lambda: next(asked))


def test_float32_products_are_precise_enough_for_thousands_of_dimensions():
    rng = np.random.default_rng(0)
    x = rng.gamma(0.3, size=(40, 25_088)).astype(np.float32)
    wide = x.astype(np.float64)
    assert relative_error(gram(x), wide @ wide.T) < 1e-6


@pytest.mark.parametrize("n", [1, 6, BLOCK + 3])
def test_centring_is_kernel_centerers(n):
    a, b = vectors(n)["x5"], vectors(4, seed=1)["x5"]
    K, between = a @ a.T, b @ a.T
    centerer = KernelCenterer().fit(K)
    np.testing.assert_allclose(centre(K), centerer.transform(K.copy()), atol=1e-12)
    np.testing.assert_allclose(centre(between, K), centerer.transform(between.copy()), atol=1e-12)


def test_centring_moves_the_training_mean_to_the_origin():
    a, b = vectors(5)["x5"], vectors(3, seed=1)["x5"]
    np.testing.assert_allclose(centre(b @ a.T, a @ a.T), (b - a.mean(0)) @ (a - a.mean(0)).T, atol=1e-12)
    assert centre((a @ a.T).astype(np.float32)).dtype == np.float32
