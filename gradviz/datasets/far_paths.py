"""Understand the paths of lists that were written on another computer: only the names of the files are of use."""

import re
from pathlib import Path
from urllib.parse import unquote

from gradviz.datasets.scan import contents

UPLOADED = re.compile("[0-9a-f]{8}-")
"""What Label Studio puts before the name of a file that is uploaded."""


def last_part(listed: str) -> str:
    """Return the name of the file in a path or address; empty where there is no folder before it."""
    folders, slash, name = unquote(listed).replace("\\", "/").replace("?d=", "/").rpartition("/")
    return name if slash and ".." not in folders.split("/") else ""


def pictures_by_name(root: Path) -> dict[str, list[Path]]:
    """Map the names of the pictures in a folder and those below it to their paths."""
    found: dict[str, list[Path]] = {}
    for one in contents(root).pictures:
        found.setdefault(one.path.name, []).append(one.path)
    return found
