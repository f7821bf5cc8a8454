"""Compare kernels with torch's own float32 matrix product on the same shapes, and measure their memory and precision.

Run from the project's folder: python -m tests.benchmarks.bench_kernels
"""

import resource
import statistics
import subprocess
import sys
import time

import numpy as np
import torch

from gradviz.kernels import kernel
from gradviz.representations import parse

SHAPES = {"x5": 9216, "x6": 4096, "y8": 1000}
"""Dimensions of AlexNet's vectors."""


def compare(name: str, n: int, rounds: int = 7) -> None:
    """Time kernel and bare product in turns, so that both meet the same machine; print medians and their ratio."""
    x = np.random.default_rng(0).random((n, SHAPES[name]), dtype=np.float32)
    tensor, parsed, ours, torchs = torch.from_numpy(x), parse(name), [], []
    for _ in range(rounds + 1):
        start = time.perf_counter()
        kernel(parsed, {name: x})
        middle = time.perf_counter()
        tensor @ tensor.T
        ours.append(middle - start)
        torchs.append(time.perf_counter() - middle)
    ratio = statistics.median(b / a for a, b in zip(ours[1:], torchs[1:], strict=True))
    print(
        f"{name} of {n} images, normalised: {statistics.median(ours[1:]):.3f} s, "
        f"torch's product {statistics.median(torchs[1:]):.3f} s: {100 * ratio:.0f} % of its speed"
    )


def precision(n: int = 500) -> None:
    """Print the largest relative error of normalised float32 kernels against float64."""
    rng = np.random.default_rng(0)
    for d in (1000, 9216, 25_088):
        x = np.maximum(rng.standard_normal((n, d)), 0).astype(np.float32)
        wide = x.astype(np.float64)
        wide /= np.linalg.norm(wide, axis=1, keepdims=True)
        error = np.abs(kernel(parse("x5"), {"x5": x}).K - wide @ wide.T).max()
        print(f"precision at {d} dimensions: {error:.1e}")


def memory(n: int = 10_000) -> None:
    """Compute the product kernel of n images of AlexNet's size, and print what the process took at most."""
    rng = np.random.default_rng(0)
    rows = {"x5": rng.random((n, 9216), dtype=np.float32), "dy6": rng.random((n, 4096), dtype=np.float32)}
    start = time.perf_counter()
    kernel(parse("dW6"), rows)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**30 if sys.platform == "darwin" else 2**20)
    print(f"dW6 of {n} images: {seconds:.1f} s, {peak:.2f} GiB in the whole process")


if __name__ == "__main__":
    if "memory" in sys.argv:
        memory()
    else:
        for name in SHAPES:
            compare(name, 2476)
        precision()
        subprocess.run([sys.executable, "-m", "tests.benchmarks.bench_kernels", "memory"], check=True)
