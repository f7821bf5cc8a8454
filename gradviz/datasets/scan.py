"""List what lies in folders without decoding any picture: pictures by their first bytes, and the files beside them."""

import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal, NamedTuple

from gradviz.datasets.grouping import grouped
from gradviz.datasets.hidden import hidden_pictures, is_hidden
from gradviz.datasets.image_set import Finding
from gradviz.datasets.pictures import (
    HEAD,
    OTHER_SUFFIXES,
    PICTURE_SUFFIXES,
    UNWRITABLE,
    picture_format,
    printable,
    why_not,
)
from gradviz.datasets.splits import is_beside, says_nothing, split_named
from gradviz.errors import DatasetError

DEEPEST = 8
"""Folders inside folders that are followed."""

LIST_SUFFIXES = frozenset(
    (
        *(".txt", ".xml", ".json", ".jsonl", ".ndjson", ".csv", ".tsv", ".yaml", ".yml", ".names", ".data", ".lst"),
        *(".mat", ".npz", ".npy", ".parquet", ".arrow", ".tfrecord", ".record", ".pbtxt", ".xlsx", ".xls", ".ods"),
        *(".pkl", ".h5", ".hdf5", ".db", ".sqlite", ".cfg", ".pts", ".toml", ".list", ".labels", ".ids"),
        *(".caption", ".captions"),
    )
)
"""Files that may say what pictures show; where no reader uses one, it is named."""
TABLE_SUFFIXES = (".csv", ".tsv")
UNREAD_TABLE = "not read with its folder: give this file itself, if it lists pictures"
_SILENT_SUFFIXES = frozenset(
    (".md", ".rst", ".pdf", ".html", ".htm", ".py", ".ipynb", ".sh", ".log", ".url", ".docx", ".ini", ".bib", ".lock")
)
_SILENT_NAMES = frozenset(
    (
        *("readme", "license", "licence", "copying", "copyright", "notice", "citation", "changelog", "authors"),
        *("thumbs", "ehthumbs", "desktop", "note", "notes", "icon\r", "about", "requirements", "dockerfile"),
    )
)
_UNWRITABLE_NAME = "a name with characters that cannot be written down"
_LFS = b"version https://"
_TOO_DEEP = "a folder too deep inside others"
_MOST_COUNTED = 10_000
"""Files in a folder too deep that are looked at, to say how many pictures it holds."""

_MANY_FOLDERS = 50
"""Folders beside each other that are searched for a data set: more of them are classes."""


Kind = Literal["picture", "list", "silent", "unknown"]


@dataclass(frozen=True)
class Found:
    """Locate a picture; `name` is its path below the scanned folder, with `/` between the parts."""

    name: str
    path: Path

    @property
    def folders(self) -> tuple[str, ...]:
        """Return the folders between the scanned one and the picture."""
        return tuple(self.name.split("/")[:-1])


class Contents(NamedTuple):
    """Hold what lies in a folder: pictures and lists (files that may say what the pictures show), by name."""

    pictures: list[Found]
    lists: list[Found]
    findings: list[Finding]


def contents(folder: Path, *, deepest: int = DEEPEST, passing: Collection[str] = ()) -> Contents:
    """List what lies in `folder` and the folders below it, by name.

    A picture is a regular file that starts like a JPEG, PNG or WebP, whatever it is called. Links are followed: the
    person who names a folder on this computer has put them there. Findings, with the reason: files that pretend to be
    pictures, links to nothing or round in a circle, names that cannot be written down, files of other kinds. Hidden
    ones and folders of the system are passed over, and named where they hold pictures; those that tell people about the
    folder (README, LICENSE) and those that file managers leave are passed over, unless they are pictures.

    Parameters
    ----------
    folder
        Where to look.
    deepest
        How many folders inside folders are followed; those too deep are named, but with 0 nobody asks for any.
    passing
        Paths of files that are passed over: what a reader has used already is not opened again.

    Raises
    ------
    DatasetError
        If `folder` cannot be read.
    """
    pictures: list[Found] = []
    lists: list[Found] = []
    findings: list[Finding] = []
    others: list[str] = []
    hidden: list[str] = []
    deep: list[str] = []
    for name, entry in _files(folder, "", deepest, findings, hidden=hidden, deep=deep):
        if entry.path in passing:
            continue
        of_name = kind(entry.name)
        if of_name == "list" and not UNWRITABLE.search(name):
            lists.append(Found(name, Path(entry.path)))
        else:
            reason = _refusal(name, entry)
            if of_name == "silent" and reason is not None:
                continue
            if reason is None:
                pictures.append(Found(name, Path(entry.path)))
            elif of_name == "picture" or reason == _UNWRITABLE_NAME:
                findings.append(Finding(printable(name), reason))
            else:
                others.append(name)
    findings += grouped(others, "not a JPEG, PNG or WebP picture", "left out")
    findings += [_too_deep(folder / name, name) for name in deep if deepest]
    findings += hidden_pictures(hidden, lambda name: _starts_like_a_picture(folder / name))
    return Contents(sorted(pictures, key=_name), sorted(lists, key=_name), findings)


def unread(lists: Iterable[Found]) -> list[Finding]:
    """Name lists that no reader has used."""
    names = [found.name for found in lists]
    tables = [name for name in names if name.lower().endswith(TABLE_SUFFIXES)]
    others = [name for name in names if not name.lower().endswith(TABLE_SUFFIXES)]
    return [
        *grouped(tables, UNREAD_TABLE, "not read"),
        *grouped(others, "may say what pictures show, but is in no layout that is read", "not read"),
    ]


def files_in(folder: Path, suffix: str = "") -> list[Path]:
    """List the visible files right in a folder with a suffix, in whatever case; none if it cannot be read."""
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries if not is_hidden(entry.name) and not _is_folder(entry)]
    except OSError:
        return []
    return [folder / name for name in sorted(names) if name.lower().endswith(suffix)]


def names_below(folder: Path, *, deepest: int = DEEPEST) -> list[str]:
    """List the names of all visible files, without opening any; none if the folder cannot be read."""
    try:
        return [name for name, _ in _files(folder, "", deepest, [])]
    except DatasetError:
        return []


def within(folder: Path, *, deepest: int = 3) -> list[Path]:
    """List the folder and, as long as one holds nothing but a single folder (and files that are no pictures), that.

    Folders without any file count for nothing.
    """
    chain = [folder]
    for _ in range(deepest):
        try:
            with os.scandir(chain[-1]) as entries:
                visible = [entry for entry in entries if not is_hidden(entry.name)]
        except OSError:
            break
        every = [entry for entry in visible if _is_folder(entry)]
        folders = [entry for entry in every if not is_empty(Path(entry.path))]
        pictures = [entry for entry in visible if entry not in every and kind(entry.name) == "picture"]
        if len(folders) != 1 or pictures:
            break
        chain.append(chain[-1] / folders[0].name)
    return chain


def is_empty(folder: Path) -> bool:
    """Check whether neither a folder nor any below it has a visible file, looking no further than the first."""
    try:
        return next(_files(folder, "", DEEPEST, []), None) is None
    except DatasetError:
        return False


def empty_splits(folder: Path, named: Collection[str] = ()) -> list[Finding]:
    """Name folders called like splits without a picture, in a data set's folder or in its images/.

    One that holds files is passed over where these are `named` already.
    """
    found: dict[str, Finding] = {}
    for above in within(folder):
        inner = [path for path in _folders(above) if says_nothing(path.name) and not is_beside(path.name)]
        for path in (path for place in (above, *inner) for path in _folders(place) if split_named(path.name)):
            name = printable(path.relative_to(folder).as_posix())
            if is_empty(path):
                found[name] = Finding(name, "the folder of a split, but empty")
            elif not any(one.startswith(f"{name}/") for one in named) and not _may_hold_pictures(path):
                found[name] = Finding(name, "the folder of a split, but without a picture")
    return list(found.values())


def _may_hold_pictures(folder: Path) -> bool:
    return any(kind(name) == "picture" for name in names_below(folder)) or any_picture(folder)


def inside(folder: Path, *, deepest: int = 3) -> list[list[Path]]:
    """List the visible folders that may hold a data set of their own, by depth: those of splits are parts of one."""
    levels = [[folder]]
    for _ in range(deepest):
        found = [path for above in levels[-1] for path in _folders(above) if not split_named(path.name)]
        if not found or len(found) > _MANY_FOLDERS:
            break
        levels.append(found)
    return levels[1:]


def beside(folder: Path, inner: Path) -> list[Finding]:
    """Name what lies in a folder but not in the one below it that is read alone."""
    reason = f"beside the data set, which is read from {printable(inner.relative_to(folder).as_posix())}/"
    findings = []
    for above in (path for path in (inner, *inner.parents) if path != folder and path.is_relative_to(folder)):
        with os.scandir(above.parent) as entries:
            names = sorted(entry.name for entry in entries if not is_hidden(entry.name) and entry.name != above.name)
        prefix = "" if above.parent == folder else f"{above.parent.relative_to(folder).as_posix()}/"
        there = [(name, above.parent / name) for name in names]
        files = [prefix + name for name, path in there if not path.is_dir() and not _is_silent(path)]
        findings += grouped(files, reason, "left out")
        for path in (above.parent / name for name in names):
            if path.is_dir() and (number := len(names_below(path))):
                findings.append(Finding(printable(f"{prefix}{path.name}/"), reason, count=number))
    return findings


def kind(name: str) -> Kind:
    """Tell by its name what a file may be; an unknown one has to be opened, and a silent one may yet be a picture."""
    suffix = os.path.splitext(name)[1].lower()  # noqa: PTH122 - a Path for each of 17,000 entries is slow
    if suffix in PICTURE_SUFFIXES or suffix in OTHER_SUFFIXES:
        return "picture"
    first = name.rpartition("/")[2].lower().partition(".")[0]
    if suffix in _SILENT_SUFFIXES or (first in _SILENT_NAMES and (not suffix or suffix in LIST_SUFFIXES)):
        return "silent"
    return "list" if suffix in LIST_SUFFIXES else "unknown"


def _is_silent(path: Path) -> bool:
    return kind(path.name) == "silent" and not is_picture(path)


def any_picture(folder: Path) -> bool:
    """Check whether a folder holds a usable picture, looking no further than the first."""
    try:
        return any(
            kind(entry.name) != "list" and _refusal(name, entry) is None
            for name, entry in _files(folder, "", DEEPEST, [])
        )
    except DatasetError:
        return False


def below(root: Path, relative: str) -> Path | str:
    """Return the picture below `root` that a list names by its path, or the reason why there is none.

    The name must stay below `root` as it is written; a link that somebody put there is followed.
    """
    if UNWRITABLE.search(relative):
        return _UNWRITABLE_NAME
    try:
        # As it is written: what the system makes of link/../x is another folder's x.
        path = Path(os.path.normpath(root / relative))
        if not path.is_relative_to(root):
            path = path.resolve()  # an absolute path by way of a link to this folder
        if not path.is_relative_to(root):
            return "leads out of the folder"
        if not path.is_file():
            return "no such file"
        return _content(path) or path
    except (OSError, ValueError, RuntimeError) as error:  # too long, a zero byte, a ring of links
        return f"not a usable path: {printable(str(error))}"


def is_picture(path: Path) -> bool:
    """Check by its first bytes whether a file is a picture."""
    try:
        return path.is_file() and _content(path) is None
    except OSError:
        return False


def such_as(findings: Sequence[Finding]) -> str:
    """Summarise how many entries were skipped, with the first as an example; empty if none was."""
    if not findings:
        return ""
    count = sum(finding.count for finding in findings)
    return f" (skipped {count}, such as {findings[0].name}: {findings[0].reason})"


def _name(found: Found) -> str:
    return found.name


def _files(
    folder: Path,
    prefix: str,
    deepest: int,
    findings: list[Finding],
    above: tuple[tuple[int, int], ...] = (),
    hidden: list[str] | None = None,
    deep: list[str] | None = None,
) -> Iterator[tuple[str, os.DirEntry]]:
    """Walk through the visible files; `hidden` takes the names of the others, `deep` those of folders too deep."""
    try:
        status = os.stat(folder)  # noqa: PTH116
        above = (*above, (status.st_dev, status.st_ino))
        with os.scandir(folder) as entries:
            listed = sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        if not prefix:
            raise DatasetError(f"The folder {printable(str(folder))} cannot be read: {error.strerror}.") from error
        findings.append(Finding(printable(prefix), f"the folder cannot be read: {error.strerror}"))
        return
    for entry in listed:
        name = prefix + entry.name
        if is_hidden(entry.name):
            if hidden is not None:
                hidden += _below_hidden(name, entry, deepest)
            continue
        if not _is_folder(entry):
            yield name, entry
        elif entry.is_symlink() and _is_above(entry, above):
            findings.append(Finding(printable(name), "a link to a folder that holds it"))
        elif deepest > 0:
            yield from _files(Path(entry.path), name + "/", deepest - 1, findings, above, hidden, deep)
        elif deep is not None:
            deep.append(name)


def _too_deep(folder: Path, name: str) -> Finding:
    """Say how many pictures are in a folder too deep; as none is read, what is called like one counts as one."""
    looked_at = list(islice(_all_below(folder), _MOST_COUNTED + 1))
    of_kind = [(path, kind(path.name)) for path in looked_at]
    pictures = sum(what == "picture" or (what == "unknown" and is_picture(path)) for path, what in of_kind)
    if not pictures:
        return Finding(printable(name), _TOO_DEEP)
    many = "at least so many pictures" if len(looked_at) > _MOST_COUNTED else "pictures"
    return Finding(printable(name), f"{many} in {_TOO_DEEP}", count=pictures)


def _all_below(folder: Path) -> Iterator[Path]:
    for place, folders, files in os.walk(folder):
        folders[:] = [inner for inner in sorted(folders) if not is_hidden(inner)]
        yield from (Path(place, file) for file in sorted(files) if not is_hidden(file))


def _below_hidden(name: str, entry: os.DirEntry, deepest: int) -> list[str]:
    """List the name of a hidden file, or of all in a hidden folder that is no link: that may lead round in a circle."""
    if not _is_folder(entry):
        return [name]
    if entry.is_symlink() or deepest <= 0:
        return []
    return [f"{name}/{inner}" for inner in names_below(Path(entry.path), deepest=deepest - 1)]


def _starts_like_a_picture(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return picture_format(file.read(HEAD)) is not None
    except OSError:
        return False


def _folders(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            return sorted(Path(entry.path) for entry in entries if _is_folder(entry) and not is_hidden(entry.name))
    except OSError:
        return []


def _is_folder(entry: os.DirEntry) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a ring of links
        return False


def _is_above(entry: os.DirEntry, above: tuple[tuple[int, int], ...]) -> bool:
    status = entry.stat()
    return (status.st_dev, status.st_ino) in above


def _refusal(name: str, entry: os.DirEntry) -> str | None:
    """Explain why an entry is not a picture; None if it is one."""
    if UNWRITABLE.search(name):
        return _UNWRITABLE_NAME
    try:
        if not entry.is_file():
            return "a link to a file that is not there" if entry.is_symlink() else "not a file"
        return _content(Path(entry.path))
    except (OSError, RuntimeError) as error:
        return f"cannot be read: {getattr(error, 'strerror', None) or error}"


def _content(path: Path) -> str | None:
    with path.open("rb", buffering=0) as file:
        head = file.read(HEAD)
    if picture_format(head):
        return None
    if head.startswith(_LFS):
        return "a pointer of Git LFS, not the file itself: `git lfs pull` fetches it"
    return why_not(head)
