"""Show synthetic kernels on the heatmap component: ?n=40&m=0&scale=sequential&classes=20&hostile=0."""

import time

import numpy as np
import streamlit as st

from gradviz.ui.components.heatmaps import Axis, Panel, heatmaps

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
forward, backward, product, rows, cols = kernels(n, m, int(query.get("classes", 20)), query.get("hostile") == "1")
scale = query.get("scale", "sequential")
panels = [
    Panel("forward K_fw", forward, "K_fw"),
    Panel("backward K_bw", backward, "K_bw"),
    Panel("product K = K_fw × K_bw", product, "K"),
][: int(query.get("panels", 3))]
common = {"lo": 0.0, "hi": 1.0} if query.get("common", "1") == "1" else {}
started = time.perf_counter()
event = heatmaps(
    panels,
    rows=rows,
    cols=cols,
    key="kernels",
    scale=scale,
    unit="cosine",
    product=len(panels) == 3,
    pair=st.session_state.get("pair"),
    **common,
)
spent = time.perf_counter() - started
if event.pair:
    st.session_state.pair = event.pair
if "pair" in st.session_state:
    row, col = rows.ids.index(st.session_state.pair[0]), cols.ids.index(st.session_state.pair[1])
    st.text(f"pair {row} {col} {forward[row, col]:.4f} {backward[row, col]:.4f} {product[row, col]:.4f}")
st.text(f"window {event.window} python {spent * 1000:.0f} ms")
