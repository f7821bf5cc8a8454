"""The results of this session: all that the SVM page has shown, until somebody clears them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import streamlit as st

from gradviz.words import counted
from pages.evaluate import svm_asks
from pages.evaluate.svm_asks import Ask

if TYPE_CHECKING:
    from gradviz.resampling import Resampled
    from gradviz.results import Evaluation
    from gradviz.ui.selection import Selection


@dataclass(frozen=True)
class Kept:
    """A result, and what was asked."""

    ask: Ask
    run: "Evaluation"


def keep(one: Ask, run: "Evaluation") -> Kept:
    """Keep a result for the rest of the session; the same question asked again replaces its former answer."""
    kept = st.session_state.setdefault("runs", {})
    return kept.setdefault((one.selection.token, one.key), Kept(one, run))


def get(one: Ask) -> Kept | None:
    """Return a result that is there already."""
    return st.session_state.get("runs", {}).get((one.selection.token, one.key))


def of(selection: "Selection") -> list[Kept]:
    """List the results on the chosen data set, oldest first."""
    return [kept for (token, _), kept in st.session_state.get("runs", {}).items() if token == selection.token]


def clear() -> None:
    """Forget all results of this session; those of the choices now are then made again."""
    st.session_state.pop("runs", None)


def names(kept: Sequence["Evaluation"]) -> list[str]:
    """Return a name for each result: its representation and what distinguishes it from the others."""
    facts = [_facts(run) for run in kept]
    # What a result does not have, such as the temperature of x6, tells it from nothing.
    differing = [name for name in facts[0] if len({fact[name] for fact in facts if fact[name]}) > 1]
    return [
        ", ".join([run.representation, *(fact[name] for name in differing if fact[name])])
        for run, fact in zip(kept, facts, strict=True)
    ]


def _facts(run: "Evaluation") -> dict[str, str]:
    about = run.about
    return {
        "network": about["network"],
        "temperature": temperature(run),
        "C": f"C {_penalty(run)}",
        "splits": f"{about['train']} → {about['test']}",
        "images": f"{len(run.train.ids):,} + {counted(len(run.test.ids), 'image')}",
        "ap": run.ap,
        "preprocess": about["preprocess"],
        "pseudo_label": about["pseudo_label"],
        "normalise": f"normalisation {about['normalise']}",
        "weights": f"weights {(about.get('weights_digest') or '')[:8]}",
        "seed": f"seed {about['seed']}",
    }


def temperature(run: "Evaluation") -> str:
    """Say at which temperature a result was made; nothing where it does not depend on it."""
    if not run.tempered:
        return ""
    return f"τ {run.temperature:g}" + (" (cv)" if run.about["temperature"] == "cv" else "")


def table(
    kept: Sequence[Kept],
    drawn: Sequence["Resampled | None"],
    selection: "Selection",
    choices: Mapping[str, Any],
) -> list[dict[str, Any]]:
    """Return the results as rows, the best mean first."""
    called = names([one.run for one in kept])
    rows = [_row(one, name, of, selection, choices) for one, name, of in zip(kept, called, drawn, strict=True)]
    return sorted(rows, key=lambda row: -row["mAP"])


def _row(
    one: Kept, name: str, drawn: "Resampled | None", selection: "Selection", choices: Mapping[str, Any]
) -> dict[str, Any]:
    run, about = one.run, one.run.about
    other = svm_asks.differing(one.ask, selection, choices)
    return {
        "result": name,
        "mAP": run.mean_ap,
        "interval": "" if drawn is None else "{:.1f} to {:.1f}".format(*drawn.interval),
        "made with": f"other choices: {svm_asks.in_words(other)}" if other else "these choices",
        "what": one.ask.what,
        "network": about["network"],
        "τ": run.temperature if run.tempered else None,
        "C": _penalty(run),
        "train → test": f"{about['train']} ({len(run.train.ids):,}) → {about['test']} ({len(run.test.ids):,})",
        "average precision": run.ap,
        "seconds": sum(run.seconds.values()),
    }


def _penalty(run: "Evaluation") -> str:
    C = run.about["C"]
    return C if C == "cv" else f"{C:g}"


def columns() -> dict[str, Any]:
    """Return how the table's columns are formatted."""
    number = st.column_config.NumberColumn
    return {
        "result": st.column_config.TextColumn("representation"),
        "mAP": number("mAP, %", format="%.2f"),
        "interval": st.column_config.TextColumn("95 %"),
        "τ": number("τ", format="%g"),
        "seconds": number("seconds", format="%.1f"),
    }
