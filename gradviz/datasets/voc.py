"""Read a folder in the layout of PASCAL VOC 2007 to 2012."""

from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path

from gradviz.datasets.image_set import ApKind, Box, Finding
from gradviz.datasets.reading import Format, Listing, Row
from gradviz.datasets.scan import contents, grouped, unread
from gradviz.datasets.text import read_text
from gradviz.datasets.voc_lists import Lists, labels_of, ordered, read_lists
from gradviz.datasets.voc_xml import labels_from, read_boxes, read_labels
from gradviz.errors import DatasetError

_MAX_ANNOTATION_BYTES = 1_000_000


def locate(folder: Path) -> Path | None:
    """Find the folder that holds JPEGImages: `folder`, or the only one in it or in a devkit; None without one.

    Raises
    ------
    DatasetError
        If a devkit holds several years.
    """
    if (folder / "JPEGImages").is_dir():
        return folder
    for pattern in ("VOCdevkit/VOC*/JPEGImages", "VOC*/JPEGImages", "*/VOCdevkit/VOC*/JPEGImages"):
        years = sorted(path.parent for path in folder.glob(pattern))
        if len(years) > 1:
            names = ", ".join(str(year) for year in years)
            raise DatasetError(f"{folder} holds several data sets, name one of them: {names}.")
        if years:
            return years[0]
    return None


def read_voc(folder: Path) -> Listing:
    """List pictures, classes, labels and splits as found; boxes are read when asked for.

    The images are those that the lists in ImageSets/Main name and that are there; without lists of splits, every
    picture. Labels are those of the lists of classes, or, where there is none, of the annotations. `<filename>` in
    annotations is ignored, no path is ever built from the contents of a file.

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
    lists = read_lists(root / "ImageSets" / "Main", pictures)
    findings += lists.findings
    listed = sorted(set().union(*lists.splits.values()))
    findings += _absent(listed, pictures, lists.splits)
    ids = [identifier for identifier in listed if identifier in pictures] if listed else sorted(pictures)
    if len(ids) < len(pictures):
        findings.append(Finding("JPEGImages", "pictures that no list names", count=len(pictures) - len(ids)))
    labels, classes, problems = _labels(root / "Annotations", lists, ids, pictures)
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
        ap=_ap(root, ids[0] if ids else ""),
        boxes_of=partial(_boxes_at, root / "Annotations", tuple(ids), tuple(pictures[i] for i in ids)),
    )


FORMAT = Format(
    name="a folder in VOC layout",
    layout="`JPEGImages/` with pictures, `ImageSets/Main/` with `train.txt` and `<class>_train.txt`, "
    "`Annotations/` with XML files",
    labels="from `<class>_<split>.txt`, or from the XML where there is none; difficult ones count neither way",
    listing=read_voc,
    fits=lambda folder: locate(folder) is not None,
)


def _boxes_at(annotations: Path, ids: tuple[str, ...], pictures: tuple[Path, ...], position: int) -> tuple[Box, ...]:
    return read_boxes(annotations / f"{ids[position]}.xml", pictures[position])


def _pictures(folder: Path) -> tuple[dict[str, Path], list[Finding]]:
    """Map id -> picture."""
    found = contents(folder, deepest=0)
    findings = [*found.findings, *unread(found.lists)]
    pictures: dict[str, Path] = {}
    for picture in found.pictures:
        identifier = picture.path.stem
        if identifier in pictures:
            findings.append(Finding(picture.name, f"the second picture called {identifier}"))
        else:
            pictures[identifier] = picture.path
    return pictures, findings


def _labels(
    annotations: Path, lists: Lists, ids: list[str], pictures: Mapping[str, Path]
) -> tuple[Mapping[str, Mapping[str, int | None] | None], list[str] | None, list[Finding]]:
    """Return each image's labels, the classes (None if there are none), and complaints."""
    if lists.labelled or not annotations.is_dir():
        labels, findings = labels_of(lists.labelled, ids, lambda i: read_labels(annotations / f"{i}.xml"))
        return labels, sorted(lists.labelled) or None, findings
    there = {path.stem: path for path in annotations.glob("*.xml")}
    if not there:
        return dict.fromkeys(ids), None, []
    found, findings = labels_from([there.get(identifier) for identifier in ids])
    alone = [path.name for identifier, path in there.items() if identifier not in pictures]
    findings += grouped(alone, "an annotation without its picture", "left out")
    classes = sorted({name for labels in found for name in labels or ()})
    known = any(labels is not None for labels in found)
    return dict(zip(ids, found, strict=True)), classes if known and classes else None, findings


def _absent(ids: Iterable[str], pictures: Mapping[str, Path], splits: Mapping[str, list[str]]) -> list[Finding]:
    listed_in = {identifier: split for split in reversed(ordered(splits)) for identifier in splits[split]}
    return [Finding(i, f"listed in {listed_in[i]}.txt, but no picture") for i in ids if i not in pictures]


def _ap(root: Path, first: str) -> ApKind:
    if "2007" in root.name:
        return "eleven_point"
    try:
        annotation = read_text(root / "Annotations" / f"{first}.xml", _MAX_ANNOTATION_BYTES)
    except (OSError, ValueError):
        return "area"
    return "eleven_point" if "VOC2007" in annotation else "area"
