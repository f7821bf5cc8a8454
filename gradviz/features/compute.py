"""Compute features: photographs through a network once, and from there gradients for any temperature and pseudo-label.

`capture` yields x_{k-1} of the first fully connected layer and y_k of all; `backward` turns y into dE/dy, and `vector`
either of them into any other vector of REPRESENTATIONS. The formulas stand in networks/head.py.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from gradviz import representations
from gradviz.callbacks import Cancel, Progress, never, silent, stop_if
from gradviz.errors import ChoiceError, DatasetError
from gradviz.home import cores
from gradviz.networks import head as heads
from gradviz.networks.head import Head
from gradviz.networks.loading import Model
from gradviz.networks.transforms import crops
from gradviz.representations import At, layer_gradient
from gradviz.spec import check
from gradviz.words import counted

_AHEAD = 2
"""Batches decoded ahead of the network; it bounds the memory, whatever the number of images."""
_ROWS = 64
"""Rows of gradients computed at once; a short part is filled up, as in `capture`."""


class Images(Protocol):
    """What opens photographs: an ImageSet."""

    def open(self, position: int, /) -> Image.Image:
        """Open the image at a position, RGB, or raise DatasetError."""
        ...


@dataclass(frozen=True)
class Captured:
    """Hold the features of one block of images."""

    positions: np.ndarray
    """(rows,) places in the data set."""
    arrays: Mapping[str, np.ndarray]
    """x5 and every y, float32 (rows, crops, d); NaN where the image could not be decoded."""
    failed: Mapping[int, str] = field(default_factory=dict)
    """From the position of an image that could not be decoded to the reason."""
    passing: frozenset[int] = frozenset()
    """Those that failed for a reason that may pass, such as a file that is not there, or too little memory."""


class ChangedError(DatasetError):
    """A picture that is not what it was when its data set was read."""


@dataclass(frozen=True)
class _Failure:
    reason: str
    passing: bool


@dataclass(frozen=True)
class _Batch:
    start: int
    positions: list[int]


def capture(
    model: Model,
    images: Images,
    blocks: Sequence[np.ndarray],
    *,
    preprocess: str = "center",
    tf32: bool = False,
    workers: int | None = None,
    progress: Progress = silent,
    cancel: Cancel = never,
) -> Iterator[Captured]:
    """Run the network over blocks of image positions.

    Photographs are decoded in threads, a few batches ahead of the network. Each block starts a new batch, and a short
    batch is filled up with blank images: the last digits of a product of matrices depend on the number of its rows, so
    that only then an image gets the same bits whatever images it is computed with. When a GPU runs out of memory the
    batch is halved, down to one image, and finally the work falls back to the CPU.

    Parameters
    ----------
    model, images
        The network, and what opens image i.
    blocks
        Positions of images, (rows,) per block.
    preprocess
        center, squash or tencrop.
    tf32
        Whether an NVIDIA GPU may use TF32.
    workers
        Number of decoding threads; by default the number of CPU cores.
    progress, cancel
        Progress counts images; cancel is asked between batches.

    Yields
    ------
    Captured
        One for each block, in order.
    """
    views = crops(preprocess)
    transform = model.transform(preprocess)
    size = max(1, model.batch // views)
    plan = iter(list(_plan(blocks, size)))
    total, done = sum(len(block) for block in blocks), 0
    runner = _Runner(model, tf32)

    def decode(position: int) -> Tensor | _Failure:
        try:
            return transform(images.open(position))
        except DatasetError as error:
            return _Failure(str(error), _passing(error))
        except MemoryError:
            return _Failure("The picture needs more memory than there is.", True)

    pool = ThreadPoolExecutor(workers or cores(), thread_name_prefix="decode")
    ahead: deque[tuple[_Batch, list[Future]]] = deque()
    try:
        for block in blocks:
            arrays = {n: np.full((len(block), views, d), np.nan, np.float32) for n, d in model.arrays.items()}
            failed: dict[int, _Failure] = {}
            for _ in range(0, len(block), size):
                stop_if(cancel)
                while len(ahead) <= _AHEAD and (batch := next(plan, None)):
                    ahead.append((batch, [pool.submit(decode, p) for p in batch.positions]))
                batch, futures = ahead.popleft()
                decoded = [future.result() for future in futures]
                failed |= {p: d for p, d in zip(batch.positions, decoded, strict=True) if isinstance(d, _Failure)}
                _fill(arrays, batch.start, decoded, runner, size)
                done += len(decoded)
                progress(done, total)
            reasons = {position: failure.reason for position, failure in failed.items()}
            passing = frozenset(position for position, failure in failed.items() if failure.passing)
            yield Captured(np.asarray(block), arrays, reasons, passing)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _plan(blocks: Sequence[np.ndarray], size: int) -> Iterator[_Batch]:
    for block in blocks:
        for start in range(0, len(block), size):
            yield _Batch(start, [int(p) for p in block[start : start + size]])


def _passing(error: DatasetError) -> bool:
    """Check whether a picture failed for a reason that does not lie in its content."""
    cause = error.__cause__
    of_the_system = isinstance(cause, MemoryError) or getattr(cause, "errno", None) is not None
    return of_the_system or isinstance(error, ChangedError)


def _fill(
    arrays: Mapping[str, np.ndarray], start: int, decoded: list[Tensor | _Failure], runner: "_Runner", size: int
) -> None:
    """Send a batch of `size`, filled up with zeros, through the network and write its rows; failed ones stay NaN."""
    good = {i: image for i, image in enumerate(decoded) if not isinstance(image, _Failure)}
    if not good:
        return
    blank = torch.zeros_like(next(iter(good.values())))
    stacked = torch.stack([good.get(i, blank) for i in range(size)])
    views = stacked.shape[1]
    for name, values in runner(stacked.flatten(0, 1)).items():
        arrays[name][start + np.array(list(good))] = values.reshape(size, views, -1)[list(good)]


class _Runner:
    """Run batches on the model's device; halve the batch on out-of-memory, finally fall back to the CPU."""

    def __init__(self, model: Model, tf32: bool) -> None:
        self.model = model
        self.tf32 = tf32
        self.size: int | None = None

    def __call__(self, batch: Tensor) -> dict[str, np.ndarray]:
        while True:
            size = self.size or len(batch)
            try:
                parts = [self._run(part) for part in batch.split(size)]
                return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
            except torch.OutOfMemoryError:
                if self.model.device.type == "cpu":
                    raise
            # Outside the except block, whose traceback would keep the failed batch's memory alive.
            torch.cuda.empty_cache()
            if size > 1:
                self.size = size // 2
            else:
                self.model = self.model.to(torch.device("cpu"))
                self.size = self.model.batch

    def _run(self, batch: Tensor) -> dict[str, np.ndarray]:
        if self.model.device.type == "cuda":
            batch = batch.pin_memory().to(self.model.device, non_blocking=True)
        else:
            batch = batch.to(self.model.device)
        with precision(self.tf32) if self.model.device.type == "cuda" else nullcontext():
            return {name: values.cpu().numpy() for name, values in self.model.forward(batch).items()}


@contextmanager
def precision(tf32: bool) -> Iterator[None]:
    """Allow or forbid TF32 on NVIDIA GPUs inside the context; the process's own setting is restored afterwards."""
    switches: tuple[Any, ...] = (torch.backends.cuda.matmul, torch.backends.cudnn)
    before = [switch.allow_tf32 for switch in switches]
    try:
        for switch in switches:
            switch.allow_tf32 = tf32
        yield
    finally:
        for switch, value in zip(switches, before, strict=True):
            switch.allow_tf32 = value


def backward(
    head: Head, ys: Mapping[str, np.ndarray], *, temperature: float = 1.0, g: np.ndarray | None = None
) -> dict[str, np.ndarray]:
    """Compute dE/dy_k of every layer, averaged over crops.

    Softmax and dE/dy_L are computed in float64. Rows too small for float32 are rescaled, see head.last_gradient.

    Parameters
    ----------
    head
        The fully connected layers.
    ys
        From name to (n, crops, d) or (n, d), at least every y.
    temperature
        tau; OPTIONS has its bounds.
    g
        The pseudo-label: None for the uniform 1/P, a probability vector (P,), or one per image (n, P).

    Returns
    -------
    dict
        {"dy6": (n, d6), ...} in the dtype of `ys`.

    Raises
    ------
    ChoiceError
        For an impossible temperature or pseudo-label.
    """
    check("temperature", temperature)
    ys = {name: ys[name] if ys[name].ndim == 3 else ys[name][:, None] for name in head.outputs}
    n, views = ys[head.outputs[-1]].shape[:2]
    targets = None if g is None else _targets(g, n, head.classes)
    parts = []
    step = max(1, _ROWS // views)
    device = head.weights[0].device
    for start in range(0, n, step):
        rows = slice(start, start + step)
        here = len(range(n)[rows])
        block = {name: torch.from_numpy(_whole(y[rows], step)).to(device).flatten(0, 1) for name, y in ys.items()}
        target = targets
        if targets is not None and targets.ndim == 2:
            target = torch.from_numpy(_whole(targets[rows].numpy(), step)).repeat_interleave(views, 0)
        with torch.inference_mode():
            gradients = heads.backward(head, block, temperature, target)
            whole = {k: v.unflatten(0, (-1, views)).mean(dim=1).cpu().numpy() for k, v in gradients.items()}
            parts.append({k: v[:here] for k, v in whole.items()})
    if not parts:
        widths = [(k, ys[name]) for k, name in enumerate(head.outputs, head.first)]
        return {layer_gradient(k): np.empty((0, y.shape[2]), y.dtype) for k, y in widths}
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _whole(rows: np.ndarray, step: int) -> np.ndarray:
    """Fill up with rows of zeros."""
    short = step - len(rows)
    return np.pad(rows, [(0, short), *[(0, 0)] * (rows.ndim - 1)]) if short else rows


def _targets(g: np.ndarray, n: int, P: int) -> Tensor:
    g = np.asarray(g, np.float64)
    if g.shape not in ((P,), (n, P)):
        raise ChoiceError(f"The pseudo-label has shape {g.shape}; the network has {counted(P, 'class', 'classes')}.")
    sums = g.sum(axis=-1, keepdims=True)
    if not (np.all(g >= 0) and np.allclose(sums, 1, atol=1e-4)):
        raise ChoiceError("A pseudo-label must be a probability vector: no negative number, sum 1.")
    return torch.from_numpy(g / sums)


def vector(name: str, arrays: Mapping[str, np.ndarray], head: Head, temperature: float = 1.0) -> np.ndarray:
    """Compute any vector of REPRESENTATIONS from those that are at hand, crop by crop, then averaged over crops.

    Parameters
    ----------
    name
        Such as x6, y6 or dy6.
    arrays
        From name to (n, crops, d), or (n, d) for what was averaged before: x5, every y or every dy.
    head, temperature
        For the activations, and for the last softmax, which is computed in float64.

    Returns
    -------
    ndarray
        (n, d) in the dtype of `arrays`.

    Raises
    ------
    ChoiceError
        For a name that cannot be computed from these arrays.
    """
    check("temperature", temperature)
    kept = representations.source(name, arrays)
    if name == kept:
        return _mean(arrays[name])
    k = representations.symbol(name).k
    layer = At(k, partial(head.activate, k) if k < head.last else None, temperature)
    values = representations.compute(name, kept, torch.from_numpy(arrays[kept]), layer)
    return _mean(values.numpy()).astype(arrays[kept].dtype, copy=False)


def _mean(values: np.ndarray) -> np.ndarray:
    if values.ndim == 2:
        return values
    return values[:, 0] if values.shape[1] == 1 else values.mean(axis=1, dtype=values.dtype)
