"""Render the demo set again: python assets/render_demo.py [FOLDER].

demo_source/README.md describes what it needs and how it works.
"""

import argparse
import sys
from pathlib import Path

from demo_source import voc
from demo_source.compose import compose
from demo_source.paint import FONT
from demo_source.scenes import plan

QUALITY = 80  # of the JPEG files


def render(folder: Path, indices: list[int]) -> None:
    """Write pictures, annotations and lists for some of the plan's pictures."""
    pictures, annotations = folder / "JPEGImages", folder / "Annotations"
    for part in (pictures, annotations):
        part.mkdir(parents=True, exist_ok=True)
    found = {}
    for done, index in enumerate(indices, 1):
        image, labels = compose(index)
        name = voc.identifier(index)
        image.save(pictures / f"{name}.jpg", quality=QUALITY, optimize=True)
        (annotations / f"{name}.xml").write_text(voc.annotation(name, image.size, labels))
        found[index] = labels
        if done % 60 == 0 or done == len(indices):
            sys.stdout.write(f"{done} of {len(indices)}\n")
    voc.write_lists(folder / "ImageSets" / "Main", found)


def main() -> None:
    """Read the command line and render the whole set."""
    parser = argparse.ArgumentParser(description="Render the demo set of gradviz.")
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).parent / "demo")
    arguments = parser.parse_args()
    if not FONT.exists():
        parser.exit(1, f"{FONT} is missing: install Debian's fonts-noto-color-emoji, which the glyphs come from.\n")
    render(arguments.folder, list(range(len(plan()))))


if __name__ == "__main__":
    main()
