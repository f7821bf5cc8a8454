"""Build a data set, seen by one visitor alone, from the files and zips that this visitor uploads."""

import hashlib
import io
import os
import re
import shutil
import struct
import tempfile
import threading
import weakref
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from PIL import Image

from gradviz.callbacks import Cancel, Progress, never, silent, stop_if
from gradviz.datasets.formats import recognised
from gradviz.datasets.grouping import grouped
from gradviz.datasets.hidden import hidden_pictures, is_hidden
from gradviz.datasets.image_set import Finding, ImageSet
from gradviz.datasets.leftover import kept_unlabelled
from gradviz.datasets.packed_tables import with_tables
from gradviz.datasets.pictures import HEAD, as_jpeg, open_picture, picture_format, printable
from gradviz.datasets.reading import Listing, Row
from gradviz.datasets.scan import kind
from gradviz.datasets.splits import ORDER, split_named
from gradviz.datasets.unpacking import Unpacked, is_guessed, leads_out, original_name, parts_of
from gradviz.errors import DatasetError
from gradviz.words import counted

MB = 1_000_000
_LONGEST = 100
"""Letters of a picture's name."""
_REPLACED = "the zip holds a later file of the same name, which is read instead of this one"
_LEADS_OUT = "a path that leads out of the zip"


@dataclass(frozen=True)
class Limits:
    """Bound what one visitor may bring."""

    picture_bytes: int = 10 * MB
    list_bytes: int = 50 * MB
    zip_bytes: int = 200 * MB
    zip_entries: int = 5_000
    pictures: int = 500
    shorter_side: int = 1024


@dataclass(frozen=True)
class Added:
    """Report how many pictures became part of the set; `refused` lists the others with the reason."""

    accepted: int
    refused: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class _Said:
    """What one zip says about a picture; `classes` are all that the zip knows."""

    classes: frozenset[str]
    labels: Mapping[str, int | None]
    splits: tuple[str, ...]


@dataclass
class _Picture:
    name: str
    path: Path
    said: list[_Said] = field(default_factory=list)
    came: list[str] = field(default_factory=list)
    """What it was called, each time that it came."""


class Uploads:
    """Keep one visitor's pictures in a folder of their own, until `clear` or the end of this object.

    Each picture is decoded once, within the limits of `pictures`, brought down to a shorter side of 1024 pixels and
    encoded again as a JPEG named by the sha256 of what came in: EXIF, and whatever else hid in the file, stays behind.
    The same picture twice is one picture. Names are only ever used as ids, never as paths.
    """

    def __init__(self, folder: Path, limits: Limits | None = None):
        self.limits = limits or Limits()
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = Path(tempfile.mkdtemp(prefix="visitor-", dir=folder)).resolve()
        self._pictures: dict[str, _Picture] = {}
        self._refused: dict[str, str] = {}
        self._unlaid: dict[tuple[str, str], int] = {}
        """Name of a zip whose layout is refused, and why -> the number of its pictures, which stay."""
        self._findings: list[Finding] = []
        self._lock = threading.RLock()  # reruns of one visitor's page overlap
        self._removal = weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)

    def __len__(self) -> int:
        return len(self._pictures)

    def add(self, name: str, content: bytes | BinaryIO) -> Added:
        """Add one picture; its size is checked before it is read."""
        with self._lock:
            return self._report([(name, self._take(name, content)[1])])

    def add_zip(self, file: BinaryIO, *, progress: Progress = silent, cancel: Cancel = never) -> Added:
        """Add the pictures of a zip, one by one, with the labels and splits that a folder with its contents would have.

        Refused as a whole, before anything is unpacked: larger than 200 MB, or than 400 MB unpacked, more than 5,000
        entries, not a zip.
        """
        name = printable(PurePosixPath(getattr(file, "name", "") or "the zip").name)
        with self._lock:
            try:
                promised = _check_directory(file, self.limits)
                with zipfile.ZipFile(file) as archive:
                    there = len(archive.infolist())
                    files = counted(promised, "file")
                    damaged = f"damaged: {there:,} of the {files} in it can be found; create the zip again"
                    told = self._members(archive, name, progress, cancel)
                    return self._report(told if there == promised else [(name, damaged), *told])
            except DatasetError as error:
                return self._report([(name, str(error))])
            except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, struct.error):
                return self._report([(name, "not a readable zip file")])

    def image_set(self, name: str = "your pictures", *, seed: int = 0) -> ImageSet:
        """Return the data set of what was accepted, labelled where zips had folders.

        Without splits of their own, labelled pictures are parted into train and val as a folder's are, by the seed.

        Raises
        ------
        DatasetError
            While there is no picture.
        """
        with self._lock:
            if not self._pictures:
                raise DatasetError("There is no picture yet: drop JPEG, PNG or WebP files, or a zip of them.")
            ids = _unique([picture.name for picture in self._pictures.values()])
            pictures = sorted(zip(ids, self._pictures.values(), strict=True), key=lambda pair: pair[0])
            classes = sorted({name for _, picture in pictures for said in picture.said for name in said.classes})
            rows = [
                Row(identifier, picture.path, _labels(picture, classes), _splits(picture))
                for identifier, picture in pictures
            ]
            findings = [
                Finding(refused, reason, "unlabelled", stay)
                if (stay := self._unlaid.get((refused, reason)))
                else Finding(refused, reason)
                for refused, reason in self._refused.items()
            ]
            findings += [*self._findings, *_joined(pictures)]
            named = {split for row in rows for split in row.splits}
            splits = [split for split in ORDER if split in named]
            splits += sorted(named - set(ORDER))
            return Listing(self.folder, rows, findings, classes=classes or None, splits=splits or None).image_set(
                name=name, seed=seed
            )

    def clear(self) -> None:
        """Remove every picture from memory and disk."""
        with self._lock:
            for picture in self._pictures.values():
                picture.path.unlink(missing_ok=True)
            self._pictures.clear()
            self._refused.clear()
            self._unlaid.clear()
            self._findings.clear()

    def _members(
        self, archive: zipfile.ZipFile, name: str, progress: Progress, cancel: Cancel
    ) -> list[tuple[str, str | None]]:
        if len(archive.infolist()) > self.limits.zip_entries:
            raise DatasetError(f"refused: more than {counted(self.limits.zip_entries, 'file')}")
        named = [(info, original_name(info)) for info in archive.infolist()]
        whole = [(info, called, called.replace("\\", "/")) for info, called in named]
        folders = {path: None for info, _, path in whole if path.endswith("/") and not info.file_size}
        listed = [entry for entry in whole if entry[2] not in folders]
        visible = [entry for entry in listed if not is_hidden(entry[2])]
        entries = [
            (info, called, path)
            for info, called, path in visible
            if kind(path) != "silent" or self._starts_like_a_picture(archive, info)
        ]
        # Pictures hardly shrink in a zip: what grows beyond this is a bomb, often of overlapping entries.
        if sum(info.file_size for info, _, _ in entries) > 2 * self.limits.zip_bytes:
            raise DatasetError(f"refused: unpacks to more than {2 * self.limits.zip_bytes / MB:g} MB")
        guessed = [called for info, called, _ in entries if is_guessed(info)]
        if guessed:
            reason = "the zip does not say how names are written: they are read in code page 437"
            self._findings.append(Finding(printable(guessed[0]), reason, "guessed", len(guessed)))
        hidden = {path: info for info, _, path in listed if is_hidden(path)}
        self._findings += hidden_pictures(hidden, lambda path: self._starts_like_a_picture(archive, hidden[path]))
        unpacked = Unpacked(self.folder)
        for path in folders:
            if split_named(path.rstrip("/").rpartition("/")[2]) and not is_hidden(path) and not leads_out(path):
                with suppress(OSError):  # too long a path: files in it are refused by name
                    unpacked.add_folder(path)
        # Whatever unpacks a zip is left with the last of several files of one name.
        last = {parts_of(path): info for info, _, path in entries}
        results: list[tuple[str, str | None]] = []
        others: list[str] = []
        masks: set[str] = set()
        try:
            for done, (info, called, path) in enumerate(entries, 1):
                stop_if(cancel)
                if info is not last[parts_of(path)]:
                    results.append((called, _REPLACED))
                elif kind(path) == "unknown" and not self._starts_like_a_picture(archive, info):
                    others.append(path)
                elif kind(path) == "list":
                    reason = self._list(archive, info, path, unpacked)
                    results += [(called, reason)] if reason else []
                else:
                    results.append((called, self._member(archive, info, path, unpacked)))
                progress(done, len(entries))
        finally:
            self._findings += grouped(others, "not a JPEG, PNG or WebP picture", "left out")
            results += self._read_layout(unpacked, name, masks)
            shutil.rmtree(unpacked.root, ignore_errors=True)
        results = [(called, reason) for called, reason in results if called.replace("\\", "/") not in masks]
        return results or [(name, "no picture in it")]

    def _starts_like_a_picture(self, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bool:
        content = _unzipped(archive, info, HEAD)
        return isinstance(content, bytes) and picture_format(content) is not None

    def _list(self, archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str, unpacked: Unpacked) -> str | None:
        if leads_out(name):
            return _LEADS_OUT
        if info.file_size > self.limits.list_bytes:
            return f"larger than {self.limits.list_bytes / MB:g} MB"
        content = _unzipped(archive, info, self.limits.list_bytes)
        if isinstance(content, str):
            return content
        try:
            unpacked.add_list(name, content)
        except OSError as error:
            return f"cannot be kept: {error.strerror or error}"
        return None

    def _member(self, archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str, unpacked: Unpacked) -> str | None:
        if leads_out(name):
            return _LEADS_OUT
        if info.file_size > self.limits.picture_bytes:
            return self._too_large()
        content = _unzipped(archive, info, self.limits.picture_bytes + 1)  # the size in the directory may be a lie
        if isinstance(content, str):
            return content
        key, reason = self._take(name, content)
        if reason is not None:
            return reason
        try:
            unpacked.add_picture(name, self._pictures[key].path, key)
        except OSError as error:
            return f"cannot be kept: {error.strerror or error}"
        return None

    def _read_layout(self, unpacked: Unpacked, name: str, masks: set[str]) -> list[tuple[str, str | None]]:
        """Learn labels and splits from where the pictures lie and the lists beside them; return what was refused.

        Masks are taken back: `masks` takes their paths in the zip.
        """
        if not unpacked.pictures:
            return []
        try:
            listing = _listing(unpacked.root)
        except DatasetError as error:
            reason = str(error).replace(str(unpacked.root), name).rstrip(".")
            self._unlaid[name, reason] = len(unpacked.pictures)
            return [(name, reason)]
        called = unpacked.renamed
        known = listing.classes or {label for row in listing.rows for label in row.labels or ()}
        classes = frozenset(called.get(name, name) for name in known)
        for row in listing.rows:
            if row.path is not None and (key := unpacked.pictures.get(row.path)):
                labels = {called.get(name, name): value for name, value in (row.labels or {}).items()}
                said = _Said(classes if row.labels is not None else frozenset(), labels, tuple(row.splits))
                self._pictures[key].said.append(said)
        masks |= self._without(listing.masks, unpacked)
        rows = {row.path for row in listing.rows} | {*listing.masks}
        beside = [path.relative_to(unpacked.root).as_posix() for path in unpacked.pictures if path not in rows]
        self._findings += kept_unlabelled(listing.findings, beside)
        if called:
            reason = "names that the file system cannot have: a list that names them by their paths misses them"
            self._findings.append(Finding(printable(next(iter(called.values()))), reason, "guessed", len(called)))
        return []

    def _without(self, masks: Sequence[Path], unpacked: Unpacked) -> set[str]:
        """Remove masks, unless they have come as photographs too; return their paths in the zip."""
        names = {path: unpacked.names[path] for path in masks if path in unpacked.names}
        for path, name in names.items():
            key = unpacked.pictures[path]
            self._pictures[key].came.remove(name)
            if not self._pictures[key].came:
                self._pictures.pop(key).path.unlink(missing_ok=True)
        return {*names.values()}

    def _take(self, name: str, content: bytes | BinaryIO) -> tuple[str, str | None]:
        """Add one picture; return its key, and the reason if it is refused."""
        read = self._read(content)
        if read is None:
            return "", self._too_large()
        key = hashlib.sha256(read).hexdigest()
        if key not in self._pictures:
            if len(self._pictures) >= self.limits.pictures:
                return "", f"more than {counted(self.limits.pictures, 'picture')}: remove some first"
            path = self.folder / f"{key}.jpg"
            try:
                jpeg = as_jpeg(_smaller(open_picture(read, name="it"), self.limits.shorter_side), quality=92)
                path.write_bytes(jpeg)
            except DatasetError as error:
                return "", str(error).removeprefix("it ").rstrip(".")
            except OSError as error:
                path.unlink(missing_ok=True)
                return "", f"cannot be kept: {error.strerror or error}"
            self._pictures[key] = _Picture(_sanitised(name), path)
        self._pictures[key].came.append(name)
        return key, None

    def _read(self, content: bytes | BinaryIO) -> bytes | None:
        file = io.BytesIO(content) if isinstance(content, bytes) else content
        if file.seek(0, os.SEEK_END) > self.limits.picture_bytes:
            return None
        file.seek(0)
        return file.read()

    def _too_large(self) -> str:
        return f"larger than {self.limits.picture_bytes / MB:g} MB"

    def _report(self, results: list[tuple[str, str | None]]) -> Added:
        refused = tuple((printable(name), reason) for name, reason in results if reason is not None)
        for name, reason in refused[: self.limits.zip_entries - len(self._refused)]:
            self._refused[name] = reason
        return Added(len(results) - len(refused), refused)


def _check_directory(file: BinaryIO, limits: Limits) -> int:
    """Return how many entries a zip says it has.

    It is refused by its size and by its end record, before zipfile reads a directory of any length into memory.
    """
    size = file.seek(0, os.SEEK_END)
    if size > limits.zip_bytes:
        raise DatasetError(f"refused: larger than {limits.zip_bytes / MB:g} MB")
    file.seek(max(0, size - 66_000))
    tail = file.read()
    end = tail.rfind(b"PK\5\6")
    if end < 0 or len(tail) < end + 22:
        raise DatasetError("not a readable zip file")
    entries, directory_bytes = struct.unpack("<HI", tail[end + 10 : end + 16])
    if entries > limits.zip_entries or directory_bytes > 1000 * limits.zip_entries or b"PK\6\7" in tail[:end][-20:]:
        raise DatasetError(f"refused: more than {counted(limits.zip_entries, 'file')}")
    return entries


def _unzipped(archive: zipfile.ZipFile, info: zipfile.ZipInfo, most: int) -> bytes | str:
    """Return the first bytes of an entry, or the reason why it cannot be read."""
    if info.flag_bits & 0x1:
        return "encrypted"
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "packed in a way that is not read: create the zip again"
    try:
        with archive.open(info) as member:
            return member.read(most)
    except (zipfile.BadZipFile, zlib.error, OSError, ValueError, EOFError, NotImplementedError, RuntimeError):
        return "damaged inside the zip"


def _listing(folder: Path) -> Listing:
    """Read what was unpacked like a folder that somebody names, with the labels of its tables."""
    return with_tables(folder, recognised(folder).listed(folder))


def _labels(picture: _Picture, classes: Sequence[str]) -> dict[str, int | None] | None:
    """Return the labels that all zips together say: 1 where one does, unknown where none knows the class."""
    found: dict[str, int | None] = {}
    for name in classes:
        values = [said.labels.get(name, -1) for said in picture.said if name in said.classes]
        found[name] = max((value for value in values if value is not None), default=None)
    return found if any(said.classes for said in picture.said) else None


def _splits(picture: _Picture) -> tuple[str, ...]:
    return tuple(dict.fromkeys(split for said in picture.said for split in said.splits))


def _joined(pictures: Sequence[tuple[str, _Picture]]) -> list[Finding]:
    """Name the pictures that came more than once, as far as it matters: with other splits, labels or names."""
    reasons: dict[str, list[str]] = {}
    for name, picture in pictures:
        splits = sorted({split for said in picture.said for split in said.splits})
        if len({frozenset(said.splits) for said in picture.said if said.splits}) > 1:
            reason = f"came more than once, in {' and '.join(splits)}: it is in each of these splits"
        elif len({str(sorted(said.labels.items())) for said in picture.said}) > 1:
            reason = "came more than once, with other labels: it has all of them"
        elif len(set(picture.came)) > 1:
            reason = "came more than once, under other names: one picture"
        else:
            continue
        reasons.setdefault(reason, []).append(name)
    return [finding for reason, names in reasons.items() for finding in grouped(names, reason, "joined")]


def _sanitised(name: str) -> str:
    """Keep letters, digits, space and -_.() of a file's own name."""
    own = name.replace("\\", "/").rstrip("/").rpartition("/")[2]
    own = re.sub(r"[^\w .()-]", "_", own)
    if len(own) > _LONGEST:  # people tell names apart by their beginning, programs by their suffix
        stem, dot, suffix = own.rpartition(".")
        end = f"{dot}{suffix}" if stem and len(suffix) < 10 else ""
        own = own[: _LONGEST - len(end)] + end
    return own.strip(" .") or "picture"


def _unique(names: list[str]) -> list[str]:
    taken: dict[str, None] = {}
    for name in names:
        stem, dot, suffix = name.rpartition(".")
        candidate, number = name, 1
        while candidate in taken:
            number += 1
            candidate = f"{stem} ({number}){dot}{suffix}" if stem else f"{name} ({number})"
        taken[candidate] = None
    return list(taken)


def _smaller(picture: Image.Image, shorter_side: int) -> Image.Image:
    """Scale down to a shorter side of at most 1024 pixels, and a longer one that every reader of JPEGs accepts."""
    scale = min(1, shorter_side / min(picture.size), 8 * shorter_side / max(picture.size))
    if scale == 1:
        return picture
    size = [max(1, round(side * scale)) for side in picture.size]
    return picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
