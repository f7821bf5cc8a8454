"""Read pictures that each have an annotation in VOC's XML beside them, as labelImg, CVAT and Roboflow write them."""

from functools import partial
from pathlib import Path

from gradviz.datasets.image_set import Box
from gradviz.datasets.masks import without_masks
from gradviz.datasets.reading import Format, Listing, Row
from gradviz.datasets.scan import contents, unread
from gradviz.datasets.sidecars import accompanied, sidecars, splits_of
from gradviz.datasets.splits import ORDER
from gradviz.datasets.voc_xml import is_foreign, labels_from, read_boxes

_ASKED = 20
"""Annotations that are looked into: XML of another kind is not read."""


def read_annotated(folder: Path) -> Listing:
    """List pictures with the labels in their annotations; folders called like splits are splits.

    A picture without an annotation, or with one that cannot be read, has unknown labels. Ids are paths below it.

    Raises
    ------
    DatasetError
        If the folder cannot be read.
    """
    root = folder.resolve()
    found = contents(root)
    of_name = {listed.name: listed for listed in found.lists}
    pictures = without_masks(found.pictures)
    beside = sidecars(
        (p.name for p in pictures.photographs), (name for name in of_name if name.lower().endswith(".xml"))
    )
    paths = [of_name[beside[p.name]].path if p.name in beside else None for p in pictures.photographs]
    labels, problems = labels_from(paths, [picture.path for picture in pictures.photographs])
    in_split = splits_of([picture.name for picture in pictures.photographs])
    rows = [
        Row(picture.name, picture.path, of_picture, (split,) if split else ())
        for picture, of_picture, split in zip(pictures.photographs, labels, in_split, strict=True)
    ]
    used = set(beside.values())
    splits = [split for split in ORDER if any(split in row.splits for row in rows)]
    return Listing(
        root,
        rows,
        [
            *found.findings,
            *pictures.findings,
            *problems,
            *unread(listed for listed in found.lists if listed.name not in used),
        ],
        splits=splits or None,
        boxes_of=partial(_boxes_at, tuple(paths), tuple(picture.path for picture in pictures.photographs)),
        masks=pictures.masks,
    )


def _boxes_at(annotations: tuple[Path | None, ...], pictures: tuple[Path, ...], position: int) -> tuple[Box, ...]:
    annotation = annotations[position]
    return () if annotation is None else read_boxes(annotation, pictures[position])


def _fits(folder: Path) -> bool:
    found = accompanied(folder, ".xml")[:_ASKED]
    return bool(found) and not all(is_foreign(folder / name) for name in found)


FORMAT = Format(
    name="pictures with VOC XML",
    layout="a picture and `NAME.xml` beside it, or in `annotations/` beside `images/`",
    labels="from the XML; folders called `train`, `val`, `test` are splits",
    listing=read_annotated,
    fits=_fits,
)
