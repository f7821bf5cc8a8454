"""Write the demo set in the layout of PASCAL VOC: annotations and lists."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random

from .cast import CLASSES
from .scenes import SEED, plan
from .stage import Labelled

SHARES = {"train": 240, "val": 200, "test": 280}  # of every 720 pictures


def identifier(index: int) -> str:
    """Return a picture's name: six digits from 000001."""
    return f"{index + 1:06d}"


def annotation(name: str, size: tuple[int, int], labels: Sequence[Labelled]) -> str:
    """Return a picture's annotation as the devkit writes it."""
    lines = [
        "<annotation>",
        "\t<folder>demo</folder>",
        f"\t<filename>{name}.jpg</filename>",
        "\t<source>",
        "\t\t<database>gradviz demo set</database>",
        "\t\t<annotation>drawn with the picture</annotation>",
        "\t\t<image>rendered</image>",
        "\t</source>",
        f"\t<size>\n\t\t<width>{size[0]}</width>\n\t\t<height>{size[1]}</height>\n\t\t<depth>3</depth>\n\t</size>",
        "\t<segmented>0</segmented>",
    ]
    for label in labels:
        corners = zip(("xmin", "ymin", "xmax", "ymax"), label.box, strict=True)
        lines += [
            "\t<object>",
            f"\t\t<name>{label.name}</name>",
            f"\t\t<pose>{label.pose}</pose>",
            f"\t\t<truncated>{int(label.truncated)}</truncated>",
            f"\t\t<occluded>{int(label.occluded)}</occluded>",
            f"\t\t<difficult>{int(label.difficult)}</difficult>",
            "\t\t<bndbox>",
            *(f"\t\t\t<{corner}>{value}</{corner}>" for corner, value in corners),
            "\t\t</bndbox>",
            "\t</object>",
        ]
    return "\n".join([*lines, "</annotation>", ""])


def truth(name: str, labels: Sequence[Labelled]) -> int:
    """Return 1 where a class is in a picture, 0 where only difficult objects of it are, -1 elsewhere."""
    flags = [label.difficult for label in labels if label.name == name]
    return -1 if not flags else int(not all(flags))


def splits() -> dict[str, list[int]]:
    """Divide the pictures among train, val and test, every subject alike."""
    rng, subjects = Random(f"{SEED}/splits"), plan()
    sets: dict[str, list[int]] = {name: [] for name in SHARES}
    pattern = [name for name, share in SHARES.items() for _ in range(share // 40)]
    position = 0
    for subject in CLASSES:
        members = [index for index, other in enumerate(subjects) if other == subject]
        rng.shuffle(members)
        for index in members:
            if position % len(pattern) == 0:
                rng.shuffle(pattern)
            sets[pattern[position % len(pattern)]].append(index)
            position += 1
    sets["trainval"] = sets["train"] + sets["val"]
    return {name: sorted(members) for name, members in sets.items()}


def write_lists(folder: Path, found: Mapping[int, Sequence[Labelled]]) -> None:
    """Write ImageSets/Main: a list for every split and one for every class and split."""
    folder.mkdir(parents=True, exist_ok=True)
    for split, members in splits().items():
        chosen = [index for index in members if index in found]
        (folder / f"{split}.txt").write_text("".join(f"{identifier(i)}\n" for i in chosen))
        for name in CLASSES:
            lines = (f"{identifier(i)} {truth(name, found[i]):2d}\n" for i in chosen)
            (folder / f"{name}_{split}.txt").write_text("".join(lines))
