"""Show synthetic maps and a gallery: ?n=2476&classes=20&own=3&thumbs=1&hostile=0."""

import io
import time

import numpy as np
import streamlit as st
from PIL import Image

from gradviz.ui.components.gallery import grid
from gradviz.ui.components.maps import Map, Near, Now, OwnPhotographs, Photographs, Scene, Sheet, Words, maps
from gradviz.ui.drawing import class_symbol

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


def points(spread: float) -> np.ndarray:
    return rng.normal(size=(classes, 2))[of] * 4 + rng.normal(size=(n, 2)) * spread


@st.cache_resource
def sheets(n: int) -> list[Sheet]:
    made = []
    for start in range(0, n, 500):
        count = min(500, n - start)
        noise = np.random.default_rng(start).integers(0, 256, (-(-count // 25) * 4, 100, 3), dtype=np.uint8)
        buffer = io.BytesIO()
        Image.fromarray(noise).resize((25 * 64, -(-count // 25) * 64), 0).save(buffer, "JPEG", quality=78)
        made.append(Sheet(start, count, 64, 25, (), buffer.getvalue()))
    return made


def took(change) -> None:
    now = st.session_state.setdefault("now", {"ids": (), "focus": None, "marked": None, "large": "product"})
    now.update({name: getattr(change, name) for name in change.said})
    st.session_state["own"] = change.own


former = query.get("former") == "1"
still = "τ = 1" if former else ""


def middle(of: np.ndarray) -> np.ndarray:
    """Place the first of one's own photographs in the middle of a map, the others on the dots of photographs."""
    return np.concatenate([[(of.min(axis=0) + of.max(axis=0)) / 2], of[1:mine]])


titles = (
    ("forward", "Forward", "x", 0.9),
    ("backward", "Backward", "dE/dy", 1.1),
    ("product", "Product", "dE/dW", 0.5),
)
panels = [
    Map(role, title, sign, "7", points(s), 0.7 - s / 10, 0.2, 1 - s / 10, former=former, still=still)
    for role, title, sign, s in titles
]
now = st.session_state.setdefault("now", {"ids": (), "focus": None, "marked": None, "large": "product"})
place = {name: i for i, name in enumerate(ids)}
groups = [
    {"name": name, "class": c, "count": int((of == c).sum()), "shown": int((of == c).sum()), "paint": c}
    | {"symbol": class_symbol(c)}
    for c, name in enumerate(names)
]
colour = {"kind": "groups", "title": "By class", "marks": True, "of": of.tolist(), "groups": groups}
values = [np.random.default_rng(k).random(n) for k in range(2)]
values.append(values[0] * values[1])
own = st.session_state.get("own")
focus = place.get(now["focus"], 0)
rows = [[int(i) for i in np.argsort(-row, kind="stable") if i != focus][:8] for row in values]
mine = int(query.get("own", 3))
shots = pictures(max(n, 12))
scene = Scene(
    panels,
    Photographs(ids, [[int(c)] for c in of], of.tolist(), names),
    colour,
    sheets=sheets(n) if query.get("thumbs") == "1" else (),
    own=OwnPhotographs(
        [f"★ {k}" for k in range(mine)], [["mine"]] * mine, [middle(panel.points) for panel in panels], sheets(mine)[0]
    )
    if mine
    else None,
    near=Near(n + int(own[2:]) if own else focus, rows, values, shots[focus], "val"),
    now=Now(
        [place[name] for name in now["ids"]],
        n + int(own[2:]) if own else place.get(now["focus"]),
        names.index(now["marked"]) if now["marked"] else None,
        now["large"],
    ),
    words=Words("drawn by hand", "Maps of a harness", f"{n} photographs", "map_harness.png"),
)
started = time.perf_counter()
maps(scene, key="maps", on_change=took)
spent = time.perf_counter() - started
st.text(f"selected {len(now['ids'])} python {spent * 1000:.0f} ms")
st.text(f"large {now['large']} focus {now['focus']} marked {now['marked']}")
clicked = grid([(name, shots[place[name]], names[of[place[name]]]) for name in ids[:12]], key="gallery")
if clicked:
    st.text(f"clicked {clicked}")
