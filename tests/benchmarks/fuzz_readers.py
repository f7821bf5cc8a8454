"""Damage small valid data sets at random, and read them: no traceback, and nothing lost without a finding.

python -m tests.benchmarks.fuzz_readers [MINUTES] [SEED]

A trial writes one data set of twelve pictures, changes bytes, lines, encodings, names or files, and reads it. It fails

- with any exception but a GradvizError;
- where an entry that the damage did not touch (its picture and every line about it are as they were) is missing, or has
  lost a label, and no finding is reported;
- where a picture is missing whose file is still there in some form, and no finding is reported.
"""

import io
import json
import os
import random
import re
import shutil
import sys
import tempfile
import time
import traceback
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from gradviz.datasets import find
from gradviz.datasets.image_set import ImageSet
from gradviz.datasets.uploads import Uploads
from gradviz.errors import DatasetError, GradvizError
from tests.small_sets import picture, voc

STEMS = tuple(str(1000 + n) for n in range(12))
LABELS = {stem: ("cat",) if n % 3 == 0 else ("dog",) if n % 3 == 1 else ("cat", "dog") for n, stem in enumerate(STEMS)}
SPLITS = {stem: "train" if n < 7 else "test" for n, stem in enumerate(STEMS)}
CODES = {"dog": 1, "cat": 2}


class Failure(NamedTuple):
    """What went wrong in one trial."""

    format: str
    damage: str
    seed: int
    reason: str


# Valid data sets, one line an entry: the name of what `find` is given, below a folder.


def csv_positions(root: Path) -> str:
    return _table(root, "", [f"p/{s}.jpg,{';'.join(LABELS[s])},{SPLITS[s]}" for s in STEMS])


def csv_titles(root: Path) -> str:
    return _table(root, "split\tfilename\tlabel", [f"{SPLITS[s]}\tp/{s}.jpg\t{'|'.join(LABELS[s])}" for s in STEMS])


def csv_ones(root: Path) -> str:
    rows = [f'"p/{s}.jpg",{int("cat" in LABELS[s])},{int("dog" in LABELS[s])}' for s in STEMS]
    return _table(root, "path,cat,dog", rows)


def _table(root: Path, title: str, rows: list[str]) -> str:
    for n, stem in enumerate(STEMS):
        picture(root / f"p/{stem}.jpg", n)
    (root / "list.csv").write_text("\n".join([title, *rows] if title else rows) + "\n", "utf-8")
    return "list.csv"


def coco(root: Path) -> str:
    for n, stem in enumerate(STEMS):
        picture(root / f"{SPLITS[stem]}/{stem}.jpg", n)
    (root / "annotations").mkdir()
    for split in ("train", "test"):
        mine = [stem for stem in STEMS if SPLITS[stem] == split]
        boxed = {"bbox": [1, 1, 9, 9], "iscrowd": 0}
        parts = {
            "images": [{"id": int(s), "file_name": f"{s}.jpg", "width": 40, "height": 30} for s in mine],
            "annotations": [{"image_id": int(s), "category_id": CODES[c], **boxed} for s in mine for c in LABELS[s]],
            "categories": [{"id": code, "name": name} for name, code in CODES.items()],
        }
        lines = ",\n".join(f'"{k}": [\n' + ",\n".join(map(json.dumps, rows)) + "\n]" for k, rows in parts.items())
        (root / f"annotations/instances_{split}.json").write_text("{\n" + lines + "\n}\n")
    return "."


def folder(root: Path) -> str:
    for n, stem in enumerate(STEMS):
        picture(root / SPLITS[stem] / LABELS[stem][0] / f"{stem}.jpg", n)
    return "."


def voc_folder(root: Path) -> str:
    labels = {c: {s: 1 if c in LABELS[s] else -1 for s in STEMS} for c in ("cat", "dog")}
    voc(root, labels, {split: [s for s in STEMS if SPLITS[s] == split] for split in ("train", "test")})
    return "."


def npz(root: Path) -> str:
    labels = [[1 if c in LABELS[s] else -1 for c in ("cat", "dog")] for s in STEMS]
    arrays = {"ids": STEMS, "labels": labels, "classes": ["cat", "dog"], "split": [SPLITS[s] for s in STEMS]}
    root.mkdir(exist_ok=True)
    np.savez(root / "f.npz", x6=np.eye(12), fc7=np.ones((12, 3)), **{k: np.array(v) for k, v in arrays.items()})
    return "f.npz"


def zipped(root: Path) -> str:
    folder(root / "inside")
    with zipfile.ZipFile(root / "set.zip", "w") as archive:
        for path in sorted((root / "inside").rglob("*.jpg")):
            archive.write(path, f"set/{path.parent.name}/{path.name}")
    shutil.rmtree(root / "inside")
    return "set.zip"


FORMATS: dict[str, Callable[[Path], str]] = {
    build.__name__: build for build in (csv_positions, csv_titles, csv_ones, coco, folder, voc_folder, npz, zipped)
}


# Damage: what was done, in words. Lines that are left out or changed are no longer what an entry is held to.


def replaced(path: Path, rng: random.Random) -> str:
    content = bytearray(path.read_bytes())
    for _ in range(rng.randint(1, 3)):
        content[rng.randrange(len(content))] = rng.choice((rng.randrange(256), *b'",;\t\n\r\0 []{}\\/01-.'))
    path.write_bytes(content)
    return f"bytes of {path.name}"


def cut(path: Path, rng: random.Random) -> str:
    content = path.read_bytes()
    begin = rng.randrange(len(content))
    path.write_bytes(content[:begin] + content[begin + rng.choice((1, 2, 9, 200, 10**9)) :])
    return f"a cut in {path.name}"


def inserted(path: Path, rng: random.Random) -> str:
    content = path.read_bytes()
    place = rng.randrange(len(content) + 1)
    new = rng.choice((b'"', b"\n", b"\r", b",", b"\xff", b"\0", rng.randbytes(5)))
    path.write_bytes(content[:place] + new + content[place:])
    return f"bytes put into {path.name}"


def a_word(path: Path, rng: random.Random) -> str:
    """Put something else in place of a number, a name or a quoted text."""
    content = path.read_bytes()
    words = list(re.finditer(rb'"[^"\n]*"|[\w.-]+', content))
    if not words:
        return "nothing"
    word = rng.choice(words)
    new = rng.choice(
        (b"", b"NaN", b"null", b"-1", b"0", b"1", b'"1"', b"[]", b"{}", b"7e400", b'"id"', b"train", b"cat;dog")
    )
    path.write_bytes(content[: word.start()] + new + content[word.end() :])
    return f"{new.decode()!r} for {word[0][:20]!r} in {path.name}"


def doubled(path: Path, rng: random.Random) -> str:
    lines = path.read_bytes().splitlines(keepends=True)
    lines.insert(rng.randrange(len(lines) + 1), rng.choice(lines))
    path.write_bytes(b"".join(lines))
    return f"a line twice in {path.name}"


def recoded(path: Path, rng: random.Random) -> str:
    encoding = rng.choice(("utf-8-sig", "utf-16", "utf-16-le", "utf-32"))
    try:
        text = path.read_text("utf-8")
    except ValueError:
        return "nothing"
    path.write_text(text.replace("\n", rng.choice(("\n", "\r\n"))), encoding, newline="")
    return f"{path.name} in {encoding}"


NAMES = (
    *("{stem}", "{stem}.JPG", "{stem}.png", "{stem}.txt", "{stem}.jpg?w=640", "ä {stem}.jpg", "{stem}\x01.jpg"),
    *("copy of {name}", "{name}.bak", "{name}" + "x" * 99, "\udcff{name}", "a/{name}"),
)


def renamed(path: Path, rng: random.Random) -> str:
    new = path.parent / rng.choice(NAMES).format(stem=path.stem, name=path.name)
    if len(new.name) > 200 or new.exists() or new.parent.is_file():
        return "nothing"
    new.parent.mkdir(exist_ok=True)
    path.rename(new)
    return f"{path.name} renamed {new.name[:30]!r}"


def packed(path: Path, rng: random.Random) -> str:
    """Write an npz or a zip again: in another valid way, with something beside, or with something wrong inside."""
    change = {".npz": _arrays, ".zip": _entries}.get(path.suffix)
    try:
        with zipfile.ZipFile(path) as archive:
            content = [(info.filename, archive.read(info)) for info in archive.infolist()]
    except Exception:  # damaged before, in whatever way
        return "nothing"
    if not change or not content:
        return "nothing"
    what, changed = change(content, rng)
    with warnings.catch_warnings(action="ignore"), zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in changed:
            archive.writestr(name, data)
    return f"{path.suffix}: {what}"


def _arrays(content: list[tuple[str, bytes]], rng: random.Random) -> tuple[str, list[tuple[str, bytes]]]:
    try:
        arrays = {name.removesuffix(".npy"): np.load(io.BytesIO(data)) for name, data in content}
    except Exception:  # damaged before, in whatever way
        return "nothing", content
    name = rng.choice(list(arrays))
    what = rng.choice(("bytes", "zeros", "beside", "name", "hole", "short", "type"))
    if what == "bytes":
        arrays |= {key: array.astype("S") for key, array in arrays.items() if array.dtype.kind == "U"}
    elif what == "zeros" and "labels" in arrays:
        arrays["labels"] = (arrays["labels"] == 1).astype(rng.choice((np.int64, np.float32, np.bool_)))
    elif what == "beside":
        arrays[rng.choice(("mean", "file names", "dyx", "x7"))] = rng.choice((np.ones(3), np.array("text"), np.eye(12)))
    elif what == "name":
        arrays[rng.choice(("dyfoo", "a+b", "ä", "x", "", "n\nn", "dW@features.8"))] = arrays.pop(name)
    elif what == "hole" and arrays[name].dtype == np.float64 and arrays[name].size:
        arrays[name].flat[0] = rng.choice((np.nan, np.inf, 1e300))
    elif what == "short":
        arrays[name] = arrays[name][: rng.randrange(13)] if arrays[name].ndim else arrays[name]
    elif what == "type" and arrays[name].dtype.kind != "c":
        arrays[name] = arrays[name].astype(
            "U1" if arrays[name].dtype.kind in "US" else rng.choice(("f2", "c8", "U", "i1"))
        )
    made = []
    for key, array in arrays.items():
        np.save(buffer := io.BytesIO(), array)
        made.append((f"{key}.npy", buffer.getvalue()))
    return f"{what} {name}", made


def _entries(content: list[tuple[str, bytes]], rng: random.Random) -> tuple[str, list[tuple[str, bytes]]]:
    at, what = (
        rng.randrange(len(content)),
        rng.choice(("LICENSE", "set/a.txt", "__MACOSX/set/._1.jpg", "\\", "ä", "+", "..", "2")),
    )
    name, data = content[at]
    if what == "\\":
        return what, [(name.replace("/", "\\"), data) for name, data in content]
    if what in "ä+":
        return what, [(name.replace("cat", what), data) for name, data in content]
    new = {"2": (name, data), "..": (f"../{name}", data)}.get(what, (what, b"text"))
    return what, [*content[:at], *(() if what == ".." else content[at : at + 1]), new, *content[at + 1 :]]


def emptied(path: Path, rng: random.Random) -> str:
    path.write_bytes(b"")
    return f"{path.name} empty"


def dropped(path: Path, rng: random.Random) -> str:
    path.unlink()
    return f"{path.name} deleted"


def a_folder(path: Path, rng: random.Random) -> str:
    path.unlink()
    path.mkdir()
    return f"{path.name} as a folder"


DAMAGE = (replaced, a_word, a_word, cut, inserted, doubled, recoded, packed, renamed, emptied, dropped, a_folder)


def _lines(root: Path) -> dict[str, Counter[bytes]]:
    """Map each stem to the lines about it, and to its picture's digest, wherever they are."""
    found: dict[str, Counter[bytes]] = {stem: Counter() for stem in STEMS}
    for path in sorted(root.rglob("*")):
        if path.is_file() and path.suffix == ".jpg":
            if path.stem in found:
                found[path.stem][bytes(path.relative_to(root)) + path.read_bytes()] += 1
        elif path.is_file() and path.suffix in (".csv", ".txt", ".json"):
            for line in path.read_bytes().splitlines():
                for stem in STEMS:
                    if stem.encode() in line:
                        found[stem][os.fsencode(path.name) + line.strip().rstrip(b",")] += 1
    return found


def _read(place: Path, scratch: Path) -> tuple[ImageSet, int]:
    """Read a data set; return it and how many findings there are."""
    if place.suffix != ".zip":
        images = find(place)
        return images, sum(finding.count for finding in images.findings)
    if not place.is_file():
        raise DatasetError("nothing was uploaded")
    uploads = Uploads(scratch)
    added = uploads.add_zip(io.BytesIO(place.read_bytes()))
    images = uploads.image_set()
    return images, len(added.refused) + sum(finding.count for finding in images.findings)


def trial(name: str, seed: int, scratch: Path) -> Failure | None:
    """Write, damage and read one data set."""
    rng = random.Random(f"{name} {seed}")
    root = scratch / name
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    place = root / FORMATS[name](root)
    before, done = _lines(root), []
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        files = sorted(path for path in root.rglob("*") if path.is_file() and path.stat().st_size)
        lists = [path for path in files if path.suffix != ".jpg"]
        if files:
            path = rng.choice(lists if lists and rng.random() < 0.6 else files)
            deed = packed if path.suffix in (".npz", ".zip") and rng.random() < 0.5 else rng.choice(DAMAGE)
            done.append(deed(path, rng))
    damage = ", ".join(done)
    try:
        images, findings = _read(place, scratch / "uploads")
    except GradvizError as error:
        return Failure(name, damage, seed, f"not one line: {error}") if "\n" in str(error) else None
    except Exception:
        return Failure(name, damage, seed, traceback.format_exc())
    after = _lines(root)
    shown: dict[str, int] = {}
    for position, identifier in enumerate(images.ids):
        shown |= {stem: len(images.labels_of(position)) for stem in STEMS if stem in identifier}
    meant = {stem: 1 if name in ("folder", "zipped") else len(LABELS[stem]) for stem in STEMS}
    untouched = [stem for stem in STEMS if before[stem] == after[stem]] if name not in ("npz", "zipped") else STEMS
    lost = [stem for stem in untouched if shown.get(stem, -1) < meant[stem]]
    if lost and not findings:
        return Failure(name, damage, seed, f"{lost} lost without a finding")
    here = sum(path.is_file() and any(stem in path.name for stem in STEMS) for path in root.rglob("*"))
    if name == "folder" and len(images) + findings < here:
        return Failure(name, damage, seed, f"{here} pictures, {len(images)} read, {findings} findings")
    return None


def fuzz(trials: Iterator[int], seed: int, scratch: Path) -> Iterator[Failure | None]:
    """Run trials over all formats in turn; yield what each of them came to."""
    for number in trials:
        for name in FORMATS:
            yield trial(name, seed * 1_000_000 + number, scratch)


def main(minutes: float = 10, seed: int = 0) -> int:
    """Run for some minutes; print each failure once and the counts. Return 1 if there was a failure."""
    end, count, failures = time.monotonic() + 60 * minutes, 0, Counter[str]()
    with tempfile.TemporaryDirectory() as scratch:
        trials = iter(lambda: count if time.monotonic() < end else None, None)
        for found in fuzz(trials, seed, Path(scratch)):
            count += 1
            if found:
                kind = f"{found.format}: {found.reason.strip().splitlines()[-1]}"
                if not failures[kind]:
                    print(f"{found.format}, seed {found.seed}, {found.damage}:\n{found.reason}", flush=True)
                failures[kind] += 1
    print(f"seed {seed}: {count} trials of {len(FORMATS)} formats in {minutes:g} minutes, {failures.total()} failures")
    return int(bool(failures))


if __name__ == "__main__":
    sys.exit(main(*(float(text) if i == 0 else int(text) for i, text in enumerate(sys.argv[1:3]))))
