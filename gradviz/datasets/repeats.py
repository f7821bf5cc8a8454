"""Notice the same photograph twice: in two splits, what was learnt by heart is then scored."""

import os
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

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


_Wanted = Callable[[list[Member]], object]


def across_splits(members: Iterable[Member]) -> list[Finding]:
    """Say how many photographs are in several splits, as files of the same bytes.

    Every file is asked for its size alone. Those that share it with one of another split show their ends, and only
    where these are the same, too, the whole files are compared.

    Parameters
    ----------
    members
        The photographs that are in splits.
    """
    of_splits: dict[tuple[str, ...], list[list[Member]]] = defaultdict(list)
    for group in _same_files([*members], _apart):
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


def copies(members: Sequence[Member]) -> NDArray[np.int64] | None:
    """Number n photographs so that files of the same bytes have one number; None where no two are the same.

    Files are compared as by `across_splits`. The number is the position of the first.

    Parameters
    ----------
    members
        The photographs; their splits do not matter.
    """
    groups = _same_files(members, lambda group: len(group) > 1)
    if not groups:
        return None
    place = {one.id: position for position, one in enumerate(members)}
    numbers = np.arange(len(members))
    for group in groups:
        positions = [place[one.id] for one in group]
        numbers[positions] = min(positions)
    return numbers


def within_halves(
    members: Sequence[Member], numbers: NDArray[np.int64], labels: Sequence[Mapping[str, int | None] | None]
) -> list[Finding]:
    """Say how many labelled photographs are there more than once where halves are drawn, and how many in two ways.

    Parameters
    ----------
    members
        n photographs.
    numbers
        Shape (n,), from `copies`.
    labels
        What each shows; None where nobody knows, which is in no half.
    """
    of_number: dict[int, list[int]] = defaultdict(list)
    for position, number in enumerate(numbers.tolist()):
        if labels[position] is not None:
            of_number[number].append(position)
    groups = [positions for positions in of_number.values() if len(positions) > 1]
    apart = [group for group in groups if any(labels[i] != labels[group[0]] for i in group)]
    said = (
        (groups, "the same photograph more than once: kept in one half"),
        (apart, "the same photograph, labelled in two ways"),
    )
    return [
        Finding(
            printable(" = ".join(members[i].id for i in found[0][:2]) + (", ..." if len(found) > 1 else "")),
            reason,
            "guessed",
            len(found),
        )
        for found, reason in said
        if found
    ]


def _same_files(members: Sequence[Member], wanted: _Wanted) -> list[list[Member]]:
    """List the groups of members that are files of the same bytes, as far as they are wanted."""
    ends = _alike(_alike([[*members]], _size, wanted), _end, wanted)
    paths = [one.path for group in ends for one in group]
    try:
        digests = dict(zip(paths, file_digests(map(Path, paths)), strict=True))
    except DatasetError:  # whoever opens a file that cannot be read says so
        return []
    return _alike(ends, lambda one: digests[one.path], wanted)


def _alike(groups: Iterable[list[Member]], key: Callable[[Member], Hashable], wanted: _Wanted) -> list[list[Member]]:
    """Part each group by a key, and keep the parts that are wanted."""
    parts = []
    for group in groups:
        of_key: dict[Hashable, list[Member]] = defaultdict(list)
        for one in group:
            if (value := key(one)) is not None:
                of_key[value].append(one)
        parts += [part for part in of_key.values() if wanted(part)]
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
