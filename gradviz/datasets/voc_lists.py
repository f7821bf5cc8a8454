"""Read the lists of PASCAL VOC, ImageSets/Main/*.txt: splits (one id a line) and classes (an id and a label a line)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from gradviz.datasets.image_set import Finding
from gradviz.datasets.pictures import UNWRITABLE, printable
from gradviz.datasets.splits import split_named
from gradviz.datasets.text import read_text
from gradviz.datasets.zero_one import absent, unsaid, unsaid_in_list

OFFICIAL = ("train", "val", "trainval", "test")
_VALUES = {"1": 1, "+1": 1, "0": 0, "-1": -1}
_LONGEST_ID = 200

Rows = list[tuple[str, ...]]
Labelled = list[tuple[str, str]]


@dataclass(frozen=True)
class Lists:
    """Hold what the lists say: split -> ids, class -> file -> rows of (id, label), and what was not understood.

    The files of a class stay apart, as they may mean different things by 0.
    """

    splits: dict[str, list[str]]
    files: dict[str, dict[str, Labelled]]
    findings: list[Finding]

    @cached_property
    def labelled(self) -> dict[str, Labelled]:
        """Return the rows of each class, those of all its files."""
        return {name: [row for rows in files.values() for row in rows] for name, files in self.files.items()}


def read_lists(files: Sequence[Path], pictures: Mapping[str, Path]) -> Lists:
    """Read all lists of a folder, text files; `pictures` maps the ids to the pictures that are there.

    Split files and class files are separated by their columns, not by name: `train_val` is the class train's list for
    val. A list with one column whose name is no split, or with two whose name ends in none, is not guessed at. A split
    without its own file is what its class files list.
    """
    reading = _identifier(pictures)
    lists: dict[str, Rows] = {}
    findings: list[Finding] = []
    for path in files:
        try:
            lines = [line.strip() for line in read_text(path).splitlines() if line.strip()]
        except (OSError, ValueError) as error:
            reason = f"the list cannot be read: {printable(str(error))}"
            findings.append(Finding(printable(path.name), reason, "not read"))
            continue
        if not lines and (path.stem in OFFICIAL or split_named(path.stem) or _class_and_split(path.stem, ())[1]):
            findings.append(Finding(printable(path.name), "a list without a line"))
        rows = _rows(lines, reading, pictures)
        wrong = [line for line, row in zip(lines, rows, strict=True) if row is None]
        if wrong:
            example = printable(wrong[0])
            findings.append(
                Finding(printable(path.name), f"lines that are not ids, like {example!r}", count=len(wrong))
            )
        lists[path.stem] = [row for row in rows if row is not None]
    return _separated(lists, findings)


def labels_of(
    lists: Lists,
    ids: Sequence[str],
    annotated: Callable[[str], Mapping[str, int] | None],
) -> tuple[dict[str, dict[str, int | None] | None], list[Finding]]:
    """Return each image's labels, None if there is no class, and complaints.

    An image that no list of a class mentions has an unknown label. Lists in which only 0 and 1 stand mean absent by 0,
    unless what `annotated` returns for an id shows such objects, which are difficult then.
    """
    labelled = lists.labelled
    if not labelled:
        return dict.fromkeys(ids), []
    said = {label for rows in labelled.values() for _, label in rows}
    findings: list[Finding] = []
    zeros: set[tuple[str, str]] = set()
    if "-1" not in said and {"0", "1"} <= {label.lstrip("+") for label in said}:
        zeros = {(i, name) for name, rows in labelled.items() for i, label in rows if label == "0"}
        shown = {i: annotated(i) or {} for i in {i for i, _ in zeros}}
        difficult = any(name in shown[i] for i, name in zeros)
        zeros = {(i, name) for i, name in zeros if name not in shown[i] and (shown[i] or not difficult)}
        findings += [absent("labels", len(zeros))] if zeros else []
    elif "-1" in said:
        for name, rows in sorted(labelled.items()):
            mine = [label.lstrip("+") for _, label in rows]
            if "-1" not in mine and {"0", "1"} <= {*mine}:
                findings.append(unsaid(printable(name), mine.count("0")))
            findings += _unsaid_in_lists(name, lists.files[name], annotated)
    labels: dict[str, dict[str, int | None]] = {identifier: {} for identifier in ids}
    unmentioned = 0
    for name, rows in sorted(labelled.items()):
        known: dict[str, str] = {}
        wrong = 0
        for identifier, label in rows:
            wrong += label not in _VALUES or known.setdefault(identifier, label) != label
        for identifier, mine in labels.items():
            value = _VALUES[known[identifier]] if identifier in known else None
            mine[name] = -1 if value == 0 and (identifier, name) in zeros else value
        unmentioned += len(labels.keys() - known.keys())
        if wrong:
            reason = "labels that are not 1, 0, -1 or contradict an earlier list"
            findings.append(Finding(printable(name), reason, "not read", wrong))
    if unmentioned:
        reason = "pairs of image and class in no list: neither train nor score"
        findings.append(Finding("labels", reason, "unlabelled", unmentioned))
    return dict(labels), findings


def _unsaid_in_lists(
    name: str, files: Mapping[str, Labelled], annotated: Callable[[str], Mapping[str, int] | None]
) -> list[Finding]:
    """Name lists with 0 but no -1 of a class with -1 in others, unless another list or annotations confirm each 0."""
    plain = {file: rows for file, rows in files.items() if "-1" not in {label for _, label in rows}}
    if len(plain) == len(files):
        return []
    confirmed = {i for file, rows in files.items() if file not in plain for i, label in rows if label == "0"}
    findings = []
    for file, rows in plain.items():
        zeros = {i for i, label in rows if label == "0"} - confirmed
        unconfirmed = [i for i in zeros if name not in (annotated(i) or {})]
        findings += [unsaid_in_list(printable(file), len(unconfirmed))] if unconfirmed else []
    return findings


def ordered(splits: Iterable[str]) -> list[str]:
    """Return splits in the order of the devkit, others after them."""
    return sorted(splits, key=lambda split: (OFFICIAL.index(split) if split in OFFICIAL else len(OFFICIAL), split))


def _identifier(pictures: Mapping[str, Path]) -> Callable[[str], str | None]:
    """Return what reads an id as people write it: with its suffix, with the folder, with spaces; None if it is none."""
    of_name = {path.name: identifier for identifier, path in pictures.items()}

    def read(text: str) -> str | None:
        if text in pictures:
            return text
        folder, _, name = text.rpartition("/")
        if name in of_name and (not folder or folder.rpartition("/")[2] == "JPEGImages"):
            return of_name[name]
        if folder.rpartition("/")[2] == "JPEGImages":
            text = name
        # No path is built from an id: it is only looked up. What could be one is still refused, and shown.
        bad = not text or len(text) > _LONGEST_ID or text.startswith(".") or set("/\\") & set(text)
        return None if bad or UNWRITABLE.search(text) else text

    return read


def _rows(
    lines: Sequence[str], identifier: Callable[[str], str | None], pictures: Mapping[str, Path]
) -> list[tuple[str, ...] | None]:
    """Return (id,) or (id, label) for each line, None where it is neither; all lines have the same columns.

    An id may hold spaces: which part of the lines names pictures that are there decides how many columns there are.
    """
    cells = [line.rsplit(maxsplit=1) for line in lines]
    whole = sum(identifier(line) in pictures for line in lines)
    parts = sum(len(row) == 2 and identifier(row[0]) in pictures for row in cells)
    like_labels = bool(cells) and len(cells[0]) == 2 and cells[0][1] in _VALUES
    labelled = parts > whole or (parts == whole == 0 and like_labels)
    if not labelled:
        return [None if (found := identifier(line)) is None else (found,) for line in lines]
    return [None if len(row) < 2 or (found := identifier(row[0])) is None else (found, row[1]) for row in cells]


def _separated(lists: Mapping[str, Rows], findings: list[Finding]) -> Lists:
    one = {stem: [row[0] for row in rows] for stem, rows in lists.items() if rows and len(rows[0]) == 1}
    two = {stem: [(row[0], row[1]) for row in rows] for stem, rows in lists.items() if rows and len(rows[0]) == 2}
    # A name of one's own is a split where lists of classes end in it too.
    own = {stem for stem in one if any(name.endswith(f"_{stem}") for name in two)}
    splits: dict[str, list[str]] = {}
    for stem, ids in one.items():
        split = stem if stem in OFFICIAL else split_named(stem) or (stem if stem in own else None)
        if split is None:
            reason = "one column, and the name is no split: neither ids of a split nor labels of a class"
            findings.append(Finding(printable(f"{stem}.txt"), reason, "not read"))
            continue
        if split in splits:
            findings.append(Finding(printable(f"{stem}.txt"), f"with another list the split {split}", "joined"))
        splits.setdefault(split, []).extend(ids)
    files: dict[str, dict[str, Labelled]] = {}
    implied: dict[str, list[str]] = {}
    for stem, rows in two.items():
        name, split = _class_and_split(stem, own)
        if not name or split is None:
            reason = "two columns, but the name does not end in _ and a split: which class and split, is not known"
            findings.append(Finding(printable(f"{stem}.txt"), reason, "not read"))
            continue
        files.setdefault(name, {})[f"{stem}.txt"] = rows
        if split not in splits:
            implied.setdefault(split, []).extend(identifier for identifier, _ in rows)
    return Lists(splits | implied, files, findings)


def _class_and_split(stem: str, own: Iterable[str]) -> tuple[str, str | None]:
    """Part the name of a class's list, <class>_<split>."""
    endings = [split for split in {*own, *OFFICIAL} if stem.endswith(f"_{split}")]
    if endings:
        split = max(endings, key=len)
        return stem.removesuffix(f"_{split}"), split if split in OFFICIAL else split_named(split) or split
    name, _, last = stem.rpartition("_")
    return name, split_named(last)
