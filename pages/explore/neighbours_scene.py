"""What the Neighbours page shows: answers put into the words and numbers that the components draw."""

from contextlib import suppress

import numpy as np

from gradviz.errors import DatasetError
from gradviz.retrieval import compared
from gradviz.ui import widgets
from gradviz.ui.components import queries as foot
from gradviz.ui.components.neighbours import Asked, Photograph, Row, Scene
from gradviz.ui.selection import Selection
from pages.explore.kernels_job import ROLES, SYMBOLS
from pages.explore.neighbours_job import Found, Queries
from pages.explore.neighbours_query import Query


def scene(selection: Selection, query: Query, near: int, found: Found) -> Scene:
    """Put together what a query finds."""
    rows, m = found.rows, found.order.shape[1]
    ranks = np.zeros((3, len(rows.ids)), np.int64)
    for k, order in enumerate(found.order):
        ranks[k, order] = np.arange(1, m + 1)
    seen = list(dict.fromkeys(int(i) for i in found.order[:, :near].ravel()))
    place = {position: k for k, position in enumerate(seen)}
    return Scene(
        Asked(
            id=query.identifier,
            name=query.name,
            classes=found.classes,
            split=_split(query),
            about=_about(query, found, m),
            own=query.own is not None,
            photo=_photo(query),
        ),
        tuple(_row(selection, found, ranks, k, [place[int(i)] for i in found.order[k, :near]]) for k in range(3)),  # pyright: ignore[reportArgumentType] - three of them
        [_photograph(found, ranks, i) for i in seen],
        near,
        _among(selection, query),
        selection.split,
        m,
        selection.spec.normalise != "none",
        bool(rows.images.paths),
    )


def _row(selection: Selection, found: Found, ranks: np.ndarray, k: int, nearest: list[int]) -> Row:
    name = selection.triple[k]
    none = np.empty(0)
    hits = np.flatnonzero(found.relevant == 1) if found.relevant is not None else none.astype(np.int64)
    return Row(
        ROLES[k],
        ROLES[k].capitalize(),
        SYMBOLS[k],
        name,
        k == 2 and found.approximate,
        nearest,
        found.ap[k] if found.ap else None,
        found.precisions[k] if found.precisions else none,
        np.sort(ranks[k, hits]),
    )


def _photograph(found: Found, ranks: np.ndarray, i: int) -> Photograph:
    rows = found.rows
    return Photograph(
        rows.ids[i],
        ", ".join(rows.images.labels_of(int(rows.positions[i]))),
        tuple(float(value) for value in found.values[:, i]),  # pyright: ignore[reportArgumentType] - three of them
        tuple(int(rank) for rank in ranks[:, i]),  # pyright: ignore[reportArgumentType]
        None if found.relevant is None else int(found.relevant[i]),
        tuple(int(mark) for mark in found.labels[i]) if found.relevant is not None else (),
        found.pictures.get(rows.ids[i], b""),
    )


def _photo(query: Query) -> bytes:
    with suppress(DatasetError):
        return widgets.photo(query.images, query.identifier, boxes=False) if query.images.paths else b""
    return b""


def _split(query: Query) -> str:
    """Return the smallest split that the query is in, "" for none."""
    if query.own:
        return ""
    position = query.images.source(query.identifier)
    return next(
        (
            name
            for name, of in sorted(query.images.splits.items(), key=lambda split: len(split[1]))
            if position in set(of.tolist())
        ),
        "",
    )


def _about(query: Query, found: Found, total: int) -> str:
    """Say how many others share a class with the query, or why nothing is right or wrong."""
    link = "A link cannot carry your own photograph: it opens another one." if query.own else ""
    if found.rows.labels is None:
        return f"Without classes nothing is right or wrong: no marks, no average precision. {link}".strip()
    if found.relevant is None:
        return f"It shows no class, so there are no marks and no average precision. {link}".strip()
    hits, unsure = int((found.relevant == 1).sum()), int((found.relevant == 0).sum())
    unsure -= found.identifier in found.rows.ids and query.own is None
    one = len(found.classes) == 1
    if hits:
        share = f"show{'s' * (hits == 1)} it too" if one else f"share{'s' * (hits == 1)} a class"
        lines = [f"{hits:,} of the {total:,} others {share}."]
    else:
        lines = [f"No other of {total:,} {'shows it' if one else 'shares a class'}: average precision is undefined."]
    if unsure:
        how = "difficult" if found.rows.images.unknown is None else "difficult or unknown"
        lines.append(f"{unsure:,} more only as {how}: left out.")
    return " ".join([*lines, link]).strip()


def _among(selection: Selection, query: Query) -> list[tuple[str, int]]:
    """List the splits that may be looked in, with how many others each has under the number chosen."""
    images, number = selection.images, selection.spec.images
    itself = -1 if query.own else images.source(query.identifier)
    chosen = {name: images.select(name, number) for name in ("all", *images.splits)}
    return [(name, int((positions != itself).sum())) for name, positions in chosen.items()]


def queries(found: Queries | None, query: str, way: str, *, stale: bool) -> foot.Scene:
    """Put together what all queries find; None while it is being computed for the first time."""
    if found is None:
        return foot.nothing_to_show("Average precision of all queries: being computed.")
    every = found.all
    whole = compared(every.ap)
    if not whole.queries:
        return foot.nothing_to_show("No two photographs share a class, so no query has an average precision.")
    rows = every.rows
    lines = [
        foot.Line(role, role.capitalize(), float(mean), 100 * float(best), 100 * float(worst))
        for role, mean, best, worst in zip(ROLES, whole.mean, whole.best, whole.worst, strict=True)
    ]
    return foot.Scene(
        rows.ids,
        every.ap[0],
        every.ap[2],
        lines,
        found.ten.tolist(),
        [", ".join(rows.images.labels_of(int(rows.positions[i]))) for i in found.ten],
        [found.pictures.get(rows.ids[i], b"") for i in found.ten],
        way,
        rows.ids.index(query) if query in rows.ids else None,
        whole.queries,
        stale=stale,
    )


def no_queries(name: str) -> foot.Scene:
    """Say why there is nothing to compare all queries by."""
    return foot.nothing_to_show(f"{name} has no classes, so no query has an average precision.")


def stem(selection: Selection) -> str:
    """Return the beginning of a file's name: data set, network, layer, temperature, split and number."""
    parts = ["neighbours", selection.images.name, selection.source, selection.layer.name, selection.triple[2]]
    if not selection.images.features:
        parts.append(f"tau{selection.spec.temperature:g}")
    return "_".join([*parts, selection.split, f"n{selection.chosen}"])
