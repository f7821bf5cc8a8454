"""Notice the same photograph in two splits: what was learnt by heart is then scored."""

import os
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from pathlib import Path
from typing import NamedTuple

from gradviz.datasets.digests import file_digests
from gradviz.datasets.image_set import Finding
from gradviz.datasets.pictures import printable
from gradviz.errors import DatasetError

_END = 256
"""Bytes at a file's end that are compared before all are: photographs of one size hardly ever end alike."""


class Member(NamedTuple):
    """Hold a photograph's id, its file and its splits."""

    id: str
    path: str
    splits: frozenset[str]


def across_splits(members: Iterable[Member]) -> list[Finding]:
    """Say how many photographs are in several splits, as files of the same bytes.

    Every file is asked for its size alone. Those that share it with one of another split show their ends, and only
    where these are the same, too, the whole files are compared.

    Parameters
    ----------
    members
        The photographs that are in splits.
    """
    ends = _alike(_alike([[*members]], _size), _end)
    paths = [one.path for group in ends for one in group]
    try:
        digests = dict(zip(paths, file_digests(map(Path, paths)), strict=True))
    except DatasetError:  # whoever opens a file that cannot be read says so
        return []
    of_splits: dict[tuple[str, ...], list[list[Member]]] = defaultdict(list)
    for group in _alike(ends, lambda one: digests[one.path]):
        of_splits[_apart(group)].append(group)
    return [
        Finding(
            printable(_example(groups[0]) + (", ..." if len(groups) > 1 else "")),
            f"the same photograph in {' and in '.join(splits)}, which raises the scores",
            "guessed",
            len(groups),
        )
        for splits, groups in sorted(of_splits.items())
    ]


def _example(group: Iterable[Member]) -> str:
    first, *others = sorted(group, key=lambda one: one.id)
    return f"{first.id} = {next(one.id for one in others if one.splits != first.splits)}"


def _alike(groups: Iterable[list[Member]], key: Callable[[Member], Hashable]) -> list[list[Member]]:
    """Part each group by a key, and keep the parts that are in several splits."""
    parts = []
    for group in groups:
        of_key: dict[Hashable, list[Member]] = defaultdict(list)
        for one in group:
            if (value := key(one)) is not None:
                of_key[value].append(one)
        parts += [part for part in of_key.values() if _apart(part)]
    return parts


def _apart(group: list[Member]) -> tuple[str, ...]:
    """List the splits that some have and others lack; none unless there are two: train in trainval tells nothing."""
    own = {one.splits for one in group}
    differing = frozenset[str]().union(*own) - frozenset.intersection(*own)
    return tuple(sorted(differing)) if len(differing) > 1 else ()


def _size(one: Member) -> int | None:
    try:
        return os.stat(one.path).st_size  # noqa: PTH116 - a Path for each of many pictures is slow
    except OSError:
        return None


def _end(one: Member) -> bytes | None:
    try:
        with open(one.path, "rb", buffering=0) as file:  # noqa: PTH123
            file.seek(max(0, os.fstat(file.fileno()).st_size - _END))
            return file.read(_END)
    except OSError:
        return None
