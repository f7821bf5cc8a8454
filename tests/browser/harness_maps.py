"""Show synthetic maps and a gallery: ?n=2476&classes=20&own=3&thumbs=1&hostile=0."""

import io
import time

import numpy as np
import streamlit as st
from PIL import Image

from gradviz.ui.components.gallery import grid
from gradviz.ui.components.maps import Map, maps

HOSTILE = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>'
NAMES = ["aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "diningtable", "dog"]
NAMES += ["horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor"]


@st.cache_resource(max_entries=4)
def pictures(n: int) -> list[bytes]:
    rng = np.random.default_rng(1)
    made = []
    for _ in range(n):
        noise = Image.fromarray(rng.integers(0, 256, (6, 8, 3), dtype=np.uint8)).resize((128, 96))
        buffer = io.BytesIO()
        noise.save(buffer, "JPEG", quality=70)
        made.append(buffer.getvalue())
    return made


st.set_page_config(layout="wide")
query = st.query_params
n, classes = int(query.get("n", 300)), int(query.get("classes", 20))
rng = np.random.default_rng(0)
of = rng.choice(classes, n)
prefix = HOSTILE if query.get("hostile") == "1" else ""
ids = [f"{prefix}{i:06d}" for i in range(n)]
names = [prefix + (NAMES[i] if i < len(NAMES) else f"class {i}") for i in range(classes)]
thumbs = dict(zip(ids, pictures(n), strict=True)) if query.get("thumbs") == "1" else None


def points(spread: float) -> np.ndarray:
    return rng.normal(size=(classes, 2))[of] * 4 + rng.normal(size=(n, 2)) * spread


titles = ("forward K_fw", "backward K_bw", "product K")
panels = [Map(t, points(s), f"trustworthiness {1 - s / 10:.2f}") for t, s in zip(titles, (0.9, 1.1, 0.5), strict=True)]
started = time.perf_counter()
chosen = maps(
    panels,
    ids=ids,
    labels=[[names[i]] for i in of],
    classes=names,
    class_of=of,
    key="maps",
    own=ids[: int(query.get("own", 3))],
    thumbnails=thumbs,
)
spent = time.perf_counter() - started
st.text(f"selected {len(chosen)} python {spent * 1000:.0f} ms")
shown = chosen[:60] or ids[:12]
shots = pictures(n)
clicked = grid([(name, shots[ids.index(name)], names[of[ids.index(name)]]) for name in shown], key="gallery")
if clicked:
    st.text(f"clicked {clicked}")
