"""Measure what features cost: `python -m tests.benchmarks.bench_features [NETWORK ...]`.

Prints a table on standard error and one JSON value on standard output:

- ratio: all layers forward and backward, divided by the plain forward pass of the unchanged module; decoded tensors in
  memory, a batch of 64, no store; the two take turns, and the median of the pairs' ratios counts. Beside it stands the
  same ratio in CPU time, which other programs disturb less (set OMP_NUM_THREADS=1 for it).
- decoding: photographs per second read, decoded and preprocessed, without a network.
- extraction: photographs per second through `capture`, and the process's peak memory beyond the loaded model.

Weights are random where none are on disk: the cost is the same. Photographs come from GRADVIZ_TEST_DATA.
"""

import copy
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

import numpy as np
import torch

from gradviz.datasets import ImageSet
from gradviz.features.compute import capture
from gradviz.home import cores
from gradviz.networks import head, loading, network
from gradviz.networks.weights import weights_states
from tests.random_networks import images, random_module

DATA = Path(os.environ.get("GRADVIZ_TEST_DATA") or Path(__file__).resolve().parents[3] / "shared" / "data")
PAIRS = {"alexnet64": 40, "alexnet": 15, "vgg16": 5}


def ratio(name: str) -> dict[str, float]:
    """Time the plain forward pass and ours in turn."""
    net = network(name)
    bare = random_module(name, net.layers[-1].outputs, net.input_size)
    model = loading.assemble(net, copy.deepcopy(bare), digest="")
    batch = images(64, net.input_size)

    @torch.inference_mode()
    def ours() -> None:
        head.backward(model.head, model.forward(batch))

    @torch.inference_mode()
    def theirs() -> None:
        bare(batch)

    pairs = [(clocks(theirs), clocks(ours)) for _ in range(PAIRS.get(name, 10) + 1)][1:]
    return {
        "ratio": median(b[0] / a[0] for a, b in pairs),
        "cpu_ratio": median(b[1] / a[1] for a, b in pairs),
        "bare_seconds": median(a[0] for a, _ in pairs),
        "all_layers_seconds": median(b[0] for _, b in pairs),
        "pairs": len(pairs),
    }


def clocks(work: Callable[[], object]) -> tuple[float, float]:
    """Time work by the wall clock and in CPU time, in seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def photographs() -> ImageSet:
    """Return the photographs, without labels."""
    paths = tuple(sorted((DATA / "VOCdevkit/VOC2007/JPEGImages").glob("*.jpg")))
    return ImageSet("photographs", DATA, tuple(p.stem for p in paths), paths)


def decoding(name: str) -> dict[str, float]:
    """Decode and preprocess in as many threads as there are cores."""
    found, transform = photographs(), loading.preset(network(name))
    with ThreadPoolExecutor(cores()) as pool:
        taken = clocks(lambda: list(pool.map(lambda i: transform(found.open(i)).shape, range(len(found.ids)))))[0]
    return {"images": len(found.ids), "per_second": len(found.ids) / taken}


def extraction(name: str) -> dict[str, float]:
    """Extract all photographs in a separate process, and compare its peak memory with that after loading."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_extraction, (name,))


def _extraction(name: str) -> dict[str, float]:
    net, found = network(name), photographs()
    if weights_states([net])[net.name]["state"] == "present":
        model = loading.load(name, device="cpu")
    else:
        model = loading.assemble(net, random_module(name, net.layers[-1].outputs, net.input_size), digest="")
    model.forward(images(1, net.input_size))
    before = forget_peak()
    blocks = np.array_split(np.arange(len(found.ids)), -(-len(found.ids) // 64))
    taken = clocks(lambda: [None for _ in capture(model, found, blocks)])[0]
    after = megabytes("VmHWM")
    return {"per_second": len(found.ids) / taken, "megabytes_before": before, "megabytes_more": after - before}


def forget_peak() -> float:
    """Restart the record of peak memory, since loading had a peak of its own; return the memory in use (Linux only)."""
    Path("/proc/self/clear_refs").write_text("5")
    return megabytes("VmRSS")


def megabytes(field: str) -> float:
    """Read a field of this process's status: VmRSS (resident now) or VmHWM (its peak)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{field}:")) / 1024


def main(names: list[str]) -> None:
    """Measure the named networks and print."""
    say("network", "ratio", "CPU ratio", "bare s", "ours s", "decoded/s", "extracted/s", "MB more")
    results = {}
    for name in names:
        cost, read, whole = ratio(name), decoding(name), extraction(name)
        results[name] = {"cost": cost, "decoding": read, "extraction": whole}
        figures = (cost["ratio"], cost["cpu_ratio"], cost["bare_seconds"], cost["all_layers_seconds"])
        rates = (read["per_second"], whole["per_second"], whole["megabytes_more"])
        say(name, *(f"{x:.3f}" for x in figures), *(f"{x:.0f}" for x in rates))
    print(json.dumps({"threads": torch.get_num_threads(), "torch": torch.__version__, "networks": results}, indent=2))


def say(*cells: str) -> None:
    """Write a line of the table to standard error."""
    print("".join(f"{cell:14}" for cell in cells), file=sys.stderr, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:] or ["alexnet64", "alexnet", "vgg16"])
