"""What the maps show: the answers that are there, put together for the component that draws them."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gradviz.errors import DatasetError
from gradviz.placement import levelled, turned
from gradviz.ui import chosen, widgets
from gradviz.ui.components.maps import ROLES, Map, Near, Now, OwnPhotographs, Photographs, Sheet, Words
from gradviz.ui.selection import Selection
from gradviz.ui.visitor import Own
from gradviz.words import counted
from pages.explore import map_controls
from pages.explore.map_questions import Made, Maps
from pages.explore.map_views import Facts, Rows

SYMBOLS = {"forward": "x", "backward": "dE/dy", "product": "dE/dW"}

STAR = "★ "
"""What stands before the names of a visitor's own photographs."""

if TYPE_CHECKING:
    from gradviz.results import Map as Answer


def all_turned(found: Mapping[str, "Answer"]) -> dict[str, np.ndarray]:
    """Turn the maps onto each other: forward lies level, the others as close to it as they can.

    So a new temperature turns nothing: forward's map does not depend on it. A map of other photographs, which stays
    until the new one is there, lies level too.
    """
    base = found.get("forward")
    points = {}
    for role, one in found.items():
        alike = base is not None and role != "forward" and one.rows.ids == base.rows.ids
        points[role] = turned(one.points, levelled(base.points)) if base and alike else levelled(one.points)
    return points


def panels(
    selection: Selection,
    facts: Facts,
    maps: Maps,
    how: Mapping[str, Any],
    points: Mapping[str, np.ndarray],
) -> list[Map]:
    """Return the three maps, each for the photographs that facts list, NaN for those that it does not show."""
    place = {identifier: i for i, identifier in enumerate(facts.ids)}
    drawn = []
    for role in ROLES:
        one, made = maps.found.get(role), maps.made.get(role)
        of = made.selection if made else selection
        name = role, role.capitalize(), SYMBOLS[role], str(of.layer.number - (role == "forward"))
        if one is None:
            drawn.append(Map(*name, None))
            continue
        here = [(place[identifier], k) for k, identifier in enumerate(one.rows.ids) if identifier in place]
        full = np.full((len(place), 2), np.nan, np.float32)
        full[[to for to, _ in here]] = points[role][[of for _, of in here]]
        pooled = role == "product" and of.network.pooled and not of.images.features
        quality = one.purity, one.chance, one.trustworthiness
        still = ""
        if made and role in maps.former:
            still = differing(made, selection, how)
            still = f"stopped: still {still}" if role in maps.stopped else f"{still}, until the new map is there"
        drawn.append(Map(*name, full, *quality, bool(pooled), role in maps.former, still))
    return drawn


def differing(made: Made, selection: Selection, how: Mapping[str, Any]) -> str:
    """Name the former choices that a map was made under, as far as they differ from those of now."""
    then, spec = made.selection, made.selection.spec
    told = [
        (then.images.name != selection.images.name, then.images.name),
        ((then.split, then.chosen) != (selection.split, selection.chosen), _counted(then)),
        (then.source != selection.source, then.source),
        (then.picked != selection.picked, then.layer.name),
        (spec.temperature != selection.spec.temperature, f"τ = {spec.temperature:g}"),
        (spec.pseudo_label != selection.spec.pseudo_label, f"pseudo-label {spec.pseudo_label}"),
        (spec.normalise != selection.spec.normalise, f"normalisation {spec.normalise}"),
        (made.how != how, map_controls.described(made.how)),
    ]
    return ", ".join(words for differs, words in told if differs) or "former choices"


def _counted(selection: Selection) -> str:
    of = "" if selection.split == "all" else f" of {selection.split}"
    return f"{counted(selection.chosen, 'photograph')}{of}"


def photographs(selection: Selection, facts: Facts) -> Photographs:
    """Return the photographs as the maps take them."""
    images = selection.images
    return Photographs(facts.ids, facts.labels, facts.main.tolist(), images.classes, bool(images.paths), facts.rule)


def shown(selection: Selection, facts: Facts) -> str:
    """Return the photographs that the gallery shows, as a selection is written; "" for all."""
    asked, classes = chosen.current(), selection.images.classes
    if asked.marked in classes:
        c = classes.index(asked.marked)
        ids = [name for name, labels in zip(facts.ids, facts.labels, strict=True) if c in labels]
    else:
        here = set(facts.ids)
        ids = [name for name in asked.ids if name in here]
    return chosen.written(ids, selection.images.ids) if ids else ""


def now(selection: Selection, facts: Facts, usual: str | None, large: str) -> Now:
    """Return what is chosen; where no photograph is in focus, the usual one is."""
    asked, classes = chosen.current(), selection.images.classes
    place = {identifier: i for i, identifier in enumerate(facts.ids)}
    selected = [place[name] for name in asked.ids if name in place]
    focus = place.get(asked.focus) if asked.focus else None
    if focus is None and usual is not None:
        focus = place.get(usual)
    return Now(selected, focus, classes.index(asked.marked) if asked.marked in classes else None, large)


def near(selection: Selection, facts: Facts, focus: int, rows: Rows, own: Own | None) -> Near:
    """Return the photograph in focus, which may be one's own, with its rows of the kernels."""
    photo, images = b"", own.images if own else selection.images
    if images.paths:
        try:
            photo = widgets.photo(images, rows.identifier)
        except DatasetError:
            photo = b""  # the map has it, so it could be read once
    return Near(focus, rows.nearest, rows.values, photo, "yours" if own else facts.splits[focus])


def own_photographs(
    own: Own, placed: Sequence["Answer"], points: Mapping[str, np.ndarray], sheet: Sheet
) -> OwnPhotographs | None:
    """Return a visitor's own photographs, turned as the maps are on which they were placed."""
    there = placed[0].others
    if there is None:
        return None
    labels = [own.images.labels_of(int(i)) for i in there.positions]
    at = [_turned_along(one.points, points[role]) for role, one in zip(ROLES, placed, strict=True)]
    # Those that could not be read have no place; sheets count all, so then none has its picture.
    sheet = sheet if len(labels) == sheet.count else sheet._replace(missing=tuple(range(sheet.count)))
    return OwnPhotographs([f"{STAR}{name}" for name in there.ids], labels, at, sheet)


def _turned_along(both: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Turn the last points of `both` in the way that brought the first ones to `after`."""
    before = both[: len(after)]
    mean = before.mean(axis=0, dtype=np.float64)
    turn = np.linalg.lstsq(before - mean, after.astype(np.float64), rcond=None)[0]
    return ((both[len(after) :] - mean) @ turn).astype(np.float32)


def words(selection: Selection, how: Mapping[str, Any], facts: Facts, maps: Maps) -> Words:
    """Return what a saved picture says about itself, and what stands under the map."""
    shown = maps.large if maps.large in maps.found else next(iter(maps.found))
    drawn = map_controls.described(maps.made[shown].how, maps.found[shown].method)
    line = [_counted(selection)]
    if selection.images.features:
        line.append(f"layer {selection.layer.number}")
    else:
        spec = selection.spec
        line += [selection.layer.name, f"temperature {spec.temperature:g}", f"pseudo-label {spec.pseudo_label}"]
    line += [f"normalisation {selection.spec.normalise}", drawn]
    if selected := len(set(chosen.current().ids) & set(facts.ids)):
        line.append(f"{selected:,} selected")
    return Words(
        footnote=f"{drawn}. Axes have no unit",
        title=f"Maps of {selection.images.name}, {selection.source}",
        line=", ".join(line),
        file=widgets.file_name(f"{stem(selection)}.png"),
    )


def stem(selection: Selection) -> str:
    """Return the beginning of a file's name: data set, network, layer, temperature, split and number."""
    parts = ["map", selection.images.name, selection.source]
    if not selection.images.features:
        parts += [selection.layer.name, f"tau{selection.spec.temperature:g}"]
    return "_".join([*parts, selection.split, str(selection.chosen)])
