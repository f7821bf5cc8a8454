"""Kernels of gradient features, computed from their factors.

The gradient of one image for layer k is an outer product, dE/dW_k = x_{k-1} (dE/dy_k)^T, so the trace kernel factors:

    K(A, B) = tr(dE/dW_k(A)^T dE/dW_k(B)) = (x_{k-1}(A) . x_{k-1}(B)) * (dE/dy_k(A) . dE/dy_k(B)) = K_fw * K_bw

and the outer product, tens of millions of numbers per image, is never formed. With both factors l2-normalised (the
default) K is the cosine of two gradients. Any product of vectors has the product of its factors' kernels, and a
concatenation the mean, weighted or plain, of its parts' kernels, so every normalised kernel has diagonal 1. In other
words: each part is normalised by itself (with "centred" in all three steps), then scaled by the root of its share of
the weights, and all are put side by side. Without the scale x6+x7 would have the diagonal 2, which is the same for an
SVM as twice the C.

Vectors of a layer have much in common, and a cosine is mostly about that. The normalisation "centred" takes it away
from each factor alike: u = x / |x|, v = u - m, v / |v|, where m is the mean of u over the training images (of the
selection where nothing is trained); in cross-validation the mean leaves out the images that are held out, see
`CentredKernels`. Centring the finished kernel instead (`centre`) moves its origin, which a heatmap
and a list of neighbours show, but no SVM with a bias, no centred alignment and no distance depends on.

Precision: norms in float64, products in the features' own precision. With float32 the relative error
|dK_ij| / sqrt(K_ii K_jj) stays under 1e-6.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from gradviz.callbacks import Cancel, Progress, never, silent, stop_if
from gradviz.errors import ChoiceError, GradvizError
from gradviz.representations import Part, Representation
from gradviz.words import counted

if TYPE_CHECKING:
    import torch

BLOCK = 256
"""Rows at a time: enough for the matrix product's full speed, few enough to waste little on the diagonal."""

SLAB = 2048
"""Columns of vectors that are float64 at a time."""

NOTHING = 1e-6
"""What is left of a unit vector that equals the mean but for rounding errors of float32 is shorter than this."""

Normalise = Literal["l2", "none", "centred"]
Vectors = Mapping[str, np.ndarray]
"""From the name of a factor to its vectors, (images, d) float32 or float64."""


@dataclass(frozen=True)
class Kernel:
    """Hold the kernel of n row images and m column images."""

    K: np.ndarray
    """(n, m) in the features' precision; exactly symmetric where rows and columns are the same images."""
    zero_rows: int
    """Row images with a factor that is all zero once normalised; it stays zero, and so do their kernel values."""
    zero_cols: int
    """The same among the column images."""


@dataclass(frozen=True)
class ProductKernel(Kernel):
    """Hold the kernel of a product of forward and backward vectors, such as dW6, with the kernels of its two sides.

    K is exactly K_fw * K_bw, so that a page can say "0.62 x 0.31 = 0.19". A product of forward vectors alone, such as
    x6:x6, has no such sides and is a plain Kernel.
    """

    K_fw: np.ndarray
    """(n, m), the kernel of the forward factor, or the product of their kernels."""
    K_bw: np.ndarray
    """(n, m), the same of the backward factors."""


def kernel(
    representation: Representation,
    rows: Vectors,
    cols: Vectors | None = None,
    *,
    normalise: str = "l2",
    means: Vectors | None = None,
    device: str = "cpu",
    progress: Progress = silent,
    cancel: Cancel = never,
) -> Kernel:
    """Compute the kernel of a representation between two sets of images, or within one (`cols` None: half the work).

    Parameters
    ----------
    representation
        What to compare; see `gradviz.representations.parse`.
    rows, cols
        From name to (n, d) and (m, d), at least the vectors in `representation.needs`. Normalised vectors are a copy,
        one vector at a time.
    normalise
        "l2": every vector has length 1; "centred": so has what is left of it once the mean is taken away; "none":
        vectors as they are.
    means
        For "centred", from name to the mean (d,) of unit vectors, as `unit_means` gives it for the training images; by
        default that of the rows, if there are no columns.
    device
        Where torch multiplies.
    progress, cancel
        Progress counts row images, once per vector; cancel is asked between blocks of rows.

    Returns
    -------
    Kernel
        A ProductKernel where the representation is one product of forward and backward vectors.

    Raises
    ------
    ChoiceError
        For an unknown normalisation.
    GradvizError
        For vectors that are not finite: an image that failed must be left out before. For vectors so long that their
        kernel is not finite.
    ValueError
        If vectors are to be centred between two sets of images, and nothing says by which mean.
    """
    if normalise not in get_args(Normalise):
        raise ChoiceError(f"No normalisation {normalise!r}; choose from {', '.join(get_args(Normalise))}.")
    needs = representation.needs
    if normalise != "centred":
        means = {}
    elif means is None:
        if cols is not None:
            raise ValueError("Vectors of two sets of images are centred by one mean: give that of the training images.")
        means = unit_means(rows, needs)
    n = len(rows[needs[0]])
    zero_rows = np.zeros(n, bool)
    zero_cols = zero_rows if cols is None else np.zeros(len(cols[needs[0]]), bool)
    kernels: dict[str, np.ndarray] = {}
    for name in needs:
        a, zero = _prepare(name, rows[name], normalise, means.get(name))
        zero_rows |= zero
        b = None
        if cols is not None:
            b, zero = _prepare(name, cols[name], normalise, means.get(name))
            zero_cols |= zero
        report = _from(len(kernels) * n, len(needs) * n, progress)
        kernels[name] = gram(a, b, device=device, progress=report, cancel=cancel)
        if b is None and normalise != "none":
            np.fill_diagonal(kernels[name], ~zero)
    zeros = {"zero_rows": int(zero_rows.sum()), "zero_cols": int(zero_cols.sum())}
    first, *others = representation.parts
    with np.errstate(over="ignore", invalid="ignore"):
        if others:
            found = Kernel(combined(representation, kernels), **zeros)
        elif first.of_kind("forward") and first.of_kind("backward"):
            K_fw, K_bw = _product(first.of_kind("forward"), kernels), _product(first.of_kind("backward"), kernels)
            found = ProductKernel(K_fw * K_bw, **zeros, K_fw=K_fw, K_bw=K_bw)
        else:
            found = Kernel(combined(representation, kernels), **zeros)
    if normalise == "none" and not np.isfinite(found.K).all():
        raise GradvizError(
            f"The kernel of {representation.name} is too large for {found.K.dtype}: normalise the vectors."
        )
    return found


class CentredKernels:
    """The kernel of centred vectors, for any choice of the images whose mean is taken away.

    Centring changes no products of vectors but by their sums: with G the products of the unit vectors u, r the means of
    its rows over the chosen images and c the mean of r over them,

        (u_i - m) . (u_j - m) = G_ij - r_i - r_j + c

    so that G is computed once, and a mean costs no more than a pass over it. G is float64: what is left of a vector
    near the mean is a small difference.

    Parameters
    ----------
    representation
        What to compare.
    rows
        From name to (n, d), at least the vectors in `representation.needs`.
    cancel
        Asked between slabs of the product.

    Raises
    ------
    GradvizError
        For vectors that are not finite.
    """

    def __init__(self, representation: Representation, rows: Vectors, *, cancel: Cancel = never) -> None:
        self._representation = representation
        self._products = {name: _unit_products(name, rows[name], cancel) for name in representation.needs}

    def __call__(self, chosen: np.ndarray) -> np.ndarray:
        """Compute the kernel with the mean of the chosen images.

        Parameters
        ----------
        chosen : ndarray of shape (n,), bool
            The images that the mean is taken over.

        Returns
        -------
        ndarray of shape (n, n), float64
            The kernel of all images.
        """
        n, factors = len(chosen), {}
        for name, G in self._products.items():
            r = G @ chosen / max(np.count_nonzero(chosen), 1)
            c = float(r @ chosen) / max(np.count_nonzero(chosen), 1)
            norms = np.sqrt(np.maximum(np.diagonal(G) - 2 * r + c, 0))
            seen = (norms > NOTHING) & (np.diagonal(G) > 0)
            factors[name] = G, r, c, np.divide(1, norms, out=np.zeros(n), where=seen)
        K = np.empty((n, n))
        for rows in _blocks(n):
            blocks = {}
            for name, (G, r, c, scale) in factors.items():
                block = G[rows] - r
                block -= (r[rows] - c)[:, None]
                block *= scale[rows, None]
                block *= scale
                block[np.arange(len(block)), np.arange(rows.start, rows.stop)] = scale[rows] > 0
                blocks[name] = block
            K[rows] = combined(self._representation, blocks)
        return K


def _unit_products(name: str, x: np.ndarray, cancel: Cancel) -> np.ndarray:
    """Multiply all rows of x (n, d), scaled to length 1, with each other in float64, some columns at a time."""
    norms, products = _norms(x), np.zeros((len(x), len(x)))
    _check_finite(name, norms)
    for columns in _blocks(x.shape[1], SLAB):
        stop_if(cancel)
        slab = np.divide(
            x[:, columns],
            norms[:, None],
            out=np.zeros((len(x), columns.stop - columns.start)),
            where=norms[:, None] != 0,
        )
        products += slab @ slab.T
    return products


def combined(representation: Representation, kernels: Mapping[str, np.ndarray]) -> np.ndarray:
    """Put the kernel of a representation together from those of its vectors.

    Parameters
    ----------
    representation
        What to compare.
    kernels
        From name to (n, m), at least the vectors in `representation.needs`.

    Returns
    -------
    ndarray of shape (n, m)
        To the last bit the kernel that `kernel` computes.
    """
    first, *others = representation.parts
    return _mean(representation.parts, kernels) if others else _product(first.factors, kernels)


def diagonal(
    representation: Representation, rows: Vectors, *, normalise: str = "l2", means: Vectors | None = None
) -> np.ndarray:
    """Compute each image's kernel with itself, without the n x n matrix.

    Parameters
    ----------
    representation, rows, normalise, means
        As for `kernel`.

    Returns
    -------
    ndarray of shape (n,)
        The diagonal of `kernel(...).K`, in the features' precision.
    """
    if normalise == "centred" and means is None:
        means = unit_means(rows, representation.needs)
    squares = {}
    for name in representation.needs:
        vectors, _ = _prepare(name, rows[name], normalise, (means or {}).get(name) if normalise == "centred" else None)
        squares[name] = np.einsum("ij,ij->i", vectors, vectors)
    first, *others = representation.parts
    return _mean(representation.parts, squares) if others else _product(first.factors, squares)


def _product(factors: Sequence[str], kernels: Mapping[str, np.ndarray]) -> np.ndarray:
    return reduce(np.multiply, [kernels[name] for name in factors])


def _mean(parts: Sequence[Part], kernels: Mapping[str, np.ndarray]) -> np.ndarray:
    """Compute the mean of the parts' kernels; whole weights keep a diagonal of ones exactly 1."""
    weighted = (_product(part.factors, kernels) * part.weight for part in parts)
    return reduce(np.add, weighted) / sum(part.weight for part in parts)


def normalise(x: np.ndarray) -> np.ndarray:
    """Scale each row of x (n, d) to l2 norm 1, a copy; an all-zero row stays zero.

    The norm is taken in float64, because the square of 1e-30 is zero in float32.
    """
    return _unit(x)[0]


def unit_means(vectors: Vectors, names: Sequence[str]) -> dict[str, np.ndarray]:
    """Compute the mean of each vector over the images once it has length 1: (d,) float64 from (n, d).

    Parameters
    ----------
    vectors
        Name -> (n, d).
    names
        Those whose means are wanted.

    Returns
    -------
    dict
        Name -> (d,).
    """
    found = {}
    for name in names:
        total = np.zeros(vectors[name].shape[1])
        for rows in _blocks(len(vectors[name])):
            # A vector that is not finite makes no mean of all others: it is `kernel` that refuses it, by its count.
            total += np.nan_to_num(normalise(vectors[name][rows].astype(np.float64))).sum(axis=0)
        found[name] = total / max(len(vectors[name]), 1)
    return found


def gram(
    a: np.ndarray,
    b: np.ndarray | None = None,
    *,
    device: str = "cpu",
    progress: Progress = silent,
    cancel: Cancel = never,
) -> np.ndarray:
    """Multiply all rows of a (n, d) with all rows of b (m, d): (n, m).

    With b None each pair of rows of a is multiplied once and mirrored, so the result is exactly symmetric and costs
    little more than half. The vectors are on `device` as a whole, the products come back block by block.

    Parameters
    ----------
    a : ndarray of shape (n, d)
        float64 stays so, all else is multiplied in float32.
    b : ndarray of shape (m, d) or None, default None
        In the precision of `a`; None for `a` itself.
    device : str, default "cpu"
        Where torch multiplies.
    progress, cancel : callable
        Progress counts rows of `a`; cancel is asked between blocks of rows.

    Returns
    -------
    ndarray of shape (n, m)
        float64 or float32, as it was multiplied.
    """
    import torch

    left = _tensor(a, device)
    right = left if b is None else _tensor(b, device)
    K = torch.empty((len(left), len(right)), dtype=left.dtype)
    for rows in _blocks(len(left)):
        stop_if(cancel)
        first = rows.start if b is None else 0
        K[rows, first:] = left[rows] @ right[first:].T
        if b is None:
            K[rows, rows] = K[rows, rows].triu() + K[rows, rows].triu(1).T
            K[rows.stop :, rows] = K[rows, rows.stop :].T
        progress(rows.stop, len(left))
    return K.numpy()


def centre(K: np.ndarray, train: np.ndarray | None = None) -> np.ndarray:
    """Move the origin to the mean of the training images, as scikit-learn's KernelCenterer does.

    Parameters
    ----------
    K : ndarray of shape (n, m)
        The kernel of n images with the m training images.
    train : ndarray of shape (m, m) or None, default None
        The training images' own kernel; None where it is K itself.

    Returns
    -------
    ndarray of shape (n, m)
        A copy in K's precision; means are taken in float64.
    """
    train = K if train is None else train
    column_means = train.mean(axis=0, dtype=np.float64)
    shift = column_means - column_means.mean()
    centred = np.empty_like(K)
    for rows in _blocks(len(K)):
        block = K[rows].astype(np.float64)
        centred[rows] = block - block.mean(axis=1, keepdims=True) - shift
    return centred


def _prepare(name: str, x: np.ndarray, normalise: str, mean: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Return the vectors as they are multiplied, and which rows are all zero."""
    x = np.asarray(x)
    vectors, norms = (x, _norms(x)) if normalise == "none" else _unit(x, mean)
    _check_finite(name, norms)
    return vectors, norms == 0


def _check_finite(name: str, norms: np.ndarray) -> None:
    broken = int(np.count_nonzero(~np.isfinite(norms)))
    if broken:
        raise GradvizError(
            f"{name} of {broken:,} of {counted(len(norms), 'image')} is not finite; leave images that failed out."
        )


def _unit(x: np.ndarray, mean: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Return rows of length 1 and the norms they had, in one pass over x.

    With a mean, it is taken away from the rows of length 1, and what is left gets length 1; a row of which nothing is
    left has norm 0.
    """
    unit = np.empty(x.shape, _precision(x))
    norms = np.empty(len(x))
    for rows in _blocks(len(x)):
        wide, norms[rows] = _scaled(x[rows].astype(np.float64))
        if mean is not None:
            nonzero = norms[rows] > 0
            wide[nonzero] -= mean
            wide, left = _scaled(wide, least=NOTHING)
            norms[rows] = np.where(left > 0, norms[rows], left)
        unit[rows] = wide
    return unit, norms


def _scaled(x: np.ndarray, least: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Return rows of length 1 and their norms; rows whose norm is not above `least` are zero, and so is their norm."""
    norms = _norms(x)
    norms[norms <= least] = 0
    return np.divide(x, norms[:, None], out=np.zeros_like(x), where=norms[:, None] != 0), norms


def _norms(x: np.ndarray) -> np.ndarray:
    return np.sqrt(np.einsum("ij,ij->i", x, x, dtype=np.float64))


def _precision(x: np.ndarray) -> type:
    return np.float64 if x.dtype == np.float64 else np.float32


def _tensor(x: np.ndarray, device: str) -> "torch.Tensor":
    import torch

    x = np.ascontiguousarray(x, _precision(x))
    if not x.flags.writeable:  # torch shares memory, and warns about arrays that it could change
        x = x.copy()
    return torch.from_numpy(x).to(device)


def _blocks(n: int, size: int = BLOCK) -> Iterator[slice]:
    return (slice(start, min(start + size, n)) for start in range(0, n, size))


def _from(step: int, total: int, progress: Progress) -> Progress:
    """Report progress as a part of a longer task that starts at `step`."""
    return lambda done, _: progress(step + done, total)
