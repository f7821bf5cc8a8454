"""Show one to three maps of the same images, linked: a lasso in one greys all other points in each of them."""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradviz.ui.components import nothing, pack, register
from gradviz.ui.drawing import NO_CLASS, OWN_PHOTOGRAPH, class_colour, class_symbol

_component = register("maps", "maps_draw.js", "maps.js")


@dataclass(frozen=True)
class Map:
    """One map: points of shape (n, 2), a title, and a note under it (its quality, for instance)."""

    title: str
    points: np.ndarray
    note: str = ""


def checked_ids(chosen: Any, ids: Sequence[str]) -> tuple[str, ...]:
    """Return the known ids among those that the browser sent, in the order of ids."""
    wanted = {name for name in chosen if isinstance(name, str)} if isinstance(chosen, list) else set()
    return tuple(name for name in ids if name in wanted)


def payload(
    panels: Sequence[Map],
    *,
    ids: Sequence[str],
    labels: Sequence[Sequence[str]],
    classes: Sequence[str],
    class_of: Sequence[int],
    own: Collection[str],
    thumbnails: Mapping[str, bytes],
    height: int,
) -> bytes:
    """Pack maps(...)'s arguments."""
    if any(panel.points.shape != (len(ids), 2) for panel in panels):
        raise ValueError(f"Maps of shapes {[panel.points.shape for panel in panels]} for {len(ids)} ids.")
    pictures = [thumbnails.get(name, b"") for name in ids] if thumbnails else []
    header = {
        "maps": [{"title": panel.title, "note": panel.note} for panel in panels],
        "ids": list(ids),
        "labels": [list(names) for names in labels],
        "classes": [
            {"name": name, "colour": class_colour(i), "symbol": class_symbol(i)} for i, name in enumerate(classes)
        ],
        "class_of": [int(index) for index in class_of],
        "own": [i for i, name in enumerate(ids) if name in own],
        "own_colour": OWN_PHOTOGRAPH,
        "no_class": NO_CLASS,
        "picture_bytes": [len(picture) for picture in pictures],
        "height": height,
    }
    parts = [*(np.ascontiguousarray(panel.points, dtype="<f4").tobytes() for panel in panels), b"".join(pictures)]
    digest = hashlib.blake2b(json.dumps(header).encode() + b"".join(parts), digest_size=8).hexdigest()
    return pack({**header, "digest": digest}, *parts)


def maps(
    panels: Sequence[Map],
    *,
    ids: Sequence[str],
    labels: Sequence[Sequence[str]],
    classes: Sequence[str] = (),
    class_of: Sequence[int],
    key: str,
    own: Collection[str] = (),
    thumbnails: Mapping[str, bytes] | None = None,
    height: int = 480,
) -> tuple[str, ...]:
    """Draw the maps and return the ids selected with the lasso or a click, in the order of ids.

    class_of is each image's position in classes, -1 for none: it colours the point. own are the ids of a visitor's own
    photographs, drawn as stars on top. thumbnails (id -> JPEG) appear beside the pointer; they are sent once, with the
    points. height is the greatest height of a map in pixels.
    """
    data = payload(
        panels,
        ids=ids,
        labels=labels,
        classes=classes,
        class_of=class_of,
        own=own,
        thumbnails=thumbnails or {},
        height=height,
    )
    return checked_ids(_component(data=data, key=key, on_ids_change=nothing).ids, ids)
