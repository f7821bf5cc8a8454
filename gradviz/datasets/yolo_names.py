"""Read the names of YOLO's classes, from data.yaml, classes.txt or obj.names."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from gradviz.datasets.pictures import printable
from gradviz.datasets.scan import Found
from gradviz.datasets.splits import split_named
from gradviz.datasets.text import read_text

_MAX_BYTES = 50_000_000
_ENTRY = re.compile(r"\s*(?:-|(\d+)\s*:)\s*(.*?)\s*")


def class_names(lists: Sequence[Found]) -> tuple[dict[int, str] | None, str | None]:
    """Return number -> name and the name of the file that says so; None where no file does."""
    for listed in sorted(lists, key=lambda found: (_rank(found.name), len(found.folders), found.name)):
        if _rank(listed.name) > 1:
            break
        names = _names(listed)
        if names:
            return names, listed.name
    return None, None


def rival(lists: Sequence[Found], names: Mapping[int, str], source: str) -> str | None:
    """Return a file of the same kind, in another folder beside it, that gives a number another name; None without one.

    What lies right in the folder of the data set speaks for all of it.
    """
    others = [one for one in lists if _rank(one.name) == _rank(source) and one.folders and one.name != source]
    for one in others if "/" in source else []:
        said = _names(one) or {}
        if any(names.get(number, name) != name for number, name in said.items()):
            return one.name
    return None


def _names(listed: Found) -> dict[int, str] | None:
    return _of_yaml(listed.path) if _rank(listed.name) == 0 else _of_lines(listed.path)


def is_names(name: str) -> bool:
    """Check whether a file may name the classes."""
    return _rank(name) < 2


def stated_splits(lists: Sequence[Found]) -> tuple[dict[str, set[str]], set[str]]:
    """Return what data.yaml says of splits, split -> folders and pictures, and the files that it is said in."""
    stated: dict[str, set[str]] = {}
    used: set[str] = set()
    of_name = {listed.name: listed for listed in lists}
    for listed in lists:
        if _rank(listed.name) > 0:
            continue
        for line in _read(listed.path):
            key, _, value = line.partition(":")
            split = split_named(key) if key == key.strip() else None
            for place in _places(value) if split else ():
                used.add(listed.name)
                if place in of_name:
                    used.add(place)
                    stated.setdefault(str(split), set()).update(
                        end for path in _read(of_name[place].path) for end in _endings(path)
                    )
                else:
                    stated.setdefault(str(split), set()).add(place)
    return stated, used


def _places(value: str) -> list[str]:
    """Return the paths in a value, one or a list, without what leads to the folder itself."""
    paths = (_of_flow(value.strip()) or {}).values() if value.strip().startswith("[") else [_without_comment(value)]
    parts = [[part for part in _unquoted(path).split("/") if part not in ("", ".", "..")] for path in paths]
    return ["/".join(part) for part in parts if part]


def _endings(path: str) -> list[str]:
    """Return a path and all that is left of it without its first folders: it may begin anywhere above."""
    parts = [part for part in path.strip().replace("\\", "/").split("/") if part not in ("", ".", "..")]
    return ["/".join(parts[i:]) for i in range(len(parts))]


def _read(path: Path) -> list[str]:
    try:
        return read_text(path, _MAX_BYTES).splitlines()
    except (OSError, ValueError):
        return []


def _rank(name: str) -> int:
    last = name.rpartition("/")[2].lower()
    if last.endswith((".yaml", ".yml")):
        return 0
    return 1 if last in ("classes.txt", "obj.names") or last.endswith(".names") else 2


def _of_lines(path: Path) -> dict[int, str] | None:
    lines = [line.strip() for line in _read(path)]
    while lines and not lines[-1]:
        lines.pop()
    return _distinct(dict(enumerate(lines)))


def _of_yaml(path: Path) -> dict[int, str] | None:
    """Read `names:` in the forms that are in use: [a, b], {0: a}, and a line for each name; YAML itself is far more."""
    lines = _read(path)
    start = next((i for i, line in enumerate(lines) if line.startswith("names:")), None)
    if start is None:
        return None
    inline = _without_comment(lines[start].partition(":")[2])
    if inline:
        text = inline
        for line in lines[start + 1 :]:
            if text.endswith(("]", "}")):
                break
            text += " " + _without_comment(line)
        return _distinct(_of_flow(text))
    names: dict[int, str] = {}
    for line in lines[start + 1 :]:
        text = _without_comment(line)
        match = _ENTRY.fullmatch(text)
        if not text.strip():
            continue
        if match is None or (match[1] is not None and line[:1] not in " \t"):
            break
        names[len(names) if match[1] is None else int(match[1])] = _unquoted(match[2])
    return _distinct(names)


def _of_flow(text: str) -> dict[int, str] | None:
    if (text[:1], text[-1:]) not in (("[", "]"), ("{", "}")):
        return None
    parts = [part.strip() for part in re.findall(r"""(?:"[^"]*"|'[^']*'|[^,"'])+""", text[1:-1])]
    parts = [part for part in parts if part]
    if text[0] == "[":
        return {number: _unquoted(part) for number, part in enumerate(parts)}
    pairs = [part.partition(":") for part in parts]
    if not all(number.strip().strip("\"'").isdecimal() for number, _, _ in pairs):
        return None
    return {int(number.strip().strip("\"'")): _unquoted(name.strip()) for number, _, name in pairs}


def _unquoted(text: str) -> str:
    if len(text) > 1 and text[0] == text[-1] == "'":
        return text[1:-1].replace("''", "'")
    if len(text) > 1 and text[0] == text[-1] == '"':
        try:
            return str(json.loads(text))
        except ValueError:
            return text[1:-1]
    return text


def _without_comment(line: str) -> str:
    return re.sub(r"""(^|\s)#[^"']*$""", "", line).strip() if "#" in line else line.strip()


def _distinct(names: dict[int, str] | None) -> dict[int, str] | None:
    """Return the names as they are shown; None unless there are some, and each number has one."""
    if not names or not all(names.values()):
        return None
    return {number: printable(name) for number, name in names.items()}
