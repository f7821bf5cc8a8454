"""Small data sets on disk for tests: pictures of a few pixels, in the layouts that people have."""

from pathlib import Path

import numpy as np
from PIL import Image

from gradviz.datasets.image_set import Finding, ImageSet


def picture(path: Path, colour: int = 0, size: tuple[int, int] = (40, 30), **options: object) -> Path:
    """Write a picture of noise around a grey, in the format of its suffix."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(colour)
    pixels = rng.integers(0, 60, (size[1], size[0], 3), np.uint8) + np.uint8(colour * 20 % 180)
    Image.fromarray(pixels).save(path, **options)
    return path


def annotation(path: Path, *objects: tuple, size: tuple[int, int] = (40, 30), database: str = "Ours") -> Path:
    """Write an annotation; an object is (name, xmin, ymin, xmax, ymax[, difficult])."""
    items = "".join(
        f"<object><name>{name}</name><truncated>0</truncated><difficult>{difficult[0] if difficult else 0}</difficult>"
        f"<bndbox><xmin>{x0}</xmin><ymin>{y0}</ymin><xmax>{x1}</xmax><ymax>{y1}</ymax></bndbox></object>"
        for name, x0, y0, x1, y1, *difficult in objects
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f"<annotation><filename>../../../etc/passwd</filename><source><database>{database}</database></source>"
        f"<size><width>{size[0]}</width><height>{size[1]}</height><depth>3</depth></size>{items}</annotation>"
    )
    return path


def write_list(root: Path, name: str, *lines: str) -> None:
    """Write ImageSets/Main/<name>.txt."""
    main = root / "ImageSets" / "Main"
    main.mkdir(parents=True, exist_ok=True)
    (main / f"{name}.txt").write_text("".join(f"{line}\n" for line in lines))


def voc(root: Path, labels: dict[str, dict[str, int]], splits: dict[str, list[str]]) -> Path:
    """Write a VOC folder: labels[class][id] and splits[split] = ids; a picture and an annotation for each id."""
    ids = sorted({identifier for members in splits.values() for identifier in members})
    for number, identifier in enumerate(ids):
        picture(root / "JPEGImages" / f"{identifier}.jpg", number)
        objects = [(c, 1, 1, 20, 20, 1 - of[identifier]) for c, of in labels.items() if of[identifier] >= 0]
        annotation(root / "Annotations" / f"{identifier}.xml", *objects)
    for split, members in splits.items():
        write_list(root, split, *members)
        for name, of in labels.items():
            write_list(root, f"{name}_{split}", *(f"{identifier} {of[identifier]:2d}" for identifier in members))
    return root


def noted(images: ImageSet) -> tuple[Finding, ...]:
    """Return what was found in the data, without the remark that halves were drawn where they name no splits."""
    return tuple(finding for finding in images.findings if "drawn" not in finding.reason)
