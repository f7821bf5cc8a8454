"""The scores that a visitor has collected in this session, for comparison."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from gradviz.representations import Kind, kind_of

if TYPE_CHECKING:
    from gradviz.results import Evaluation
    from gradviz.ui.selection import Selection

MOST = 12
"""Runs that are kept; beyond, the bars would be too thin to tell apart."""


def keep(selection: "Selection", found: Sequence["Evaluation"]) -> None:
    """Add results; the same question asked again replaces its former answer."""
    kept = st.session_state.setdefault("runs", {})
    for run in found:
        key = (selection.token, repr(sorted(run.about.items())))
        kept.pop(key, None)
        kept[key] = run
    for key in list(kept)[:-MOST]:
        del kept[key]


def of(selection: "Selection") -> list["Evaluation"]:
    """List the results on the chosen data set, oldest first."""
    kept = st.session_state.get("runs", {})
    return [run for (token, _), run in kept.items() if token == selection.token]


def clear() -> None:
    """Forget all results of this session."""
    st.session_state.pop("runs", None)


def names(kept: Sequence["Evaluation"]) -> list[str]:
    """Return a name for each result: its representation and what distinguishes it from the others."""
    facts = [_facts(run) for run in kept]
    differing = [name for name in facts[0] if len({fact[name] for fact in facts}) > 1]
    return [
        ", ".join([run.representation, *(fact[name] for name in differing)])
        for run, fact in zip(kept, facts, strict=True)
    ]


def kinds(kept: Sequence["Evaluation"]) -> list[Kind]:
    """Return for each result whether it is forward, backward, product or a concatenation, whatever the network."""
    return [kind_of(run.representation) for run in kept]


def _facts(run: "Evaluation") -> dict[str, str]:
    about = run.about
    return {
        "network": about["network"],
        "temperature": f"τ {run.temperature:g}" + (" (cv)" if about["temperature"] == "cv" else ""),
        "C": f"C {_penalty(run)}",
        "splits": f"{about['train']} → {about['test']}",
        "images": f"{len(run.train.ids):,} + {len(run.test.ids):,} images",
        "ap": run.ap,
        "preprocess": about["preprocess"],
        "pseudo_label": about["pseudo_label"],
        "normalise": f"normalisation {about['normalise']}",
        "weights": f"weights {(about.get('weights_digest') or '')[:8]}",
        "seed": f"seed {about['seed']}",
    }


def table(kept: Sequence["Evaluation"], names: Sequence[str]) -> list[dict[str, Any]]:
    """Return the results as rows, the best mean marked."""
    best = max(run.mean_ap for run in kept)
    return [
        {
            "best": "★" if run.mean_ap == best else "",
            "result": name,
            "mAP": run.mean_ap,
            "network": run.about["network"],
            "τ": run.temperature,
            "C": _penalty(run),
            "train → test": _splits(run),
            "average precision": run.ap,
            "seconds": sum(run.seconds.values()),
        }
        for run, name in zip(kept, names, strict=True)
    ]


def _penalty(run: "Evaluation") -> str:
    C = run.about["C"]
    return C if C == "cv" else f"{C:g}"


def _splits(run: "Evaluation") -> str:
    about = run.about
    return f"{about['train']} ({len(run.train.ids):,}) → {about['test']} ({len(run.test.ids):,})"


def columns() -> dict[str, Any]:
    """Return how the table's columns are formatted."""
    number = st.column_config.NumberColumn
    return {
        "best": st.column_config.TextColumn("", width=40),
        "result": st.column_config.TextColumn("representation"),
        "mAP": number("mAP, %", format="%.2f"),
        "τ": number("τ", format="%g"),
        "seconds": number("seconds", format="%.1f"),
    }
