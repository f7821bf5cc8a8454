"""Show one to three kernels as linked heatmaps, one large, with the pair under the pointer in a panel beside them.

Each kernel is a payload of its own: block means, at most LIMIT x LIMIT of them, and what its single pairs are like; a
kernel that fits is sent as it is. When somebody zooms into a larger one, the browser requests a window of single pairs,
and the pairs around the pointer when it rests; both are sent apart, so that nothing is sent twice. Values are sent as
uint16 between the extremes: a normalised kernel is exact to 0.00002.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from gradviz.ui.components import fingerprint, nothing, pack, register
from gradviz.ui.components.parts import Parts
from gradviz.ui.single_pairs import Pairs

LIMIT = 512
AROUND = 20
"""Single pairs on each side of the pointer that are sent for the lens."""
_LEVELS = 65535

_component = register(
    "heatmaps",
    "equation.js",
    "heatmaps_scale.js",
    "heatmaps_layout.js",
    "heatmaps_cells.js",
    "heatmaps_draw.js",
    "heatmaps_bars.js",
    "heatmaps_lens.js",
    "heatmaps_panel.js",
    "heatmaps_layers.js",
    "heatmaps_pairs.js",
    "heatmaps_pointer.js",
    "heatmaps.js",
)


@dataclass(frozen=True)
class Panel:
    """Describe one kernel: its title, the symbol used in the numbers, the role that gives its hue, its single pairs."""

    index: int
    title: str
    symbol: str
    role: str
    pairs: Pairs


@dataclass(frozen=True)
class Axis:
    """The rows or columns, already in the order drawn; blocks are (class name, start, stop).

    `labels` are the classes each image shows.
    """

    ids: Sequence[str]
    labels: Sequence[Sequence[str]]
    blocks: Sequence[tuple[str, int, int]] = ()


@dataclass(frozen=True)
class Event:
    """What was done in this run; and the windows of single pairs that are shown.

    `pair` (row id, column id) was clicked, `large` is the kernel that is to be the large one, `marked` a class to mark
    ("" for none); each None where nothing of it was done.
    """

    pair: tuple[str, str] | None
    window: tuple[int, int, int, int] | None
    large: int | None = None
    marked: str | None = None


PARTS = Parts(1250, 0, 1)
"""The parts of the kernels that can be looked at; their middle is in shares of the rows and of the columns."""


def _row_sums(values: np.ndarray, step: int) -> np.ndarray:
    sums = values[::step].copy()
    for offset in range(1, step):
        part = values[offset::step]
        sums[: len(part)] += part
    return sums


def block_means(
    values: np.ndarray, step: int, rows: np.ndarray | None = None, cols: np.ndarray | None = None
) -> np.ndarray:
    """Average values (n, m) over blocks of step x step; blocks at the lower and right edge are smaller.

    `rows` and `cols` say where each row and column of the result stands in values; cols like the rows by default.
    """
    if rows is not None:
        values = values[rows]
        cols = rows if cols is None else cols
    if step == 1:
        return values if cols is None else values[:, cols]
    sums = _row_sums(values, step)
    sums = _row_sums(sums.T if cols is None else sums.T[cols], step).T
    heights, widths = (
        np.minimum(step, length - np.arange(0, length, step)) for length in (len(values), values.shape[1])
    )
    return sums / np.outer(heights, widths).astype(np.float32)


def quantise(values: np.ndarray) -> tuple[bytes, float, float]:
    """Return values as little-endian uint16 between their least and greatest, and these two."""
    low, high = float(values.min()), float(values.max())
    if not np.isfinite([low, high]).all():
        raise ValueError("A heatmap needs finite values; leave out the images that have none.")
    scaled = (values - np.float32(low)) * np.float32(_LEVELS / (high - low) if high > low else 0)
    return np.rint(scaled).astype("<u2").tobytes(), low, high


def step_for(shape: tuple[int, int]) -> int:
    """Return the number of rows and columns that one block of the overview averages."""
    return max(1, -(-max(shape) // LIMIT))


def panel(
    K: np.ndarray,
    about: Panel,
    rows: np.ndarray | None = None,
    cols: np.ndarray | None = None,
    means: np.ndarray | None = None,
) -> bytes:
    """Pack one kernel (n, m) as it is drawn.

    `rows` and `cols` are the order of the images, as in `block_means`; `means` (blocks, blocks) those of blocks, nan
    where one has no pair.
    """
    step, pairs = step_for((K.shape[0], K.shape[1])), about.pairs
    cells, least, greatest = quantise(block_means(K, step, rows, cols))
    top = float(pairs.largest[0])
    header = {
        "kind": "panel",
        "index": about.index,
        "title": about.title,
        "symbol": about.symbol,
        "role": about.role,
        "shape": K.shape,
        "step": step,
        "least": least,
        "greatest": greatest,
        "limits": (pairs.low, pairs.high, max(top, pairs.high)),
        "median": pairs.median,
        "below": pairs.below,
        "count": pairs.count,
        "axis": pairs.axis,
        "order": _order_of(rows, cols),
    }
    parts = [
        cells,
        pairs.histogram.astype("<u4").tobytes(),
        pairs.quantiles.astype("<f4").tobytes(),
        pairs.largest.astype("<f4").tobytes(),
        b"" if means is None else means.astype("<f4").tobytes(),
    ]
    return pack({**header, "digest": fingerprint(header, *parts)}, *parts)


def axes(
    rows: Axis,
    cols: Axis | None = None,
    *,
    count: int = 3,
    order: np.ndarray | None = None,
    classes: Sequence[Mapping[str, Any]] = (),
    rule: str = "",
) -> bytes:
    """Pack the names along both axes of `count` kernels.

    `order` is that of `panel`; `classes` are rows of the table beside the large kernel: name, position in the data
    set's classes, how many photographs stand in its block (`here`, None without blocks), and how many show it (`show`).
    """
    cols = cols or rows
    shape = (len(rows.ids), len(cols.ids))
    names: dict[str, int] = {}
    described = [_described(axis, names) for axis in ((rows,) if cols is rows else (rows, cols))]
    header = {
        "kind": "axes",
        "shape": shape,
        "step": step_for(shape),
        "limit": LIMIT,
        "axes": described,
        "names": list(names),
        "count": count,
        "classes": list(classes),
        "rule": rule,
        "order": _order_of(order, None),
    }
    return pack({**header, "digest": fingerprint(header)})


def _order_of(rows: np.ndarray | None, cols: np.ndarray | None) -> str:
    """Return a digest by which the browser sees whether kernels and axes are of one order."""
    return fingerprint({}, *(np.asarray(order, "<i8").tobytes() for order in (rows, cols) if order is not None))


def _described(axis: Axis, names: dict[str, int]) -> dict[str, Any]:
    blocks = [(name, int(start), int(stop)) for name, start, stop in axis.blocks]
    labels = [[names.setdefault(name, len(names)) for name in shown] for shown in axis.labels]
    return {"ids": list(axis.ids), "labels": labels, "blocks": blocks}


def window_of(
    arrays: Sequence[np.ndarray],
    window: tuple[int, int, int, int],
    version: str,
    rows: np.ndarray | None = None,
    cols: np.ndarray | None = None,
    pictures: Mapping[str, bytes] | None = None,
    kind: str = "detail",
) -> bytes:
    """Pack the single pairs of rows window[0]:window[1] and columns window[2]:window[3], and pictures by id."""
    row0, row1, col0, col1 = window
    cols = rows if cols is None else cols
    parts, ranges = [], []
    for K in arrays:
        part = K[row0:row1] if rows is None else K[rows[row0:row1]]
        cells, least, greatest = quantise(part[:, slice(col0, col1) if cols is None else cols[col0:col1]])
        parts.append(cells)
        ranges.append((least, greatest))
    pictures = pictures or {}
    header = {"kind": kind, "version": version, "window": window, "ranges": ranges, "ids": list(pictures)}
    return pack(header, *parts, *pictures.values())


def checked_window(asked: Any, version: str, shape: tuple[int, int]) -> tuple[int, int, int, int] | None:
    """Return the window that the browser requested if it belongs to this picture and fits; else None."""
    if not isinstance(asked, Mapping) or asked.get("digest") != version:
        return None
    edges = [edge for name in ("row0", "row1", "col0", "col1") if type(edge := asked.get(name)) is int]
    if len(edges) < 4:
        return None
    row0, row1, col0, col1 = edges
    fits = 0 <= row0 < row1 <= shape[0] and 0 <= col0 < col1 <= shape[1]
    return (row0, row1, col0, col1) if fits and row1 - row0 <= LIMIT and col1 - col0 <= LIMIT else None


def around(asked: Any, version: str, shape: tuple[int, int]) -> tuple[int, int, int, int] | None:
    """Return the window around the cell where the pointer rests, None where it belongs to another picture."""
    if not isinstance(asked, Mapping) or asked.get("digest") != version:
        return None
    row, col = asked.get("row"), asked.get("col")
    if type(row) is not int or type(col) is not int or not (0 <= row < shape[0] and 0 <= col < shape[1]):
        return None
    (row0, row1), (col0, col1) = ((max(0, at - AROUND), at + AROUND + 1) for at in (row, col))
    return row0, min(row1, shape[0]), col0, min(col1, shape[1])


def checked_pair(clicked: Any, rows: Axis, cols: Axis | None = None) -> tuple[str, str] | None:
    """Return a clicked pair if both ids are on the axes; else None."""
    if not isinstance(clicked, Mapping):
        return None
    row, col = clicked.get("row_id"), clicked.get("col_id")
    if isinstance(row, str) and isinstance(col, str) and row in rows.ids and col in (cols or rows).ids:
        return row, col
    return None


def heatmaps(
    panels: Sequence[bytes],
    names: bytes,
    arrays: Sequence[np.ndarray],
    *,
    rows: Axis,
    cols: Axis | None = None,
    order: np.ndarray | None = None,
    version: str,
    key: str,
    pair: tuple[str, str] | None = None,
    photographs: Mapping[str, bytes] | None = None,
    selected: Collection[str] = (),
    pictures: Callable[[Sequence[str]], Mapping[str, bytes]] = lambda ids: {},
    on_view: Callable[[str | None], None] = lambda view: None,
    **told: Any,
) -> Event:
    """Draw one to three kernels, linked in zoom and pan, and the pair under the pointer beside them.

    Parameters
    ----------
    panels, names
        What `panel` and `axes` have packed.
    arrays
        The kernels themselves, for windows of single pairs.
    rows, cols
        The images as they stand on the axes.
    order
        Where each of them stands in the arrays; None for their own order.
    version
        What names these arrays in this order: a window that was requested of others is not answered.
    key
        Of the component; what else is sent has keys that begin with it.
    pair
        Marks a cell; `photographs` are its two pictures, or those that there are.
    selected
        Ids of photographs that are marked along both axes; those that are not there are passed over.
    pictures
        Returns small pictures of photographs where the pointer rests.
    on_view
        Called before the next run with the part that is looked at, one of PARTS, None for the whole.
    told
        What else changes with the choices: `large`, the large kernel; `product`, whether the third is that of the first
        two; `unit`, whether they are cosines; `marked`, a class; `view`, the part that is looked at when the figure
        opens; `place` of the pair among all, and its exact `values`; and `how`: `colour` (linear, root or rank),
        `shared` limits, `means` of blocks, `caption` and `file` of the saved picture, `below`, whether something stands
        below, `thumbs`, whether there are pictures, and `height` at most.
    """
    cols = cols or rows
    shape = (len(rows.ids), len(cols.ids))
    if any(list(K.shape) != list(shape) for K in arrays) or 0 in shape:
        raise ValueError(f"Panels of shapes {[K.shape for K in arrays]} for {shape} ids.")

    def looked() -> None:
        told = getattr(st.session_state.get(key), "view", None)
        value = told.get("value") if isinstance(told, Mapping) else ""
        if value is None or value in PARTS:
            on_view(value)

    with st.container(gap=None):
        state = _component(
            data=names,
            key=key,
            on_pair_change=nothing,
            on_large_change=nothing,
            on_marked_change=nothing,
            on_view_change=looked,
            on_window_change=nothing,
            on_near_change=nothing,
        )
        with st.container(key=f"gv-parts-{key}", gap=None):
            for i, payload in enumerate(panels):
                _component(data=payload, key=f"{key}-panel-{i}")
            photographs = photographs or {}
            along = [_places(axis, selected) for axis in ((rows,) if cols is rows else (rows, cols))]
            state_of = {"kind": "state", "version": version, "pair": pair, "ids": list(photographs), **told}
            state_of |= {"selected": along}
            _component(data=pack(state_of, *photographs.values()), key=f"{key}-mark")
            if pair and step_for(shape) > 1:
                at = {"digest": version, "row": rows.ids.index(pair[0]), "col": cols.ids.index(pair[1])}
                pinned = around(at, version, shape)
                if pinned:
                    _component(data=window_of(arrays, pinned, version, order, kind="pinned"), key=f"{key}-pinned")
            window = checked_window(state.window, version, shape)
            if window:
                _component(data=window_of(arrays, window, version, order), key=f"{key}-detail")
            near = around(state.near, version, shape)
            if near:
                row, col = int(state.near["row"]), int(state.near["col"])
                shown = pictures([rows.ids[row], cols.ids[col]])
                _component(data=window_of(arrays, near, version, order, pictures=shown, kind="near"), key=f"{key}-near")
    large, marked = (fresh(state, name, key) for name in ("large", "marked"))
    large = large if type(large) is int and 0 <= large < len(panels) else None
    marked = marked if isinstance(marked, str) else None
    return Event(checked_pair(fresh(state, "pair", key), rows, cols), window, large, marked)


def _places(axis: Axis, ids: Collection[str]) -> list[int]:
    wanted = set(ids)
    return [at for at, name in enumerate(axis.ids) if name in wanted]


def fresh(state: Any, name: str, key: str) -> Any:
    """Return what was done in the browser, {"value": ..., "at": ...}, if it has not been returned before; else None.

    Streamlit's own triggers last for one run, and are lost where the next one comes before that has read them.
    """
    done = getattr(state, name)
    if not isinstance(done, Mapping):
        return None
    taken = st.session_state.setdefault("taken", {})
    if taken.get((key, name)) == done.get("at"):
        return None
    taken[key, name] = done.get("at")
    return done.get("value")


def part(kind: str, header: Mapping[str, Any], *parts: bytes, key: str) -> Any:
    """Draw another part of the figure, which shares its photographs and marks; return what was chosen there."""
    told = {"kind": kind, **header, "digest": fingerprint(header, *parts)}
    state = _component(data=pack(told, *parts), key=key, on_chosen_change=nothing)
    return fresh(state, "chosen", key)


def digest_of(*payloads: bytes) -> str:
    """Return a version for arrays that were packed into these payloads."""
    return fingerprint({}, *payloads)
