"""What the jobs of the Layers page compute: rows as they come, the answer's score, photographs, and alignments."""

import math
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from gradviz.callbacks import Cancel, Progress, part
from gradviz.metrics import rank_moves, ranks
from gradviz.spec import Spec
from gradviz.ui import views
from gradviz.ui.kept import Kept

if TYPE_CHECKING:
    from gradviz.ranking import Scored
    from gradviz.results import BoardRow, Evaluation
    from gradviz.ui.selection import Selection

MOST_BOARDS = 60
PHOTOGRAPHS = 10

Choices = Mapping[str, Any]
"""train, test (None where there is nothing to score on), C and ap."""


class Pick(NamedTuple):
    """A result that is scored: network (None for a file's features), representation, temperature (None for none)."""

    network: str | None
    representation: str
    temperature: float | None


@dataclass
class Board:
    """The rows of one network that are known so far, and how many there will be (0: not known yet)."""

    rows: "dict[tuple[str, float | None], BoardRow]" = field(default_factory=dict)
    total: int = 0


_boards: "OrderedDict[str, Board]" = OrderedDict()
_lock = threading.Lock()
_runs = Kept(100_000_000)
"""Scores on the test images; a visitor's own photographs are never among them."""


def of_network(selection: "Selection", network: str | None) -> "Selection":
    """Return the choices with another network, less those that the board tries all of or does not depend on.

    Other weights belong to the network that was chosen with them.
    """
    spec = replace(selection.spec, temperature=Spec().temperature, centre=False)
    if network is not None and network != spec.network:
        spec = replace(spec, network=network, weights=None)
    return replace(selection.whole, spec=spec)


def key_of(selection: "Selection", choices: Choices) -> str:
    """Return what names a network's board; the test split is no part of it."""
    return selection.key("board", {name: choices[name] for name in ("train", "C", "ap")})


def board_of(key: str) -> Board:
    """Return what is known of a board; it lasts until many others are asked for."""
    with _lock:
        found = _boards.setdefault(key, Board())
        _boards.move_to_end(key)
        while len(_boards) > MOST_BOARDS:
            _boards.popitem(last=False)
        return found


def rows_of(key: str) -> "tuple[BoardRow, ...]":
    """Return the rows that are known, in the order in which they came."""
    board = board_of(key)
    with _lock:
        return tuple(board.rows.values())


def forget(token: str) -> None:
    """Forget the boards of photographs that are gone."""
    with _lock:
        for key in [key for key in _boards if token in key]:
            del _boards[key]


def measured(selection: "Selection", choices: Choices, progress: Progress, cancel: Cancel) -> "tuple[BoardRow, ...]":
    """Measure the rows of one network that are not known yet; those that are stay when it is stopped."""
    from gradviz.board import board, wanted

    lab = selection.experiment()
    found, every = board_of(key_of(selection, choices)), wanted(lab)
    found.total = len(every)
    missing = [one for one in every if one not in found.rows]
    asked = {name: choices[name] for name in ("train", "C", "ap")}
    here = part(progress, 1 - len(missing) / max(1, len(every)), 1)
    for row in board(lab, missing, **asked, progress=here, cancel=cancel) if missing else ():
        with _lock:
            found.rows[row.representation, row.temperature] = row
    return tuple(found.rows[one] for one in every)


def there(selection: "Selection", splits: Sequence[str], progress: Progress, cancel: Cancel) -> tuple[str, ...]:
    """List the networks that have looked at all photographs of some splits already."""
    from gradviz.board import stored

    found = stored(selection.experiment(), *splits)
    progress(1, 1)
    return found


def looked(
    selection: "Selection", networks: Sequence[str], splits: Sequence[str], progress: Progress, cancel: Cancel
) -> tuple[str, ...]:
    """Have networks look at the photographs, one after the other."""
    for i, name in enumerate(networks):
        here = part(progress, i / len(networks), (i + 1) / len(networks))
        views.extract(of_network(selection, name), splits, here, cancel)
    return tuple(networks)


@dataclass(frozen=True)
class Told:
    """The scores of some results on the test images, and the photographs that tell the first two apart."""

    scored: "list[Scored]"
    moved: "list[Moved]"


class Moved(NamedTuple):
    """A photograph: its class, label (1 or -1), ranks under both results, and whether the first is right."""

    id: str
    name: str
    label: int
    ranks: tuple[int, int]
    good: bool


def told(selection: "Selection", picks: Sequence[Pick], choices: Choices, progress: Progress, cancel: Cancel) -> Told:
    """Score results on the test images; the first is compared with all others, its ranks with those of the last."""
    from gradviz.ranking import scored

    runs = []
    for i, pick in enumerate(picks):
        here = part(progress, 0.9 * i / len(picks), 0.9 * (i + 1) / len(picks))
        runs.append(_scored(of_network(selection, pick.network), pick, choices, here, cancel))
    found = scored(runs, cancel=cancel)
    return Told(found, moved(runs[0], runs[-1]) if len(runs) > 1 else [])


def _scored(selection: "Selection", pick: Pick, choices: Choices, progress: Progress, cancel: Cancel) -> "Evaluation":
    from gradviz.board import at

    def made() -> "Evaluation":
        lab = at(selection.experiment(), pick.temperature)
        return lab.evaluate(pick.representation, **choices, progress=progress, cancel=cancel)

    key = selection.key("scored", pick, dict(choices))
    return made() if selection.own else _runs.get(key, made, lambda run: run.scores.nbytes)


def moved(a: "Evaluation", b: "Evaluation", most: int = PHOTOGRAPHS) -> list[Moved]:
    """List the test images whose rank for one class differs most, each once; first those where a is right.

    Only ranks within the number of positives count: further down nobody looks.
    """
    labels = a.test.labels
    if labels is None or a.test.ids != b.test.ids:
        return []
    found: list[tuple[float, Moved]] = []
    for c, name in enumerate(a.per_class):
        if a.per_class[name] is None or b.per_class[name] is None:
            continue
        of_a, of_b = ranks(a.scores[:, c], labels[:, c]), ranks(b.scores[:, c], labels[:, c])
        within = int((labels[:, c] == 1).sum())
        for i in rank_moves(of_a, of_b, within=within)[: 4 * most].tolist():
            good = (labels[i, c] > 0) == (of_a[i] < of_b[i])
            steps = abs(math.log2(of_b[i] / of_a[i]))
            found.append(
                (steps, Moved(a.test.ids[i], name, int(labels[i, c]), (int(of_a[i]), int(of_b[i])), bool(good)))
            )
    first: dict[str, Moved] = {}
    for _, one in sorted(found, key=lambda pair: -pair[0]):
        first.setdefault(one.id, one)
        if len(first) == most:
            break
    return sorted(first.values(), key=lambda one: not one.good)


def alike(selection: "Selection", picks: Sequence[Pick], train: str, progress: Progress, cancel: Cancel) -> np.ndarray:
    """Compare the kernels of results with each other on the training images: (r, r)."""
    from gradviz.board import similarities

    labs = {name: of_network(selection, name).experiment() for name in dict.fromkeys(pick.network for pick in picks)}
    asked = [(labs[pick.network], pick.representation, pick.temperature) for pick in picks]
    return similarities(asked, train, progress=progress, cancel=cancel)


def faces(selection: "Selection", train: str) -> list[tuple[str, str]]:
    """Return ten training photographs, one for each of the first classes as far as there are: id and class."""
    images = selection.images
    positions = images.select(train, selection.spec.images)
    labels = images.labels
    if labels is None:
        return [(images.ids[i], "") for i in positions[:PHOTOGRAPHS]]
    found: dict[str, str] = {}
    for turn in range(PHOTOGRAPHS):
        for c, name in enumerate(images.classes):
            showing = positions[labels[positions, c] == 1]
            if len(showing) > turn and len(found) < PHOTOGRAPHS:
                found.setdefault(images.ids[showing[turn]], name)
    return list(found.items())
