"""Take a VOC archive apart while it comes: only files of known names, into one folder, no more pictures than asked for.

The archive is read once from its beginning, so it may be a file on the disk or still on its way. Nothing is believed
about the order of its members: the official archives bring Annotations, then ImageSets, then JPEGImages, but where
pictures come before the lists, they are kept until the lists tell which of them count.
"""

import re
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from gradviz.callbacks import Cancel, never, stop_if
from gradviz.datasets.pictures import open_picture, printable
from gradviz.errors import DatasetError, DownloadError

# fmt: off
CLASSES = (
    "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow",
    "diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor",
)
# fmt: on

LARGEST_MEMBER = 50_000_000
MOST_MEMBERS = 200_000
"""Limits far above the official archives: bytes of one file, number of files."""

_MEMBER = re.compile(
    r"(?:\./)?VOCdevkit/(VOC20\d\d)/(?:(JPEGImages)/([\w-]{1,64})\.jpg|(Annotations)/([\w-]{1,64})\.xml"
    r"|(ImageSets/Main)/([\w-]{1,64})\.txt)",
    re.ASCII,
)


class Stream(Protocol):
    """Give the next bytes of an archive."""

    def read(self, count: int, /) -> bytes:
        """Give `count` bytes, fewer at the end only."""


class ArchiveError(DownloadError):
    """Say that an archive is damaged or is not the VOC."""


@dataclass
class Contents:
    """Hold what has been taken out of an archive so far; `folder` has JPEGImages, Annotations and ImageSets/Main."""

    folder: Path
    pictures: dict[str, None] = field(default_factory=dict)
    annotations: set[str] = field(default_factory=set)
    lists: set[str] = field(default_factory=set)
    listed: frozenset[str] | None = None
    complete: int = 0
    pictures_first: bool = False

    def wants(self, kind: str, name: str) -> bool:
        """Leave out pictures and annotations of images that the lists, once they are known, do not name."""
        return kind == "ImageSets/Main" or self.listed is None or name in self.listed

    def add(self, kind: str, name: str, splits: tuple[str, ...]) -> None:
        """Note a file that has been written."""
        if kind == "JPEGImages":
            self.pictures[name] = None
            self.pictures_first |= self.listed is None
        elif kind == "Annotations":
            self.annotations.add(name)
        else:
            self.lists.add(name)
        if self.listed is not None:
            self.complete = self.complete + 1 if kind != "ImageSets/Main" and self._whole(name) else self.complete
        elif self.lists >= _list_names(splits):
            self.listed = _ids(self.folder / "ImageSets/Main", splits)
            self.complete = len(self.ready())

    def ready(self) -> list[str]:
        """Ids that are listed and have a picture and an annotation, in the archive's order of pictures."""
        return [identifier for identifier in self.pictures if self._whole(identifier)]

    def _whole(self, identifier: str) -> bool:
        return identifier in self.listed and identifier in self.pictures and identifier in self.annotations


def unpack(
    stream: Stream,
    staging: Path,
    *,
    year: str,
    splits: tuple[str, ...],
    images: int | None = None,
    cancel: Cancel = never,
) -> Contents:
    """Write a VOC archive's pictures, annotations and lists to `staging`/VOCdevkit/YEAR ("VOC2007").

    `splits` are the lists that the archive must have, each alone and for every class. With `images` it stops after so
    many photographs that are listed and annotated, removes what else it had to keep, cuts the lists to them and
    decodes each once. Raises ArchiveError for what is damaged, hostile or not the VOC, and Cancelled.
    """
    contents = Contents(staging / "VOCdevkit" / year)
    guard = _Guard(stream)
    try:
        with tarfile.open(fileobj=guard, mode="r|", bufsize=1 << 16) as tar:
            for member, kind, name in _members(tar, guard, year):
                stop_if(cancel)
                if member is None or not contents.wants(kind, name):
                    continue
                tar.extract(member, staging, filter="data")
                contents.add(kind, name, splits)
                if images is not None and contents.complete >= images:
                    break
    except tarfile.TarError as error:
        raise ArchiveError(f"The archive is cut, damaged or no tar at all ({printable(str(error))}).") from error
    _require_whole(contents, splits, images)
    if images is not None:
        _cut(contents, contents.ready()[:images], cancel)
    return contents


class _Guard:
    """Pass bytes on, but no more than one member may need, so that no header can make the reader hold gigabytes."""

    def __init__(self, stream: Stream):
        self._stream, self.spent = stream, 0

    def read(self, count: int) -> bytes:
        """Give the next bytes."""
        data = self._stream.read(count)
        self.spent += len(data)
        if self.spent > LARGEST_MEMBER + (1 << 20):
            raise _too_large()
        return data


def _members(
    tar: tarfile.TarFile, guard: _Guard, year: str
) -> Iterator[tuple[tarfile.TarInfo, str, str] | tuple[None, str, str]]:
    """Go through all members: the regular files whose names fit the pattern, None for everything else.

    Links, devices, sparse files, other years and names that lead elsewhere are passed over by that.
    """
    for _ in range(MOST_MEMBERS):
        guard.spent = 0
        member = tar.next()
        if member is None:
            return
        if member.size > LARGEST_MEMBER:
            raise _too_large()
        match = _MEMBER.fullmatch(member.name)
        if match and match[1] == year and member.isreg() and not member.issparse():
            kind, name = (part for part in match.groups()[1:] if part)
            yield member, kind, name
        else:
            yield None, "", ""
    raise ArchiveError(f"The archive holds more than {MOST_MEMBERS} files: it is not the VOC's.")


def _too_large() -> ArchiveError:
    return ArchiveError(f"The archive holds a file of more than {LARGEST_MEMBER // 10**6} MB: it is not the VOC's.")


def _list_names(splits: tuple[str, ...]) -> set[str]:
    return {f"{prefix}{split}" for split in splits for prefix in ("", *(f"{name}_" for name in CLASSES))}


def _ids(lists: Path, splits: tuple[str, ...]) -> frozenset[str]:
    """Read the ids of all splits."""
    texts = ((lists / f"{split}.txt").read_text("ascii", "replace") for split in splits)
    return frozenset(line.split()[0] for text in texts for line in text.splitlines() if line.strip())


def _require_whole(contents: Contents, splits: tuple[str, ...], images: int | None) -> None:
    """Refuse an archive that ended before what was asked for."""
    if contents.listed is None:
        absent = sorted(_list_names(splits) - contents.lists)
        raise ArchiveError(f"The archive ended without ImageSets/Main/{absent[0]}.txt: it is cut or not the VOC's.")
    wanted = len(contents.listed) if images is None else min(images, len(contents.listed))
    if contents.complete < wanted or not wanted:
        raise ArchiveError(f"The archive ended after {contents.complete} of {wanted} listed photographs: it is cut.")


def _cut(contents: Contents, ids: list[str], cancel: Cancel) -> None:
    """Leave these images only, each decoded once, and the lists' lines about them."""
    kept = set(ids)
    for folder, suffix in (("JPEGImages", ".jpg"), ("Annotations", ".xml")):
        for path in (contents.folder / folder).iterdir():
            if path.name.removesuffix(suffix) not in kept:
                path.unlink()
    for path in (contents.folder / "ImageSets/Main").iterdir():
        lines = path.read_text("ascii", "replace").splitlines(keepends=True)
        path.write_text("".join(line for line in lines if line.split()[:1] and line.split()[0] in kept), "ascii")
    for identifier in ids:
        stop_if(cancel)
        try:
            open_picture(contents.folder / "JPEGImages" / f"{identifier}.jpg")
        except DatasetError as error:
            raise ArchiveError(f"The archive is damaged: {error}") from error
