"""What the SVM page offers to take along; each file is built when it is asked for."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from gradviz.representations import Kind, kind_of
from gradviz.ui import polling
from pages.evaluate import svm_history
from pages.evaluate.svm_history import Kept

if TYPE_CHECKING:
    from gradviz.resampling import Resampled
    from gradviz.results import Evaluation


def drawn_key(one: Kept) -> str:
    """Return the key of a result's intervals."""
    return f"svm drawn {one.ask.key}"


def _drawn(kept: Sequence[Kept]) -> "list[Resampled]":
    """Return the intervals of results; those that the page has not needed are computed now, in half a second each."""
    from gradviz.comparison import resampled

    return [polling.answered(drawn_key(one)) or resampled(one.run) for one in kept]


def as_csv(kept: Sequence[Kept]) -> str:
    """Return all results as a table."""
    from gradviz.export import evaluations_csv

    return evaluations_csv([one.run for one in kept], _drawn(kept))


def as_json(kept: Sequence[Kept]) -> str:
    """Return all results, which the command line can repeat."""
    from gradviz.export import evaluation_json

    runs = zip(kept, _drawn(kept), strict=True)
    return json.dumps([evaluation_json(one.run, drawn) for one, drawn in runs], indent=2)


def images_csv(kept: Sequence[Kept]) -> str:
    """Return what every SVM says of every test image."""
    from gradviz.export import image_scores_csv

    return image_scores_csv([one.run for one in kept])


def figure_html(a: Kept, b: Kept | None) -> str:
    """Return the figure of A and B as a page that needs no network, and offers itself as SVG."""
    from gradviz.comparison import compare, incomparable
    from gradviz.figures import ap_dots

    pair = [one for one in (a, b) if one is not None]
    drawn = _drawn(pair)
    difference = compare(a.run, b.run, *drawn) if b and not incomparable(a.run, b.run) else None
    runs = [one.run for one in pair]
    names = svm_history.names(runs)
    kinds: list[Kind] = [kind_of(run.representation) for run in runs]
    figure = ap_dots(a.run, b and b.run, difference, names=names, kinds=kinds, title=_title(runs))
    config = {"displaylogo": False, "toImageButtonOptions": {"format": "svg"}}
    return figure.to_html(include_plotlyjs=True, full_html=True, config=config)


def _title(runs: "Sequence[Evaluation]") -> str:
    """Say what the results were made from: what both have in common is said once."""
    facts = []
    for run in runs:
        about = run.about
        facts += [
            about["dataset"],
            about["network"] or "features of a file",
            svm_history.temperature(run),
            f"{about['train']} ({len(run.train.ids):,}) → {about['test']} ({len(run.test.ids):,})",
            f"C {about['C']}",
            run.ap,
        ]
    return ", ".join(dict.fromkeys(fact for fact in facts if fact))
