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
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from PIL import Image

from gradviz.callbacks import Cancel, Progress, never, silent, stop_if
from gradviz.datasets.image_set import Finding, ImageSet
from gradviz.datasets.pictures import OTHER_SUFFIXES, PICTURE_SUFFIXES, as_jpeg, open_picture, printable
from gradviz.datasets.reading import Listing, Row
from gradviz.errors import DatasetError

MB = 1_000_000


@dataclass(frozen=True)
class Limits:
    """Bound what one visitor may bring."""

    picture_bytes: int = 10 * MB
    zip_bytes: int = 200 * MB
    zip_entries: int = 5_000
    pictures: int = 500
    shorter_side: int = 1024


@dataclass(frozen=True)
class Added:
    """Report how many pictures became part of the set; `refused` lists the others with the reason."""

    accepted: int
    refused: tuple[tuple[str, str], ...] = ()


@dataclass
class _Picture:
    name: str
    path: Path
    folders: set[tuple[str, ...]] = field(default_factory=set)


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
        self._lock = threading.RLock()  # reruns of one visitor's page overlap
        self._removal = weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)

    def __len__(self) -> int:
        return len(self._pictures)

    def add(self, name: str, content: bytes | BinaryIO) -> Added:
        """Add one picture; its size is checked before it is read."""
        with self._lock:
            return self._report([(name, self._take(name, (), content))])

    def add_zip(self, file: BinaryIO, *, progress: Progress = silent, cancel: Cancel = never) -> Added:
        """Add the pictures of a zip, one by one; the folders below those that all pictures share become classes.

        Refused as a whole, before anything is unpacked: larger than 200 MB, or than 400 MB unpacked, more than 5,000
        entries, not a zip.
        """
        name = printable(PurePosixPath(getattr(file, "name", "") or "the zip").name)
        with self._lock:
            try:
                _check_directory(file, self.limits)
                with zipfile.ZipFile(file) as archive:
                    return self._report(self._members(archive, name, progress, cancel))
            except DatasetError as error:
                return self._report([(name, str(error))])
            except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, struct.error):
                return self._report([(name, "not a readable zip file")])

    def image_set(self, name: str = "your pictures") -> ImageSet:
        """Return the data set of what was accepted, labelled where zips had folders.

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
            # A picture that came without a folder is of unknown class.
            rows = [
                Row(identifier, picture.path, dict.fromkeys(_classes(picture), 1) or None)
                for identifier, picture in pictures
            ]
            findings = [Finding(refused, reason) for refused, reason in self._refused.items()]
            return Listing(self.folder, rows, findings, splits=()).image_set(name=name)

    def clear(self) -> None:
        """Remove every picture from memory and disk."""
        with self._lock:
            for picture in self._pictures.values():
                picture.path.unlink(missing_ok=True)
            self._pictures.clear()
            self._refused.clear()

    def _members(
        self, archive: zipfile.ZipFile, name: str, progress: Progress, cancel: Cancel
    ) -> list[tuple[str, str | None]]:
        if len(archive.infolist()) > self.limits.zip_entries:
            raise DatasetError(f"refused: more than {self.limits.zip_entries} files")
        entries = [info for info in archive.infolist() if not info.is_dir() and _wanted(info.filename)]
        # Pictures hardly shrink in a zip: what grows beyond this is a bomb, often of overlapping entries.
        if sum(info.file_size for info in entries) > 2 * self.limits.zip_bytes:
            raise DatasetError(f"refused: unpacks to more than {2 * self.limits.zip_bytes / MB:g} MB")
        folders = _folders([info.filename for info in entries])
        results: list[tuple[str, str | None]] = []
        for info, parts in zip(entries, folders, strict=True):
            stop_if(cancel)
            results.append((info.filename, self._member(archive, info, parts)))
            progress(len(results), len(entries))
        return results or [(name, "no picture in it")]

    def _member(self, archive: zipfile.ZipFile, info: zipfile.ZipInfo, parts: tuple[str, ...]) -> str | None:
        if info.flag_bits & 0x1:
            return "encrypted"
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            return "packed in a way that is not read: create the zip again"
        if info.filename.startswith(("/", "\\")) or ".." in re.split(r"[/\\]", info.filename):
            return "a path that leads out of the zip"
        if info.file_size > self.limits.picture_bytes:
            return self._too_large()
        try:
            with archive.open(info) as member:
                content = member.read(self.limits.picture_bytes + 1)  # the size in the directory may be a lie
        except (zipfile.BadZipFile, zlib.error, OSError, ValueError, EOFError, NotImplementedError, RuntimeError):
            return "damaged inside the zip"
        return self._take(info.filename, parts, content)

    def _take(self, name: str, parts: tuple[str, ...], content: bytes | BinaryIO) -> str | None:
        """Add one picture; return the reason if it is refused."""
        read = self._read(content)
        if read is None:
            return self._too_large()
        key = hashlib.sha256(read).hexdigest()
        picture = self._pictures.get(key)
        if picture is None:
            if len(self._pictures) >= self.limits.pictures:
                return f"more than {self.limits.pictures} pictures: remove some first"
            path = self.folder / f"{key}.jpg"
            try:
                jpeg = as_jpeg(_smaller(open_picture(read, name="it"), self.limits.shorter_side), quality=92)
                path.write_bytes(jpeg)
            except DatasetError as error:
                return str(error).removeprefix("it ").rstrip(".")
            except OSError as error:
                path.unlink(missing_ok=True)
                return f"cannot be kept: {error.strerror or error}"
            picture = self._pictures[key] = _Picture(_sanitised(name), path)
        picture.folders.add(parts)
        return None

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


def _check_directory(file: BinaryIO, limits: Limits) -> None:
    """Refuse a zip by its size and by its end record, before zipfile reads a directory of any length into memory."""
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
        raise DatasetError(f"refused: more than {limits.zip_entries} files")


def _wanted(name: str) -> bool:
    path = PurePosixPath(name)
    hidden = any(part.startswith(".") and part != ".." for part in path.parts) or "__MACOSX" in path.parts
    return not hidden and path.suffix.lower() in PICTURE_SUFFIXES | OTHER_SUFFIXES | {""}


def _folders(names: list[str]) -> list[tuple[str, ...]]:
    """Return the folders of each entry below those that all entries share."""
    parts = [PurePosixPath(name.replace("\\", "/")).parts[:-1] for name in names]
    levels = enumerate(zip(*parts, strict=False))
    shared = next((depth for depth, level in levels if len(set(level)) > 1), min(map(len, parts), default=0))
    return [part[shared:] for part in parts]


def _classes(picture: _Picture) -> list[str]:
    return sorted({_sanitised(folders[0]) for folders in picture.folders if folders})


def _sanitised(name: str) -> str:
    """Keep letters, digits, space and -_.() of a file's own name."""
    own = name.replace("\\", "/").rstrip("/").rpartition("/")[2]
    return re.sub(r"[^\w .()-]", "_", own)[-100:].strip(" .") or "picture"


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
