"""Take a VOC archive apart while it comes: only files of known names, into one folder, no more pictures than asked for.

The archive is read once from its beginning, so it may be a file on the disk or still on its way. Nothing is trusted
about the order of its members: the official archives have Annotations, then ImageSets, then JPEGImages, but where
pictures come before the lists, they are kept until the lists tell which of them count.
"""

import io
import re
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

from gradviz.callbacks import Cancel, never, stop_if
from gradviz.datasets.pictures import open_picture, printable
from gradviz.download.http import DamagedError
from gradviz.errors import DatasetError
from gradviz.words import counted

# fmt: off
CLASSES = (
    "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow",
    "diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor",
)
# fmt: on

LARGEST_MEMBER = 50_000_000
MOST_MEMBERS = 200_000
"""Limits far above the official archives: bytes of one file, number of files."""

_LISTS = "ImageSets/Main"
_MEMBER = re.compile(
    r"(?:\./)?VOCdevkit/(VOC20\d\d)/(?:(JPEGImages)/([\w-]{1,64})\.jpg|(Annotations)/([\w-]{1,64})\.xml"
    rf"|({_LISTS})/([\w-]{{1,64}})\.txt)",
    re.ASCII,
)


def unpack(
    read: Callable[[int], bytes],
    staging: Path,
    *,
    year: str,
    splits: tuple[str, ...],
    images: int | None = None,
    cancel: Cancel = never,
) -> bool:
    """Write a VOC archive's pictures, annotations and lists to `staging`/VOCdevkit/YEAR.

    Returns whether pictures came before the lists, and so had to be kept until the lists told which of them count.

    Parameters
    ----------
    read
        Returns the archive's next bytes, as a file's `read` does.
    splits
        The lists that the archive must have, each alone and for every class.
    images
        Stop after so many photographs that are listed and annotated, remove what else had to be kept, cut the lists
        to them and decode each once.

    Raises
    ------
    DamagedError, Cancelled
        For what is cut, hostile or not the VOC's.
    """
    folder, guard = staging / "VOCdevkit" / year, _Guard(read)
    absent = {f"{prefix}{split}" for split in splits for prefix in ("", *(f"{name}_" for name in CLASSES))}
    listed, ready, pictures_first = frozenset(), {}, False
    try:
        with tarfile.open(fileobj=guard, mode="r|", bufsize=1 << 16) as tar:
            for member, kind, name in _members(tar, guard, year, cancel):
                if kind != _LISTS and not absent and name not in listed:
                    continue
                tar.extract(member, staging, filter="data")
                fresh = [name]
                if absent:
                    absent.discard(name if kind == _LISTS else "")
                    if absent:
                        continue
                    listed = _ids(folder / _LISTS, splits)
                    fresh = sorted(path.stem for path in folder.glob("JPEGImages/*"))
                    pictures_first = bool(fresh)
                ready.update((name, None) for name in fresh if name in listed and _whole(folder, name))
                if images is not None and len(ready) >= images:
                    break
    except tarfile.TarError as error:
        raise DamagedError(f"The archive is cut, damaged or no tar at all ({printable(str(error))}).") from error
    if absent:
        raise DamagedError(f"The archive ended without {_LISTS}/{min(absent)}.txt: it is cut or not the VOC's.")
    wanted = min(len(listed), images or len(listed))
    if len(ready) < wanted or not wanted:
        raise DamagedError(
            f"The archive ended after {len(ready):,} of {counted(wanted, 'listed photograph')}: it is cut."
        )
    if images is not None:
        _cut(folder, list(ready)[:images], cancel)
    return pictures_first


def _members(
    tar: tarfile.TarFile, guard: "_Guard", year: str, cancel: Cancel
) -> Iterator[tuple[tarfile.TarInfo, str, str]]:
    """Yield the regular files whose names fit, with their folder and name.

    Links, devices, sparse files, other years and names that lead elsewhere are passed over by that.
    """
    for _ in range(MOST_MEMBERS):
        stop_if(cancel)
        guard.spent = 0
        member = tar.next()
        if member is None:
            return
        guard.refuse(member.size)
        match = _MEMBER.fullmatch(member.name)
        if match and match[1] == year and member.isreg() and not member.issparse():
            kind, name = (part for part in match.groups()[1:] if part)
            yield member, kind, name
    raise DamagedError(f"The archive holds more than {counted(MOST_MEMBERS, 'file')}: it is not the VOC's.")


def _ids(lists: Path, splits: tuple[str, ...]) -> frozenset[str]:
    texts = ((lists / f"{split}.txt").read_text("ascii", "replace") for split in splits)
    return frozenset(line.split()[0] for text in texts for line in text.splitlines() if line.strip())


def _whole(folder: Path, name: str) -> bool:
    return (folder / f"JPEGImages/{name}.jpg").exists() and (folder / f"Annotations/{name}.xml").exists()


class _Guard(io.RawIOBase):
    """Pass bytes on, but no more than one member may need, so that no header can make the reader hold gigabytes."""

    def __init__(self, read: Callable[[int], bytes]):
        self._read, self.spent = read, 0

    def read(self, count: int = -1, /) -> bytes:
        """Return the next bytes."""
        data = self._read(count)
        self.spent += len(data)
        self.refuse(self.spent - (1 << 20))
        return data

    def refuse(self, size: int) -> None:
        """Refuse what is larger than a photograph can be."""
        if size > LARGEST_MEMBER:
            limit = LARGEST_MEMBER // 10**6
            raise DamagedError(f"The archive holds a file of more than {limit} MB: it is not the VOC's.")


def _cut(folder: Path, ids: list[str], cancel: Cancel) -> None:
    """Leave these images only, each decoded once, and the lists' lines about them."""
    kept = set(ids)
    for path in (*(folder / "JPEGImages").iterdir(), *(folder / "Annotations").iterdir()):
        if path.stem not in kept:
            path.unlink()
    for path in (folder / _LISTS).iterdir():
        lines = path.read_text("ascii", "replace").splitlines(keepends=True)
        path.write_text("".join(line for line in lines if line.split()[:1] and line.split()[0] in kept), "ascii")
    for identifier in ids:
        stop_if(cancel)
        try:
            open_picture(folder / "JPEGImages" / f"{identifier}.jpg")
        except DatasetError as error:
            raise DamagedError(f"The archive is damaged: {error}") from error
