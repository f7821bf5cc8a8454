"""Show synthetic kernels on the heatmap component: ?n=40&m=0&colour=linear&classes=20&hostile=0&large=2&means=0."""

import time

import numpy as np
import streamlit as st

from gradviz.ui.components.heatmaps import Axis, Panel, axes, digest_of, heatmaps, panel
from gradviz.ui.single_pairs import describe, means_of_blocks

HOSTILE = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>'
NAMES = ["aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "diningtable", "dog"]
NAMES += ["horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor"]


@st.cache_resource(max_entries=4)
def kernels(n: int, m: int, classes: int, hostile: bool) -> tuple:
    rng = np.random.default_rng(0)
    share = 1 + 5 * (np.arange(classes) == min(14, classes - 1))

    def side(count: int, shift: int) -> tuple:
        edges = np.rint(np.cumsum(share) / share.sum() * count).astype(int)
        of = np.searchsorted(edges, np.arange(count), side="right")
        name = [HOSTILE if hostile and i == 1 else NAMES[i] for i in range(classes)]
        blocks = [(name[i], int(a), int(b)) for i, (a, b) in enumerate(zip([0, *edges], edges, strict=False)) if b > a]
        ids = [f"{HOSTILE if hostile else ''}{shift + i:06d}" for i in range(count)]
        return of, Axis(ids, [[name[i]] for i in of], blocks)

    of_rows, rows = side(n, 0)
    of_cols, cols = side(m or n, 100_000 if m else 0)
    centres = rng.normal(size=(2, classes, 64))

    def factor(which: int, strength: float) -> np.ndarray:
        row = centres[which][of_rows] * strength + rng.normal(size=(n, 64))
        col = centres[which][of_cols] * strength + rng.normal(size=(m, 64)) if m else row
        row, col = (
            np.maximum(x, -0.3) / np.linalg.norm(np.maximum(x, -0.3), axis=1, keepdims=True) for x in (row, col)
        )
        return (row @ col.T).astype(np.float32)

    forward, backward = factor(0, 0.7), factor(1, 0.45)
    return forward, backward, forward * backward, rows, cols


st.set_page_config(layout="wide")
query = st.query_params
n, m = int(query.get("n", 40)), int(query.get("m", 0))
classes = int(query.get("classes", 20))
forward, backward, product, rows, cols = kernels(n, m, classes, query.get("hostile") == "1")
arrays = (forward, backward, product)[: int(query.get("panels", 3))]
titles, symbols = ("Forward x6", "Backward dy7", "Product dW7"), ("K_fw", "K_bw", "K")
block = np.concatenate([np.full(stop - start, i) for i, (_, start, stop) in enumerate(rows.blocks)])
panels = [
    panel(
        K,
        Panel(i, titles[i], symbols[i], ("forward", "backward", "product")[i], describe(K)),
        means=means_of_blocks(K, block, len(rows.blocks)) if not m else None,
    )
    for i, K in enumerate(arrays)
]
table = [
    {"name": name, "index": i, "here": stop - start, "show": stop - start}
    for i, (name, start, stop) in enumerate(rows.blocks)
]
names = axes(rows, cols, count=len(panels), classes=table if query.get("table") else (), rule="largest object")
started = time.perf_counter()
event = heatmaps(
    panels,
    names,
    arrays,
    rows=rows,
    cols=cols,
    version=digest_of(names, *panels),
    key="kernels",
    product=len(panels) == 3,
    unit=True,
    large=st.session_state.get("large", len(panels) - 1),
    marked=st.session_state.get("marked"),
    selected=query.get("selected", "").split(","),
    pair=st.session_state.get("pair"),
    how={
        "colour": query.get("colour", "linear"),
        "shared": query.get("shared") == "1",
        "means": query.get("means") == "1",
        "caption": f"{n} synthetic photographs",
        "file": "kernels.png",
        "height": 560,
    },
)
spent = time.perf_counter() - started
if event.pair and event.pair != st.session_state.get("pair"):
    st.session_state.pair = event.pair
    st.rerun()  # as the page does: until then the figure is told the former pair
if event.large is not None:
    st.session_state.large = event.large
if event.marked is not None:
    st.session_state.marked = event.marked
    st.rerun()
if "pair" in st.session_state:
    row, col = rows.ids.index(st.session_state.pair[0]), cols.ids.index(st.session_state.pair[1])
    st.text(f"pair {row} {col} {forward[row, col]:.4f} {backward[row, col]:.4f} {product[row, col]:.4f}")
st.text(f"window {event.window} python {spent * 1000:.0f} ms")
st.text(f"large {st.session_state.get('large')} marked {st.session_state.get('marked')}")
