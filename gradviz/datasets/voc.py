"""Read a folder in the layout of PASCAL VOC 2007 to 2012."""

from collections.abc import Collection, Iterable, Mapping
from functools import partial
from pathlib import Path

from gradviz.datasets.grouping import grouped
from gradviz.datasets.hidden import HIDDEN, SYSTEM
from gradviz.datasets.image_set import ApKind, Box, Finding
from gradviz.datasets.label_lists import alike
from gradviz.datasets.leftover import leftover
from gradviz.datasets.pictures import printable
from gradviz.datasets.reading import Format, Listing, Row
from gradviz.datasets.scan import contents, files_in, is_empty, unread
from gradviz.datasets.text import read_text
from gradviz.datasets.voc_lists import Lists, labels_of, ordered, read_lists
from gradviz.datasets.voc_xml import is_plain, labels_from, read_boxes, read_shown, unfit_boxes
from gradviz.errors import DatasetError

_MAX_ANNOTATION_BYTES = 1_000_000
_MASKS = ("SegmentationClass", "SegmentationObject")
_OTHER_TASKS = ("Layout", "Segmentation", "Action")


def locate(folder: Path) -> Path | None:
    """Find the folder that holds JPEGImages: `folder`, or the only one in it or in a devkit; None without one.

    Raises
    ------
    DatasetError
        If a devkit holds several years.
    """
    if _has_pictures(folder):
        return folder
    for pattern in ("VOCdevkit/VOC*/JPEGImages", "VOC*/JPEGImages", "*/VOCdevkit/VOC*/JPEGImages"):
        years = sorted(path.parent for path in folder.glob(pattern) if _has_pictures(path.parent))
        if len(years) > 1:
            names = ", ".join(str(year) for year in years)
            raise DatasetError(f"{folder} holds several data sets, name one of them: {names}.")
        if years:
            return years[0]
    return None


def _has_pictures(folder: Path) -> bool:
    """Check for JPEGImages/; one that holds nothing but folders, without anything of VOC's beside it, has classes."""
    pictures = folder / "JPEGImages"
    if not pictures.is_dir():
        return False
    beside = any((folder / name).is_dir() for name in ("ImageSets", "Annotations"))
    return beside or bool(files_in(pictures)) or is_empty(pictures)


def read_voc(folder: Path) -> Listing:
    """List pictures, classes, labels and splits as found; boxes are read when asked for.

    The images are those that the lists in ImageSets/Main (right in ImageSets, where that has none) name and that are
    there; without lists of splits, every picture. Labels are those of the lists of classes, or, for classes without
    one, of the annotations. `<filename>` in annotations is ignored, no path is ever built from the contents of a file.
    Whatever else lies in the folder is named.

    Raises
    ------
    DatasetError
        If the folder is not in this layout, or holds several years.
    """
    located = locate(folder)
    if located is None:
        raise DatasetError(f"{folder} is not in VOC layout: looked for {FORMAT.looks}.")
    root = located.resolve()
    pictures, findings = _pictures(root / "JPEGImages")
    folders = (root / "ImageSets/Main", root / "ImageSets")
    files = next((found for place in folders if (found := files_in(place, ".txt"))), [])
    lists = read_lists(files, pictures)
    findings += lists.findings
    listed = sorted(set().union(*lists.splits.values()))
    findings += _absent(listed, pictures, lists.splits)
    strangers = {i for rows in lists.labelled.values() for i, _ in rows} - pictures.keys() - {*listed}
    findings += grouped(sorted(strangers), "labelled in the lists of classes, but no picture", "left out")
    ids = [identifier for identifier in listed if identifier in pictures] if listed else sorted(pictures)
    if len(ids) < len(pictures):
        findings.append(Finding("JPEGImages", "pictures that no list names", count=len(pictures) - len(ids)))
    annotations: dict[str, Path] = {}
    for path in files_in(root / "Annotations", ".xml"):
        annotations.setdefault(path.stem, path)
    labels, classes, problems = _labels(annotations, lists, ids, pictures)
    used = [*files_in(root / "JPEGImages"), *files, *annotations.values()]
    used += [path for name in _MASKS for path in files_in(root / name)]
    for name in _OTHER_TASKS:
        if lists_of_task := files_in(root / "ImageSets" / name, ".txt"):
            problems.append(Finding(f"ImageSets/{name}", "lists for another task", "not read", len(lists_of_task)))
            used += lists_of_task
    problems += leftover(root, used, "pictures that are not right in JPEGImages/")
    members = {split: set(lists.splits[split]) for split in ordered(lists.splits)}
    in_splits = {i: tuple(split for split, inside in members.items() if i in inside) for i in ids}
    rows = [Row(i, pictures[i], labels[i], in_splits[i]) for i in ids]
    splits = [split for split in members if any(split in row.splits for row in rows)]
    return Listing(
        root,
        rows,
        findings + problems,
        name=root.name,
        classes=classes,
        splits=splits if splits or not classes else None,
        ap=_ap(root, annotations.get(ids[0]) if ids else None),
        boxes_of=partial(_boxes_at, tuple(annotations.get(i) for i in ids), tuple(pictures[i] for i in ids)),
    )


FORMAT = Format(
    name="a folder in VOC layout",
    layout="`JPEGImages/` with pictures, `ImageSets/Main/` with `train.txt` and `<class>_train.txt`, "
    "`Annotations/` with XML files",
    labels="from `<class>_<split>.txt`, or from the XML for classes without one; difficult ones count neither way",
    listing=read_voc,
    fits=lambda folder: locate(folder) is not None,
)


def _boxes_at(annotations: tuple[Path | None, ...], pictures: tuple[Path, ...], position: int) -> tuple[Box, ...]:
    annotation = annotations[position]
    return () if annotation is None else read_boxes(annotation, pictures[position])


def _pictures(folder: Path) -> tuple[dict[str, Path], list[Finding]]:
    """Map id -> picture."""
    found = contents(folder, deepest=0)
    # What lies in folders in it, and what is hidden, is named with the rest.
    later = (HIDDEN, SYSTEM)
    findings = [*(finding for finding in found.findings if finding.reason not in later), *unread(found.lists)]
    pictures: dict[str, Path] = {}
    for picture in found.pictures:
        identifier = picture.path.stem
        if identifier in pictures:
            findings.append(Finding(picture.name, f"the second picture called {identifier}"))
        else:
            pictures[identifier] = picture.path
    return pictures, findings


def _labels(
    annotations: Mapping[str, Path], lists: Lists, ids: list[str], pictures: Mapping[str, Path]
) -> tuple[Mapping[str, Mapping[str, int | None] | None], list[str] | None, list[Finding]]:
    """Return each image's labels, the classes (None if there are none), and complaints."""
    if lists.labelled or not annotations:

        def annotated(identifier: str) -> Mapping[str, int] | None:
            shown = read_shown(annotations[identifier]) if identifier in annotations else None
            return shown and shown.labels

        labels, findings = labels_of(lists, ids, annotated)
        more, noted = _unlisted(annotations, lists.labelled, ids, pictures)
        both = {i: {**(own or {}), **more.get(i, {})} if own or more else None for i, own in labels.items()}
        classes = sorted({*lists.labelled, *(name for own in more.values() for name in own)})
        return both, classes or None, findings + noted
    found, findings = labels_from([annotations.get(i) for i in ids], [pictures[i] for i in ids])
    alone = [path.name for identifier, path in annotations.items() if identifier not in pictures]
    findings += grouped(alone, "an annotation without its picture", "left out")
    classes = sorted({name for labels in found for name in labels or ()})
    known = any(labels is not None for labels in found)
    return dict(zip(ids, found, strict=True)), classes if known and classes else None, findings


def _unlisted(
    annotations: Mapping[str, Path], listed: Collection[str], ids: list[str], pictures: Mapping[str, Path]
) -> tuple[dict[str, dict[str, int | None]], list[Finding]]:
    """Return each image's labels of the classes that annotations show and that have no list, and complaints."""
    closer = [i for i in ids if i in annotations and not is_plain(annotations[i], listed)]
    shown = {i: found for i in closer if (found := read_shown(annotations[i], pictures[i]))}
    classes = sorted({name for found in shown.values() for name in found.labels} - {*listed})
    if not classes:
        return {}, unfit_boxes(annotations[i].name for i, found in shown.items() if found.has_unfit)
    found, findings = labels_from([annotations.get(i) for i in ids], [pictures[i] for i in ids])
    reason = "classes without a list: their labels are those of the annotations"
    findings.append(Finding(printable(", ".join(classes)), reason, "guessed", len(classes)))
    labels = {
        i: {name: None if own is None else own.get(name, -1) for name in classes}
        for i, own in zip(ids, found, strict=True)
    }
    return labels, findings + alike([*listed, *classes])


def _absent(ids: Iterable[str], pictures: Mapping[str, Path], splits: Mapping[str, list[str]]) -> list[Finding]:
    listed_in = {identifier: split for split in reversed(ordered(splits)) for identifier in splits[split]}
    return [Finding(i, f"listed in {listed_in[i]}.txt, but no picture") for i in ids if i not in pictures]


def _ap(root: Path, first: Path | None) -> ApKind:
    if "2007" in root.name:
        return "eleven_point"
    try:
        annotation = read_text(first, _MAX_ANNOTATION_BYTES) if first else ""
    except (OSError, ValueError):
        return "area"
    return "eleven_point" if "VOC2007" in annotation else "area"
