"""The hazards of queue, networks, pictures, store and downloads, in full numbers."""

import hashlib
import io
import os
import random
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from gradviz.datasets import find
from gradviz.datasets.digests import file_digests
from gradviz.datasets.pictures import open_picture
from gradviz.errors import DatasetError
from gradviz.features.extraction import Extraction
from gradviz.features.store import Store
from gradviz.networks.loading import load
from gradviz.ui.queue import Queue
from tests.conftest import ROOT
from tests.download.test_voc_download import CONTENT, PATH, SLOW_UNPACKING
from tests.features.test_extraction import arrays
from tests.features.test_store import CHUNKS, same, start
from tests.server import Host


class Found(NamedTuple):
    """What was tried, what came of it, and whether that is within the limit."""

    count: str
    figure: str
    held: bool


def clicks(bursts: int) -> Callable[[Path], Found]:
    """Click in bursts of 20: every burst of a key is one job, and every start is a finish."""

    def run(folder: Path) -> Found:
        queue, starts, finishes = Queue(), [], []

        def work(progress, cancel) -> None:
            starts.append(1)
            for step in range(5):
                progress(step, 5)
                time.sleep(0.001)
            finishes.append(1)

        for burst in range(bursts):
            visitors = [threading.Thread(target=queue.submit, args=(burst, work)) for _ in range(20)]
            for visitor in visitors:
                visitor.start()
            for visitor in visitors:
                visitor.join()
            queue.get(burst).wait(60)
        figure = f"{len(starts)} starts, {len(finishes)} finishes"
        return Found(f"{bursts} bursts of 20", figure, len(starts) == len(finishes) == bursts)

    return run


def cancelled(folder: Path) -> Found:
    """Stop extractions of the demo set in the middle."""
    from gradviz.datasets import find
    from gradviz.experiment import Experiment
    from gradviz.spec import Spec

    queue, images, took = Queue(), find("demo"), []
    for number in range(10):
        lab = Experiment(images, Spec(), store=folder / str(number))
        job = queue.submit(number, lambda progress, cancel, lab=lab: lab.extract(progress=progress, cancel=cancel))
        while not job.done and job.active:
            time.sleep(0.01)
        began = time.perf_counter()
        job.cancel()
        job.wait(60)
        took.append(time.perf_counter() - began)
    return Found("10 extractions", f"idle after at most {max(took):.2f} s", max(took) < 2)


def shared_model(folder: Path) -> Found:
    """Let eight threads use one model for a thousand rows."""
    import torch

    from gradviz.networks.loading import load

    model = load("alexnet64", device="cpu")
    seen = torch.rand(10, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    alone = [model.forward(seen[i : i + 1]) for i in range(10)]
    with ThreadPoolExecutor(8) as pool:
        rows = list(pool.map(lambda i: model.forward(seen[i % 10 : i % 10 + 1]), range(1000)))
    wrong = sum(not torch.equal(row[name], alone[i % 10][name]) for i, row in enumerate(rows) for name in row)
    hooks = sum(len(m._forward_hooks) + len(m._backward_hooks) for m in model.body.modules())
    return Found("1,000 rows, 8 threads", f"{wrong} wrong, {hooks} hooks left", not wrong and not hooks)


def stale(folder: Path) -> Found:
    """Change one byte of a file a thousand times, with the size and the time of modification kept."""
    path, content, stale = folder / "a.bin", bytearray(os.urandom(5000)), 0
    path.write_bytes(content)
    kept = path.stat().st_mtime_ns
    for number in range(1000):
        content[number] ^= 1
        path.write_bytes(content)
        os.utime(path, ns=(kept, kept))
        stale += file_digests([path]) != [hashlib.sha256(content).hexdigest()]
    return Found("1,000 changes of one byte", f"{stale} stale", not stale)


def bad_pictures(folder: Path) -> Found:
    """Open two hundred cut, flipped, bloated and made-up pictures."""
    seeded, buffer, slowest, crashes = random.Random(0), io.BytesIO(), 0.0, 0
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 255, (900, 1200, 3), np.uint8)).save(buffer, "JPEG")
    bomb = io.BytesIO()
    Image.new("L", (12_000, 12_000)).save(bomb, "PNG")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for number in range(200):
        content = bytearray(bomb.getvalue() if number % 10 == 0 else buffer.getvalue())
        if number % 3 == 0:
            content = content[: seeded.randrange(len(content))]
        elif number % 10:
            for _ in range(30):
                content[seeded.randrange(len(content))] ^= 1 << seeded.randrange(8)
        began = time.perf_counter()
        try:
            open_picture(bytes(content))
        except DatasetError:
            pass
        except Exception:
            crashes += 1
        slowest = max(slowest, time.perf_counter() - began)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1000
    figure = f"{crashes} crashes, at most {slowest:.2f} s, + {grown:.0f} MB"
    return Found("200 pictures", figure, not crashes and slowest < 2 and grown < 300)


def killed_downloads(folder: Path) -> Found:
    """Kill a transfer a hundred times at any moment; the named file is whole whenever it is there."""
    content = hashlib.shake_256(b"a file").digest(300_000)
    digest = hashlib.sha256(content).hexdigest()
    script = (
        "import sys; from pathlib import Path\n"
        "from gradviz.download.fetch import Remote, fetch\nprint('ready', flush=True)\n"
        f"fetch(Remote(sys.argv[1], 'sha256:{digest[:8]}', {len(content)}), Path(sys.argv[2]))"
    )
    seeded, half, whole = random.Random(0), 0, 0
    with Host({"/a.bin": content}, pause=0.002, block=4096) as host:
        for number in range(100):
            target = folder / f"{number // 4}.bin"
            command = [sys.executable, "-c", script, host.url("/a.bin"), str(target)]
            with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
                process.stdout.readline()
                time.sleep(seeded.uniform(0, 0.35))
                process.send_signal(signal.SIGKILL)
            if target.exists():
                good = hashlib.sha256(target.read_bytes()).hexdigest() == digest
                half, whole = half + (not good), whole + good
    return Found("100 kills", f"{half} half files used, {whole} times whole already", not half)


def killed_data_sets(folder: Path) -> Found:
    """Kill a whole data set's transfer and unpacking twenty times each, at any moment; it is not there, or whole."""
    seeded, half, whole = random.Random(0), 0, 0
    with Host({PATH: CONTENT}, block=4096) as host:
        for number in range(40):
            home = folder / f"home{number // 4}"
            unpacking = number % 4 > 1  # what the two kills before it had is taken up again
            host.manners.pause = 0.0 if unpacking else 0.02
            arguments = [host.url(PATH), hashlib.md5(CONTENT).hexdigest(), str(len(CONTENT)), "0", "0.01"]
            environment = {**os.environ, "GRADVIZ_HOME": str(home)}
            begun = home / ("datasets/.voc2007.staging" if unpacking else "datasets/voc2007.tar.part")
            before = _changed(begun)
            with subprocess.Popen(
                [sys.executable, "-c", SLOW_UNPACKING, *arguments], cwd=ROOT, env=environment
            ) as process:
                while process.poll() is None and _changed(begun) == before:
                    time.sleep(0.002)
                time.sleep(seeded.uniform(0, 0.5))
                process.send_signal(signal.SIGKILL)
            try:
                found = len(find("voc2007", home=home))
            except DatasetError:
                continue
            half, whole = half + (found != 60), whole + (found == 60)
    return Found("40 kills of a data set", f"{half} half sets used, {whole} times whole already", not half)


def _changed(path: Path) -> int:
    return path.stat().st_mtime_ns if path.exists() else 0


def killed_transfers(folder: Path) -> Found:
    """Kill transfers of a file, and of a data set."""
    parts = [killed_downloads(folder), killed_data_sets(folder)]
    return Found("; ".join(p.count for p in parts), "; ".join(p.figure for p in parts), all(p.held for p in parts))


def killed_extractions(folder: Path) -> Found:
    """Kill ten extractions of the demo set at any moment after the first chunk; each goes on to the same bits."""
    images, model = find("demo"), load("alexnet64", device="cpu")
    positions = images.select(None, 400)
    Extraction(images, model, Store(folder / "whole/store")).extract(positions)
    expected, seeded, wrong, again = arrays(folder / "whole"), random.Random(0), 0, []
    for number in range(10):
        home = folder / str(number)
        command = [
            "extract",
            "demo",
            "--network",
            "alexnet64",
            "--device",
            "cpu",
            "--images",
            "400",
            "--home",
            str(home),
        ]
        with subprocess.Popen(
            [sys.executable, "-m", "gradviz", *command], cwd=ROOT, stdout=subprocess.DEVNULL
        ) as process:
            while process.poll() is None and not any(entry.rows for entry in Store(home / "store").entries()):
                time.sleep(0.002)
            time.sleep(seeded.uniform(0, 1))
            process.send_signal(signal.SIGKILL)
        kept = Store(home / "store").entries()[0].rows
        computed = Extraction(images, model, Store(home / "store")).extract(positions).computed
        again.append(computed)
        found = arrays(home)
        wrong += computed != 400 - kept or any(found[name].tobytes() != expected[name].tobytes() for name in expected)
    return Found("10 kills", f"{wrong} wrong; {min(again)} to {max(again)} of 400 images left to compute", not wrong)


def pairs(folder: Path) -> Found:
    """Let two processes fill one entry, twenty times; a waiter has gone on when it ends after the one that computed."""
    right, late = 0, 0.0
    for number in range(20):
        root = folder / f"pair{number}"
        writers = [start(root, 0.02) for _ in range(2)]
        ended: dict[int, float] = {}
        while len(ended) < 2:
            ended |= {i: time.monotonic() for i, w in enumerate(writers) if i not in ended and w.poll() is not None}
            time.sleep(0.005)
        late = max(late, abs(ended[0] - ended[1]))
        said = " ".join(writer.communicate(timeout=60)[0] for writer in writers).split()
        right += sorted(int(word) for word in said if word.isdigit()) == sorted(CHUNKS) and same(Store(root))
    figure = f"{right} computed each chunk once, the waiter ended at most {late:.2f} s later"
    return Found("20 pairs", figure, right == 20 and late < 1)


def maps(folder: Path) -> Found:
    """Draw two hundred maps for two visitors, in a process of their own: an abort would end it."""
    script = (
        "import numpy as np; from gradviz.embedding import embed; from gradviz.ui.queue import Queue\n"
        "q, r = Queue(waiting=300, kept=300), np.random.default_rng(0)\n"
        "def kernel():\n    x = r.normal(size=(80, 12)); return (x @ x.T).astype(np.float32)\n"
        "jobs = [q.submit((n % 2, n), lambda p, c, K=kernel(), n=n: embed(K, seed=n, progress=p, cancel=c))"
        " for n in range(200)]\n"
        "assert all(job.wait(600) for job in jobs)\n"
        "print(sum(job.state == 'done' for job in jobs), sum(job.state != 'done' for job in jobs))"
    )
    command = [sys.executable, "-W", "ignore", "-c", script]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=400, check=False)
    figure = f"{done.stdout.strip() or '-'} (drawn, failed), exit code {done.returncode}"
    return Found("200 maps", figure, done.returncode == 0 and done.stdout.split() == ["200", "0"])
