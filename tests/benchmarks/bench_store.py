"""Compare the store with zarr v3 and a manifest, which it replaced, and with other ways to compress a chunk.

Run from the project's folder, with zarr installed for the comparison: python -m tests.benchmarks.bench_store [ROWS]
ROWS (100000) are those of the simulated bookkeeping.
"""

import hashlib
import json
import shutil
import statistics
import sys
import tempfile
import time
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import zstandard

from gradviz.features.store import CHUNK_ROWS, Store
from tests.features.store_costs import evaluate

ROWS = 2476
WIDTHS = {"x5": 25088, "y6": 4096, "y7": 4096, "y8": 1000}
"""VGG's vectors."""


NAMES = [f"{row:064x}" for row in range(ROWS)]


def blocks(rows: int) -> list[range]:
    """Split rows into chunks."""
    return [range(start, min(start + CHUNK_ROWS, rows)) for start in range(0, rows, CHUNK_ROWS)]


def vectors() -> dict[str, np.ndarray]:
    """Make vectors like VGG's: after ReLU and pooling three quarters are zero, the y are dense."""
    seeded = np.random.default_rng(0)
    drawn = {n: seeded.standard_normal((ROWS, 1, width), dtype=np.float32) for n, width in WIDTHS.items()}
    return drawn | {"x5": np.maximum(drawn["x5"] - np.float32(0.67), 0)}


class OneFileAChunk:
    """The store as it is."""

    def __init__(self, root: Path) -> None:
        self.entry = Store(root).entry({})

    def write(self, arrays: dict[str, np.ndarray]) -> None:
        """Write all chunks."""
        with self.entry.writing({name: array.shape[1:] for name, array in arrays.items()}) as writer:
            for rows in blocks(ROWS):
                part = {name: array[rows.start : rows.stop] for name, array in arrays.items()}
                writer.write([NAMES[row] for row in rows], part)

    def read(self, name: str, rows: np.ndarray) -> np.ndarray:
        """Read rows."""
        return self.entry.read(name, [NAMES[row] for row in rows])


class ZarrAndManifest:
    """The store as it was, in short: zarr arrays, and a manifest that each chunk reads and writes again."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, arrays: dict[str, np.ndarray]) -> None:
        """Write all chunks."""
        import zarr
        from zarr.codecs import Crc32cCodec, ZstdCodec

        for name, array in arrays.items():
            zarr.create_array(
                zarr.storage.LocalStore(self.root / name),
                shape=array.shape,
                chunks=(CHUNK_ROWS, *array.shape[1:]),
                dtype="float32",
                fill_value=np.nan,
                compressors=[ZstdCodec(level=1), Crc32cCodec()],
                chunk_key_encoding={"name": "default", "separator": "."},
            )
        self.save({})
        for chunk, rows in enumerate(blocks(ROWS)):
            for name, array in arrays.items():
                zarr.open_array(self.root / name)[rows.start : rows.stop] = array[rows.start : rows.stop]
            self.save(self.load() | {str(chunk): {}})

    def read(self, name: str, rows: np.ndarray) -> np.ndarray:
        """Read rows, after a look at what is there."""
        import zarr

        self.list(self.load())
        first, last = int(rows[0]), int(rows[-1]) + 1
        array = zarr.open_array(self.root / name, mode="r")
        return array[first:last] if len(rows) == last - first else array.oindex[rows]

    def load(self) -> dict[str, dict]:
        """Read the manifest and check it."""
        stored = json.loads((self.root / "manifest.json").read_bytes())
        if stored["sha256"] != _digest(stored["manifest"]):
            raise ValueError("damaged")
        return stored["manifest"]

    def save(self, chunks: dict[str, dict]) -> None:
        """Write the manifest."""
        text = json.dumps({"sha256": _digest(chunks), "manifest": chunks}, indent=1)
        (self.root / "manifest.tmp").write_text(text)
        (self.root / "manifest.tmp").replace(self.root / "manifest.json")

    def list(self, chunks: dict[str, dict]) -> set[str]:
        """List the chunks whose files are all there."""
        there = [{path.name for path in folder.iterdir()} for folder in self.root.iterdir() if folder.is_dir()]
        return {chunk for chunk in chunks if all(f"c.{chunk}.0.0" in names for names in there)}


def _digest(chunks: dict[str, dict]) -> str:
    return hashlib.sha256(json.dumps(chunks, sort_keys=True).encode()).hexdigest()


def seconds(work: Callable[[], object], rounds: int = 3) -> float:
    """Return the median time."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def compare_throughput(folder: Path) -> None:
    """Write and read an entry of VGG's size both ways, in turns, and print the ratios."""
    arrays, everything = vectors(), np.arange(ROWS)
    raw = sum(array.nbytes for array in arrays.values()) / 1e6
    some = np.sort(np.random.default_rng(1).choice(ROWS, 100, replace=False))
    stores = {"one file a chunk": OneFileAChunk(folder / "new"), "zarr and manifest": ZarrAndManifest(folder / "old")}
    times: dict[str, dict[str, float]] = {}
    for label, store in stores.items():
        times[label] = {"write all": seconds(partial(store.write, arrays), 1)}
        if not np.array_equal(store.read("x5", some), arrays["x5"][some]):
            raise ValueError(label)
    for what, name, rows in (
        ("read x5, all rows", "x5", everything),
        ("read y7, all rows", "y7", everything),
        ("read y7, every 8th row", "y7", everything[::8]),
        ("read y7, 100 rows", "y7", some),
    ):
        for label, store in stores.items():
            times[label][what] = seconds(partial(store.read, name, rows))
    new, old = times.values()
    for what in new:
        print(f"{what:24s} {new[what]:7.3f} s, zarr and manifest {old[what]:7.3f} s: {old[what] / new[what]:.1f} times")
    sizes = [
        sum(p.stat().st_size for p in (folder / where).rglob("*") if p.is_file()) / 1e6 for where in ("new", "old")
    ]
    print(
        f"on the disk              {sizes[0]:.0f} MB, zarr and manifest {sizes[1]:.0f} MB, not compressed {raw:.0f} MB"
    )


def compare_codecs() -> None:
    """Print what ways to compress a chunk gain and cost."""
    codecs = {
        "zstd 1": (zstandard.ZstdCompressor(1).compress, zstandard.ZstdDecompressor().decompress),
        "zlib 1": (partial(zlib.compress, level=1), zlib.decompress),
    }
    for name in ("x5", "y7"):
        raw = np.ascontiguousarray(vectors()[name][:CHUNK_ROWS]).tobytes()
        for label, (pack, unpack) in codecs.items():
            packed = pack(raw)
            write, read = (len(raw) / seconds(work, 5) / 1e6 for work in (partial(pack, raw), partial(unpack, packed)))
            print(
                f"{name} by {label}: {len(packed) / len(raw):.2f} of the bytes, write {write:.0f}, read {read:.0f} MB/s"
            )
        print(f"{name} checked by crc32: {len(raw) / seconds(partial(zlib.crc32, raw), 5) / 1e6:.0f} MB/s")


def compare_bookkeeping(folder: Path, rows: int) -> None:
    """Simulate a cold evaluation of many images, and one chunk's share of the manifest at that size."""
    evaluate(folder / "warm up", CHUNK_ROWS)
    ours = seconds(lambda: evaluate(folder / "many", rows), 1)
    chunks = len(blocks(rows))
    print(f"bookkeeping of a cold evaluation of {rows} images: {ours:.1f} s, {1e3 * ours / chunks:.2f} ms a chunk")
    old = ZarrAndManifest(folder / "manifest")
    for name in WIDTHS:
        (folder / "manifest" / name).mkdir(parents=True)
        for chunk in range(chunks):
            (folder / "manifest" / name / f"c.{chunk}.0.0").touch()
    manifest: dict[str, dict] = {str(chunk): {} for chunk in range(chunks)}
    old.save(manifest)
    steps = {"load": old.load, "list": lambda: old.list(manifest), "save": lambda: old.save(manifest)}
    took = {what: 1e3 * seconds(step) for what, step in steps.items()}
    # Forward: a load and a save. Backward: three reads (two loads and a list each), a load and a save.
    each = 8 * took["load"] + 3 * took["list"] + 2 * took["save"]
    words = ", ".join(f"{what} {ms:.1f} ms" for what, ms in took.items())
    print(f"manifest of {chunks} chunks: {words}; {each:.0f} ms for the last chunk: {each * chunks / 2e3:.0f} s in all")


def main() -> None:
    """Run everything."""
    folder = Path(tempfile.mkdtemp())
    try:
        compare_codecs()
        compare_bookkeeping(folder, int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
        compare_throughput(folder)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
