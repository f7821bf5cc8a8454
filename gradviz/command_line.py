"""Command lines that ask in a terminal for what was asked for elsewhere, quoted for a POSIX shell."""

import shlex
from collections.abc import Collection
from dataclasses import fields
from typing import Any

from gradviz.spec import Spec


def command_line(
    verb: str, place: str, spec: Spec | None = None, *, stated: Collection[str] = (), **arguments: Any
) -> str:
    """Write a command; choices that the command takes anyway are left out.

    Parameters
    ----------
    verb
        A sub-command, such as `evaluate`.
    place
        The data set: a name, or a path as somebody types it.
    spec
        The choices; None for a command that takes none.
    stated
        Fields of the Spec that are written even where they have their default.
    arguments
        The command's own options by name, `_` for `-`, in the order of the line: None and False are left out, True is a
        switch, a list repeats its option.

    Returns
    -------
    str
        One line that a POSIX shell takes apart into the same arguments.
    """
    words = ["gradviz", verb, f"./{place}" if place.startswith("-") else place]
    usual = Spec()
    chosen = {} if spec is None else {field.name: getattr(spec, field.name) for field in fields(Spec)}
    chosen = {name: value for name, value in chosen.items() if name in stated or value != getattr(usual, name)}
    for name, value in (chosen | arguments).items():
        flag = f"--{name.replace('_', '-')}"
        if value is True:
            words.append(flag)
            continue
        for one in value if isinstance(value, list | tuple) else [value]:
            if one is not None and one is not False:
                text = _text(one)
                # What begins with a dash would be taken for another option.
                words += [f"{flag}={text}"] if text.startswith("-") else [flag, text]
    return shlex.join(words)


def _text(value: object) -> str:
    """Write a value: 8 for 8.0, and as many digits as it takes to read the same number."""
    if not isinstance(value, float):
        return str(value)
    return short if float(short := f"{value:g}") == value else repr(value)
