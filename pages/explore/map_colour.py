"""What colours the points of the maps: groups with a legend, or a scale."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradviz.datasets import ImageSet
from gradviz.ui.drawing import CLASS_SYMBOLS, class_symbol
from pages.explore.map_views import Facts

UNSCORED = "not scored: trained on, or in neither split"


def painted(choice: str, images: ImageSet, facts: Facts, name: str | None, scored: dict[str, Any] | None) -> dict:
    """Return the colours as the maps take them: groups, each with its photographs, or a scale with a value for each.

    `choice` is one of pages.explore.map_controls.COLOURS; `scored` is what the SVMs say of the class `name`, None while
    it is being computed: every point is grey then.
    """
    if choice == "Class":
        return by_class(images, facts)
    if choice == "Labels":
        counts = np.array([min(len(shown), 4) for shown in facts.labels], dtype=np.int64)
        names = ("no label", "one label", "two labels", "three labels", "four or more")
        groups = [(name, f"ramp {level / 4:g}", "circle") for level, name in enumerate(names)]
        return grouped("By number of labels", counts, groups)
    if choice == "Split":
        names = sorted({*facts.splits})
        of = np.array([names.index(split) for split in facts.splits], dtype=np.int64)
        groups = [(split or "no split", 3 * g, CLASS_SYMBOLS[g % len(CLASS_SYMBOLS)]) for g, split in enumerate(names)]
        return grouped("By split, the smallest that a photograph is in", of, groups)
    if choice in ("SVM score", "Error") and name is not None:
        if scored is None:
            return grouped(
                f"The SVM of {name} is being trained",
                np.zeros(len(facts.ids), np.int64),
                [("photographs", "ticks", "")],
            )
        return score(choice, images, facts, name, scored)
    return grouped("One colour for all", np.zeros(len(facts.ids), np.int64), [("photographs", "accent", "circle")])


def grouped(title: str, of: np.ndarray, groups: Sequence[tuple[str, str | int, str]]) -> dict[str, Any]:
    """Return groups (name, colour, symbol), less those without a photograph; of (n,) says which each is in."""
    counts = np.bincount(of, minlength=len(groups))
    kept = [g for g in range(len(groups)) if counts[g]]
    place = {g: k for k, g in enumerate(kept)}
    entries = [
        {"name": groups[g][0], "class": -1, "count": int(counts[g]), "shown": int(counts[g]), "paint": groups[g][1]}
        | {"symbol": groups[g][2] or "circle"}
        for g in kept
    ]
    return {"kind": "groups", "title": title, "marks": False, "of": [place[g] for g in of.tolist()], "groups": entries}


def by_class(images: ImageSet, facts: Facts) -> dict[str, Any]:
    """Return all classes in the data set's order, each with how many stand under it and how many show it."""
    shown = np.zeros(len(images.classes), np.int64)
    for labels in facts.labels:
        shown[list(labels)] += 1
    under = np.bincount(facts.main[facts.main >= 0], minlength=len(images.classes))
    groups = [
        {
            "name": name,
            "class": c,
            "count": int(under[c]),
            "shown": int(shown[c]),
            "paint": c,
            "symbol": class_symbol(c),
        }
        for c, name in enumerate(images.classes)
    ]
    none = int((facts.main < 0).sum())
    if none:
        groups.append(
            {"name": "no class", "class": -1, "count": none, "shown": none, "paint": "ticks", "symbol": "circle"}
        )
    of = np.where(facts.main < 0, len(images.classes), facts.main)
    title = f"By {facts.rule}" if facts.rule else "By class"
    return {"kind": "groups", "title": title, "marks": True, "of": of.tolist(), "groups": groups}


def score(choice: str, images: ImageSet, facts: Facts, name: str, scored: dict[str, Any]) -> dict[str, Any]:
    """Return the SVM's score of a class as a scale, or its hits and errors as groups."""
    c = images.classes.index(name)
    row = {identifier: k for k, identifier in enumerate(scored["ids"])}
    values = np.array([scored["scores"][row[i], c] if i in row else np.nan for i in facts.ids])
    there = np.isfinite(values)
    train, test = scored["splits"]
    if choice == "SVM score":
        low, high = (float(values[there].min()), float(values[there].max())) if there.any() else (0.0, 1.0)
        return {
            "kind": "scale",
            "title": f"SVM score of {name}, trained on {train}, {int(there.sum()):,} of {test} scored",
            "name": name,
            "note": f"grey: {UNSCORED}",
            "values": [round(float(v), 4) if np.isfinite(v) else None for v in values],
            "low": low,
            "high": high,
        }
    labels = np.array([0 if images.labels is None else int(images.labels[p, c]) for p in facts.positions])
    says = np.where(there, values, 0) > 0
    of = np.select(
        [~there, labels == 0, (labels == 1) & says, (labels == 1) & ~says, (labels != 1) & says], [4, 5, 0, 1, 2], 3
    )
    groups = [
        (f"{name} found", "right", "circle"),
        (f"{name} missed", "wrong", "square"),
        (f"taken for {name}", "text", "diamond"),
        (f"rightly not {name}", "ticks", "circle"),
        (UNSCORED, "line", "circle"),
        ("difficult or unknown", "line", "triangle-up"),
    ]
    return grouped(f"Errors of the SVM of {name}, trained on {train}, scored on {test}", of, groups)
