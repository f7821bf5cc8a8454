"""Make archives in the layout of the official VOC tars, with photographs of noise, honest or hostile."""

import hashlib
import io
import tarfile
from collections.abc import Iterable, Sequence

import numpy as np
from PIL import Image

from gradviz.download.archives import CLASSES

OFFICIAL = ("Annotations", "ImageSets/Main", "JPEGImages")
PICTURES_FIRST = ("JPEGImages", "Annotations", "ImageSets/Main")


def picture(seed: int, side: int = 48) -> bytes:
    """JPEG of noise, about 3 kB."""
    pixels = np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG")
    return buffer.getvalue()


def annotation(side: int = 48) -> bytes:
    return (
        f"<annotation><filename>../../x.jpg</filename><size><width>{side}</width><height>{side}</height></size>"
        "<object><name>dog</name><difficult>0</difficult><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>9</xmax>"
        "<ymax>9</ymax></bndbox></object></annotation>"
    ).encode()


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "", size: int | None = None) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.linkname, made.size = kind, link, size or 0
    return made


def voc_archive(
    listed: int = 20,
    *,
    unlisted: int = 4,
    order: Sequence[str] = OFFICIAL,
    year: str = "VOC2007",
    splits: Sequence[str] = ("train", "val", "trainval"),
    first: Iterable[tuple[tarfile.TarInfo, bytes]] = (),
    broken: Iterable[int] = (),
) -> bytes:
    """Tar with `listed` photographs 000001.jpg ... and `unlisted` ones between them; odd ids are train, even ones val.

    Image i shows the class number i modulo 20. `first` are members put before all others; `broken` ids hold no picture.
    """
    count = listed + unlisted
    gaps = {round((k + 1) * count / (unlisted + 1)) for k in range(unlisted)}
    ids = [i for i in range(1, count + 1) if i not in gaps]
    parts: dict[str, list[tuple[str, bytes]]] = {folder: [] for folder in OFFICIAL}
    for i in range(1, count + 1):
        parts["JPEGImages"].append((f"{i:06d}.jpg", b"\xff\xd8\xff no" if i in set(broken) else picture(i)))
        parts["Annotations"].append((f"{i:06d}.xml", annotation()))
    for split in splits:
        members = [i for i in ids if split not in ("train", "val") or (i % 2 == 1) == (split == "train")]
        parts["ImageSets/Main"].append((f"{split}.txt", "".join(f"{i:06d}\n" for i in members).encode()))
        for c, name in enumerate(CLASSES):
            rows = "".join(f"{i:06d} {1 if i % 20 == c else -1:2d}\n" for i in members)
            parts["ImageSets/Main"].append((f"{name}_{split}.txt", rows.encode()))
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for info, content in first:
            tar.addfile(info, io.BytesIO(content) if content else None)
        for folder in order:
            tar.addfile(member(f"VOCdevkit/{year}/{folder}", tarfile.DIRTYPE))
            for name, content in parts[folder]:
                info = member(f"VOCdevkit/{year}/{folder}/{name}", size=len(content))
                tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
