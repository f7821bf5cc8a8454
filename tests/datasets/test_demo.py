"""The demo set: complete, in VOC's layout, its labels true to its annotations, and rendered again alike."""

import sys
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ASSETS = Path(__file__).resolve().parents[2] / "assets"
DEMO = ASSETS / "demo"
FONT = Path("/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf")
CLASSES = (
    "aeroplane",
    "bicycle",
    "bird",
    "boat",
    "bottle",
    "bus",
    "car",
    "cat",
    "chair",
    "cow",
    "diningtable",
    "dog",
    "horse",
    "motorbike",
    "person",
    "pottedplant",
    "sheep",
    "sofa",
    "train",
    "tvmonitor",
)
SPLITS = {"train": 240, "val": 200, "trainval": 440, "test": 280}


@pytest.fixture(scope="module")
def annotations() -> dict[str, ET.Element]:
    return {path.stem: ET.parse(path).getroot() for path in sorted((DEMO / "Annotations").glob("*.xml"))}


def members(split: str) -> list[str]:
    return (DEMO / "ImageSets/Main" / f"{split}.txt").read_text().split()


def test_every_picture_has_an_annotation_and_a_split(annotations):
    pictures = {path.stem for path in (DEMO / "JPEGImages").glob("*.jpg")}
    assert len(pictures) >= 600
    assert pictures == set(annotations) == set(members("trainval")) | set(members("test"))
    assert {split: len(members(split)) for split in SPLITS} == SPLITS
    assert members("trainval") == sorted(members("train") + members("val"))
    assert not set(members("trainval")) & set(members("test"))


def test_the_whole_stays_small():
    total = sum(path.stat().st_size for path in DEMO.rglob("*") if path.is_file())
    assert total < 12e6


def test_annotations_are_whole(annotations):
    for name, root in annotations.items():
        assert root.findtext("folder") == "demo"
        assert root.findtext("filename") == f"{name}.jpg"
        width, height, depth = (int(root.findtext(f"size/{side}")) for side in ("width", "height", "depth"))
        with Image.open(DEMO / "JPEGImages" / f"{name}.jpg") as image:
            assert (image.size, image.mode, depth) == ((width, height), "RGB", 3)
        objects = root.findall("object")
        assert 1 <= len(objects) <= 5
        for found in objects:
            assert found.findtext("name") in CLASSES
            assert all(found.findtext(flag) in ("0", "1") for flag in ("truncated", "occluded", "difficult"))
            left, top, right, bottom = (int(found.findtext(f"bndbox/{c}")) for c in ("xmin", "ymin", "xmax", "ymax"))
            assert 1 <= left < right <= width
            assert 1 <= top < bottom <= height


def test_class_lists_say_what_the_annotations_say(annotations):
    for split in SPLITS:
        for name in CLASSES:
            lines = (DEMO / "ImageSets/Main" / f"{name}_{split}.txt").read_text().splitlines()
            expected = []
            for picture in members(split):
                difficult = [
                    o.findtext("difficult") for o in annotations[picture].iter("object") if o.findtext("name") == name
                ]
                truth = -1 if not difficult else int("0" in difficult)
                expected.append(f"{picture} {truth:2d}")
            assert lines == expected


def test_every_class_is_frequent_enough(annotations):
    seen = Counter()
    for root in annotations.values():
        seen.update({o.findtext("name") for o in root.iter("object") if o.findtext("difficult") == "0"})
    assert min(seen[name] for name in CLASSES) >= 40
    assert seen.most_common(1)[0][0] == "person"


def test_pictures_are_crowded_cut_and_hidden_now_and_then(annotations):
    objects = [o for root in annotations.values() for o in root.iter("object")]
    for flag in ("truncated", "occluded", "difficult"):
        share = sum(o.findtext(flag) == "1" for o in objects) / len(objects)
        assert 0.01 < share < 0.6, flag
    assert {len(root.findall("object")) for root in annotations.values()} == {1, 2, 3, 4, 5}


def test_origin_and_licence_are_told():
    readme = (ASSETS / "README.md").read_text()
    for word in (
        "SIL Open Font License 1.1",
        "fonts-noto-color-emoji",
        "OFL-NotoColorEmoji.txt",
        "Tiny ImageNet",
        "non-commercial",
    ):
        assert word in readme
    shipped = {path.name for path in ASSETS.iterdir() if not path.name.startswith((".", "__pycache__"))}
    assert not [name for name in shipped - {"README.md"} if name not in readme]
    assert "SIL OPEN FONT LICENSE Version 1.1" in (ASSETS / "OFL-NotoColorEmoji.txt").read_text()


@pytest.fixture
def render_demo(monkeypatch):
    if not FONT.exists():
        pytest.skip("The demo set can only be rendered where fonts-noto-color-emoji is installed")
    monkeypatch.syspath_prepend(str(ASSETS))
    import render_demo

    yield render_demo
    for name in [n for n in sys.modules if n == "render_demo" or n.startswith("demo_source")]:
        del sys.modules[name]


def test_rendering_again_gives_the_same_pictures(render_demo, tmp_path):
    chosen = [0, 100, 333, 719]
    render_demo.render(tmp_path / "first", chosen)
    render_demo.render(tmp_path / "second", chosen[::-1])
    for index in chosen:
        name = f"{index + 1:06d}"
        first, second = (tmp_path / which / "JPEGImages" / f"{name}.jpg" for which in ("first", "second"))
        assert first.read_bytes() == second.read_bytes()
        annotation = (DEMO / "Annotations" / f"{name}.xml").read_text()
        assert (tmp_path / "first" / "Annotations" / f"{name}.xml").read_text() == annotation
        with Image.open(first) as new, Image.open(DEMO / "JPEGImages" / f"{name}.jpg") as old:
            # Another version of Pillow may round or encode differently, but nothing that can be seen moves.
            assert np.abs(np.asarray(new, float) - np.asarray(old, float)).mean() < 2
