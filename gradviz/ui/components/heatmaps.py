"""Show one to three kernels as linked heatmaps.

The overview holds block means, at most LIMIT x LIMIT of them; a kernel that fits is sent as it is. When somebody zooms
into a larger one, the browser requests a window of single pairs, which is sent apart from the overview, so that neither
is sent twice. Values are sent as uint16 between each panel's extremes: a normalised kernel is exact to 0.00002.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import streamlit as st

from gradviz.ui.components import nothing, pack, register
from gradviz.ui.drawing import SCALES

LIMIT = 512
_LEVELS = 65535

_component = register("heatmaps", "heatmaps_draw.js", "heatmaps.js")


@dataclass(frozen=True)
class Panel:
    """One kernel as it is drawn: values of shape (n, m), a title, and the symbol used in the hover text."""

    title: str
    values: np.ndarray
    symbol: str = "K"
    lo: float | None = None
    hi: float | None = None


@dataclass(frozen=True)
class Axis:
    """The rows or columns, already in the order drawn; blocks are (class name, start, stop)."""

    ids: Sequence[str]
    labels: Sequence[Sequence[str]]
    blocks: Sequence[tuple[str, int, int]] = ()


@dataclass(frozen=True)
class Event:
    """What was clicked in this run, (row id, column id) or None; and the window of single pairs that is shown."""

    pair: tuple[str, str] | None
    window: tuple[int, int, int, int] | None


def _row_sums(values: np.ndarray, step: int) -> np.ndarray:
    sums = values[::step].copy()
    for offset in range(1, step):
        part = values[offset::step]
        sums[: len(part)] += part
    return sums


def block_means(values: np.ndarray, step: int) -> np.ndarray:
    """Average values (n, m) over blocks of step x step; blocks at the lower and right edge are smaller."""
    if step == 1:
        return values
    sums = _row_sums(_row_sums(values, step).T, step).T
    heights, widths = (np.minimum(step, length - np.arange(0, length, step)) for length in values.shape)
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


def colour_range(panel: Panel, scale: str, lo: float | None, hi: float | None) -> tuple[float, float]:
    """Return the values of the first and the last colour; a diverging scale has zero in its middle."""
    lo = panel.lo if panel.lo is not None else lo
    hi = panel.hi if panel.hi is not None else hi
    low = float(panel.values.min()) if lo is None else lo
    high = float(panel.values.max()) if hi is None else hi
    if scale == "diverging":
        high = max(abs(low), abs(high))
        low = -high
    return (float(low), float(high)) if high > low else (float(low), float(low) + 1)


def _described(axis: Axis) -> dict[str, Any]:
    blocks = [(name, int(start), int(stop)) for name, start, stop in axis.blocks]
    return {"ids": list(axis.ids), "labels": [list(names) for names in axis.labels], "blocks": blocks}


def overview(panels: Sequence[Panel], rows: Axis, cols: Axis, header: Mapping[str, Any]) -> tuple[str, bytes]:
    """Return the overview's digest, which is part of every request for a window of it, and its payload."""
    shape = (len(rows.ids), len(cols.ids))
    if any(panel.values.shape != shape for panel in panels) or 0 in shape:
        raise ValueError(f"Panels of shapes {[panel.values.shape for panel in panels]} for {shape} ids.")
    step = step_for(shape)
    parts, described = [SCALES[header["scale"]].tobytes()], []
    for panel, (low, high) in zip(panels, header["ranges"], strict=True):
        cells, least, greatest = quantise(block_means(panel.values, step))
        parts.append(cells)
        described.append({"title": panel.title, "symbol": panel.symbol, "low": low, "high": high})
        described[-1] |= {"least": least, "greatest": greatest}
    axes = {"rows": _described(rows), "cols": _described(cols)}
    full = {"kind": "overview", "shape": shape, "step": step, "limit": LIMIT, "panels": described, **axes, **header}
    digest = hashlib.blake2b(json.dumps(full).encode() + b"".join(parts), digest_size=8).hexdigest()
    return digest, pack({**full, "digest": digest}, *parts)


def detail(panels: Sequence[Panel], window: tuple[int, int, int, int], key: str, digest: str) -> bytes:
    """Pack the single pairs of rows window[0]:window[1] and columns window[2]:window[3]."""
    row0, row1, col0, col1 = window
    quantised = [quantise(panel.values[row0:row1, col0:col1]) for panel in panels]
    ranges = [(least, greatest) for _, least, greatest in quantised]
    header = {"kind": "detail", "bus": key, "digest": digest, "window": window, "ranges": ranges}
    return pack(header, *(cells for cells, _, _ in quantised))


def checked_window(asked: Any, digest: str, shape: tuple[int, int]) -> tuple[int, int, int, int] | None:
    """Return the window that the browser requested if it belongs to this picture and fits; else None."""
    if not isinstance(asked, Mapping) or asked.get("digest") != digest:
        return None
    edges = [edge for name in ("row0", "row1", "col0", "col1") if type(edge := asked.get(name)) is int]
    if len(edges) < 4:
        return None
    row0, row1, col0, col1 = edges
    fits = 0 <= row0 < row1 <= shape[0] and 0 <= col0 < col1 <= shape[1]
    return (row0, row1, col0, col1) if fits and row1 - row0 <= LIMIT and col1 - col0 <= LIMIT else None


def checked_pair(clicked: Any, rows: Axis, cols: Axis) -> tuple[str, str] | None:
    """Return a clicked pair if both ids are on the axes; else None."""
    if not isinstance(clicked, Mapping):
        return None
    row, col = clicked.get("row_id"), clicked.get("col_id")
    if isinstance(row, str) and isinstance(col, str) and row in rows.ids and col in cols.ids:
        return row, col
    return None


def heatmaps(
    panels: Sequence[Panel],
    *,
    rows: Axis,
    cols: Axis | None = None,
    key: str,
    scale: Literal["sequential", "diverging"] = "sequential",
    lo: float | None = None,
    hi: float | None = None,
    unit: str = "",
    product: bool = False,
    pair: tuple[str, str] | None = None,
    height: int = 560,
) -> Event:
    """Draw one to three kernels side by side, linked in zoom and pan.

    lo and hi are the colour range of every panel that has none of its own (default: its extremes). With product, the
    third panel is the product of the first two and the hover text shows the equation. pair marks a cell; height is
    the greatest height of a panel in pixels.
    """
    cols = cols or rows
    ranges = [colour_range(panel, scale, lo, hi) for panel in panels]
    header = {"bus": key, "ranges": ranges, "common": len(set(ranges)) == 1, "scale": scale, "unit": unit}
    digest, payload = overview(panels, rows, cols, {**header, "product": product, "height": height})
    with st.container(gap=None):
        state = _component(data=payload, key=key, on_pair_change=nothing, on_window_change=nothing)
        _component(data=pack({"kind": "mark", "bus": key, "pair": pair}), key=f"{key}-mark")
        window = checked_window(state.window, digest, panels[0].values.shape)
        if window:
            _component(data=detail(panels, window, key, digest), key=f"{key}-detail")
    return Event(checked_pair(state.pair, rows, cols), window)
