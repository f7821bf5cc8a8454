"""What the SVM page draws of two results: a line for each class, and the photographs of one."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from gradviz.metrics import PrecisionRecall, precision_recall, rank_moves, ranking, ranks
from gradviz.ui.components.scores import Curve, Detail, Line, Photo, Side, Strip
from gradviz.ui.selection import Selection
from pages.evaluate import svm_asks, svm_history
from pages.evaluate.svm_history import Kept

if TYPE_CHECKING:
    from gradviz.resampling import Difference, Resampled
    from gradviz.results import Evaluation

FIRST = 3
"""Squares of a line: the first mistakes of a class."""
FEW = 5
"""Positive test images below which no star is given: drawing one or two again and again says little of others."""
MOST = 8
"""Photographs of a row, of which a narrow window shows fewer."""


def side(
    one: Kept, drawn: "Resampled | None", selection: Selection, choices: Mapping[str, object], other: Side | None = None
) -> Side:
    """Describe a result as A or, beside the `other` one, as B."""
    asked = one.ask
    mean = one.run.mean_ap
    return Side(
        key=svm_asks.written(asked, selection, choices),
        name=asked.representation,
        formula=asked.is_formula,
        role=asked.role,
        place=int(other is not None and other.role == asked.role),
        mean=None if np.isnan(mean) else mean,
        interval=_bounds(None if drawn is None else drawn.interval),
        temperature=svm_history.temperature(one.run),
        what=asked.what,
        note=svm_asks.in_words(svm_asks.differing(asked, selection, choices)),
    )


def lines(
    selection: Selection,
    a: "Evaluation",
    b: "Evaluation | None",
    difference: "Difference | None",
    *,
    paired: bool,
) -> list[Line]:
    """Return a line for each class, in the data set's order; `paired` says that the two can be subtracted."""
    found, labels = [], _labels(a)
    colours = {name: c for c, name in enumerate(selection.images.classes)}
    for c, (name, ap) in enumerate(a.per_class.items()):
        other = b.per_class.get(name) if b else None
        why = a.left_out.get(name, "") or (b.left_out.get(name, "") if b else "")
        sure = difference if ap is not None and other is not None else None
        mistakes = _of(ranking(a.scores[:, c], labels[:, c])[0], labels[:, c], -1)[:FIRST]
        found.append(
            Line(
                name=name,
                colour=colours.get(name, c),
                positives=a.positives[name],
                a=ap,
                b=other,
                difference=ap - other if paired and ap is not None and other is not None else None,
                alone=_bounds(sure.intervals[c].tolist()) if sure else None,
                together=_bounds(sure.together[c].tolist()) if sure else None,
                star=bool(sure and sure.certain[c] and a.positives[name] >= FEW),
                why=why,
                first=[a.test.ids[i] for i in mistakes],
            )
        )
    return found


def weakest(found: Sequence[Line]) -> str | None:
    """Return the class with the least AP; the first where none is scored."""
    scored = [line for line in found if line.a is not None]
    if scored:
        return min(scored, key=lambda line: line.a or 0.0).name
    return found[0].name if found else None


def legend(found: Sequence[Line], difference: "Difference | None", sides: tuple[Side, Side | None], why: str) -> str:
    """Say in a sentence how the intervals came about, what the star means, and which classes have one."""
    if sides[1] is None:
        return "Choose a second result to compare with."
    if why:
        return f"No intervals of the difference: the two have {why}."
    if difference is None:
        return "The intervals are being computed."
    scored = [line for line in found if line.difference is not None]
    stars = [line.name for line in scored if line.star]
    gain = sum((line.difference or 0) > 0 for line in scored)
    which = ", ".join(stars) if stars else "no class alone"
    few = f" (and {FEW} or more show the class)" if any(line.positives < FEW for line in scored) else ""
    return (
        f"{len(difference.draws):,} paired resamples of the test photographs: {{thick}} 95 %, {{thin}} 95 % for all "
        f"{len(scored)} at once. {{star}} the thin line leaves 0{few}: {which}; {gain} of {len(scored)} gain. "
        "Differences are rounded last."
    )


def unseen(found: Sequence[Line]) -> str:
    """Say which classes are left out of the means, and why."""
    reasons: dict[str, list[str]] = {}
    for line in found:
        if line.why:
            reasons.setdefault(line.why, []).append(line.name)
    return "; ".join(f"Left out of the means, {why}: {', '.join(names)}" for why, names in reasons.items())


def detail(
    selection: Selection, a: "Evaluation", b: "Evaluation | None", name: str, extra: str | None
) -> Detail | None:
    """Return curves and photographs of one class; the `extra` photograph is added where it is among the scored."""
    if name not in a.per_class:
        return None
    c = list(a.per_class).index(name)
    label = _labels(a)[:, c]
    runs = [a, *([b] if b and b.test.ids == a.test.ids and name in b.per_class else [])]
    scores = [run.scores[:, list(run.per_class).index(name)] for run in runs]
    curves, placed = [precision_recall(s, label) for s in scores], [ranks(s, label) for s in scores]
    strips = _strips(selection, a, name, label, scores[0], placed)
    wanted = dict.fromkeys(identifier for strip in strips for identifier in strip.ids)
    row_of = {identifier: row for row, identifier in enumerate(a.test.ids)}
    if extra in row_of and label[row_of[extra]]:
        wanted[extra] = None
    photos = {
        identifier: _photo(selection, identifier, row_of[identifier], label, scores, placed, curves)
        for identifier in wanted
    }
    return Detail(name, int((label != 0).sum()), [_thinned(curve, a.ap) for curve in curves], photos, strips)


def _strips(
    selection: Selection,
    a: "Evaluation",
    name: str,
    label: np.ndarray,
    scores: np.ndarray,
    placed: list[np.ndarray],
) -> list[Strip]:
    order = ranking(scores, label)[0]
    right, wrong = _of(order, label, 1), _of(order, label, -1)
    missed = [i for i in right[::-1] if placed[0][i] > len(right)]

    def strip(kind: str, title: str, about: str, rows: Sequence[int]) -> Strip:
        return Strip(kind, title, about, [a.test.ids[i] for i in rows[:MOST]])

    found = [
        strip("right", "Right, at the top", "rank and score", right),
        strip("wrong", f"Mistaken for {name}", "best-ranked without one: rank and what it shows", wrong),
        strip("missed", "Missed", f"show one, ranked below the first {len(right):,}: rank and score", missed),
    ]
    if len(placed) > 1:
        moves = rank_moves(*placed).tolist()
        ra, rb = placed
        found += [
            strip("moved", f"Rank moved most: {name}", "", [i for i in moves if label[i] > 0]),
            strip("moved down", f"no {name}, down", "", [i for i in moves if label[i] < 0 and ra[i] > rb[i]]),
            strip("moved up", f"no {name}, up", "", [i for i in moves if label[i] < 0 and ra[i] < rb[i]]),
        ]
    return found


def _photo(
    selection: Selection,
    identifier: str,
    row: int,
    label: np.ndarray,
    scores: list[np.ndarray],
    placed: list[np.ndarray],
    curves: list[PrecisionRecall],
) -> Photo:
    shows = selection.images.labels_of(selection.images.source(identifier))
    cuts = []
    for curve, of in zip(curves, placed, strict=True):
        at = min(int(np.searchsorted(curve.seen, of[row])), len(curve.seen) - 1)
        cuts.append((float(curve.recall[at]), float(curve.precision[at])) if at >= 0 else (0.0, 0.0))
    return Photo(int(label[row]), shows, [int(of[row]) for of in placed], [float(s[row]) for s in scores], cuts)


def _thinned(curve: PrecisionRecall, kind: str) -> Curve:
    """Leave out the points on straight falls, where nothing is found."""
    rises = np.diff(curve.recall, prepend=0) > 0
    kept = rises | np.append(rises[1:], True) if len(rises) else rises
    tenths = curve.tenths.round(4).tolist() if kind == "eleven_point" else ()
    return Curve(curve.recall[kept].round(4).tolist(), curve.precision[kept].round(4).tolist(), tenths)


def _of(order: np.ndarray, label: np.ndarray, sign: int) -> list[int]:
    return order[label[order] == sign].tolist()


def _labels(run: "Evaluation") -> np.ndarray:
    labels = run.test.labels
    return np.zeros((len(run.test.ids), len(run.per_class)), np.int8) if labels is None else labels


def _bounds(bounds: Sequence[float] | None) -> tuple[float, float] | None:
    """Return two ends, None where there is none."""
    if bounds is None or np.isnan(bounds).any():
        return None
    return float(bounds[0]), float(bounds[1])
