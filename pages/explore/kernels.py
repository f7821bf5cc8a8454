"""Show a layer's forward, backward and product kernel, and the photographs behind a cell."""

import io
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import streamlit as st

from gradviz.errors import DatasetError
from gradviz.representations import triple
from gradviz.ui import chosen, frame, options, polling, widgets
from gradviz.ui.components import heatmaps
from gradviz.ui.components.heatmaps import Axis, Event
from gradviz.ui.report import Asked
from gradviz.ui.selection import Selection, choose_pair, current, pair, refused_pair
from gradviz.ui.single_pairs import place
from gradviz.ui.text import plain
from gradviz.words import counted
from pages.explore import kernels_pairs
from pages.explore.kernels_job import MOST, ROLES, KernelView, kernels_view
from pages.explore.kernels_layers import Strip, layers_view
from pages.explore.kernels_sprite import Sprite, sprite_view

ORDERS = {"class": "Class", "seriation": "Seriation", "like": "Like A", "id": "Id"}
COLOURS = {"linear": "Linear", "root": "√", "rank": "Rank"}
KEY = "heatmaps"


def _page(selection: Selection) -> None:
    top = frame.head("Kernels", _about(selection), selection)
    if not widgets.has_layer(selection):
        return
    if selection.chosen > MOST:
        widgets.nothing(
            f"This page draws at most {counted(MOST, 'image')}, and {selection.chosen:,} are chosen. Choose fewer in "
            "the sidebar; `python -m gradviz kernel` has no such limit."
        )
        return
    how = _toolbar(selection)
    selection = selection.centring(how["centre"])
    # What "like A" begins with is part of the question only there.
    first = _first() if how["order"] == "like" else None
    title = f"Kernels of {counted(selection.chosen, 'image')}, {selection.source} {selection.layer.name}"
    question = selection.unseeded.question(kernels_view, how["order"], first, title=title, lane="light")
    shown = polling.show(question, (selection, how), after=widgets.features(selection), slot="kernels")
    selection, how = shown.choices
    if refused := refused_pair(selection.images, shown.result.ids):
        st.info(plain(refused))
    if absent := chosen.outside(selection.images, selection.split, selection.spec.images):
        st.info(plain(absent))
    with st.container(key="gv-figure-kernels", gap="small"):
        st.fragment(_figure)(selection, how, shown.result, shown.former)
    top.export([_npz(selection, shown.result)], _asked(selection))
    widgets.notes(shown.result.result.notes, shown.result.result.rows.skipped)


def _about(selection: Selection) -> str:
    each = f"{counted(selection.chosen, 'photograph')}, each with each"
    kind = "inner products" if selection.spec.normalise == "none" else "cosines"
    if options.switched("centre"):
        return f"{each}: forward and backward {kind}, and their product, centred"
    return f"{each}, in three {kind}: forward × backward = product"


def _toolbar(selection: Selection) -> dict:
    """Draw how the kernels are shown, in one row; return it."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="gv-kernels-toolbar"):
        order = _picked("Order", "order", ORDERS, "How photographs are ordered along both axes.")
        means = options.bound(
            st.toggle,
            "Block means",
            False,
            key="means",
            usual=False,
            help="Every block in its mean colour, if ordered by class.",
        )
        colour = _picked("Colour", "scale", COLOURS, "How values become colours, between limits from single pairs.")
        ranged = _picked(
            "Range", "range", {"own": "Own", "shared": "Shared"}, "Limits of each kernel, or one pair for all."
        )
        centre = options.switch("centre")
    return {"order": order, "means": means, "colour": colour, "shared": ranged == "shared", "centre": centre}


def _picked(label: str, key: str, values: Mapping[str, str], about: str) -> str:
    st.markdown(label, width="content")
    more = {"format_func": values.__getitem__, "required": True, "label_visibility": "collapsed", "help": about}
    more |= {"default": next(iter(values)), "usual": next(iter(values))}
    return options.bound(st.segmented_control, label, list(values), key=key, **more)


def _first() -> str | None:
    """Return photograph A: the one in focus, else the row of the chosen pair."""
    return chosen.current().focus or (pair() or (None,))[0]


def _figure(selection: Selection, how: dict, view: KernelView, former: bool) -> None:
    """Draw the answer; a fragment, so that what the pointer asks for draws nothing else again."""
    event = _heatmaps(selection, how, view)
    with st.container(horizontal=True, gap="medium", key="gv-kernels-below"):
        strips, pairs = st.columns([0.46, 0.54], gap="medium")
    with strips:
        layer = _layers(selection, _sprite(selection, view, former), former)
    with pairs:
        listed = _pairs(view, centred=selection.spec.centre)
    _act(view, event, listed, layer)


def _act(view: KernelView, event: Event, listed: tuple[str, str] | None, layer: str | None) -> None:
    """Take up what was clicked, and draw the page again where anything changed."""
    taken = listed or event.pair
    changed = False
    if taken and taken != pair():
        choose_pair(taken)
        chosen.focus(taken[0])
        changed = True
    if event.large is not None and event.large != _large():
        options.state("large", ROLES[event.large])
        changed = True
    if event.marked is not None and event.marked != (chosen.current().marked or ""):
        chosen.mark(event.marked or None)
        changed = True
    if layer:
        st.session_state["layer"] = layer
        changed = True
    if changed:
        st.rerun()


def _large() -> int:
    """Return which kernel is the large one, from this visit or the link."""
    return ROLES.index(options.stated("large", "the large kernel", ROLES, ROLES[-1]) or ROLES[-1])


def _heatmaps(selection: Selection, how: dict, view: KernelView) -> Event:
    shown = _pair(view)
    rows = view.result.rows
    placed = None
    if shown:
        row, col = (rows.ids.index(name) for name in shown)
        placed = place(view.arrays[2], row, col) if row != col else None
    return heatmaps.heatmaps(
        view.panels,
        view.names,
        view.arrays,
        rows=Axis(view.ids, (), view.blocks),
        order=view.order,
        version=view.version,
        key=KEY,
        pair=shown,
        photographs=_photographs(selection, shown or ()),
        selected=chosen.current().ids,
        pictures=lambda ids: widgets.thumbnails(selection.images, ids, {}),
        on_view=lambda view: options.state("part", view),
        view=options.stated("part", "a part of the kernels", heatmaps.PARTS, None),
        large=_large(),
        product=not selection.spec.centre,
        unit=selection.spec.normalise != "none",
        marked=chosen.current().marked,
        place=placed,
        values=view.at(*shown) if shown else None,
        how={
            "colour": how["colour"],
            "shared": how["shared"],
            "means": how["means"],
            "caption": _caption(selection, view),
            "file": widgets.file_name(f"kernels_{_named(selection)}.png"),
            "below": True,
            "thumbs": bool(selection.images.paths),
        },
    )


def _pair(view: KernelView) -> tuple[str, str] | None:
    """Return the pair that is looked at: the chosen one, with the photograph in focus, or one that is worth a look."""
    here = set(view.ids)
    taken, focus = pair(), chosen.current().focus
    taken = taken if taken and set(taken) <= here else None
    if focus in here and (taken is None or taken[0] != focus):
        row = view.result.rows.ids.index(focus)
        nearest = view.arrays[2][row].argsort()[::-1]
        other = next((int(i) for i in nearest if i != row), row)
        taken = focus, view.result.rows.ids[other]
    if taken is None:
        row, col = view.layer.worth_a_look
        taken = view.result.rows.ids[row], view.result.rows.ids[col]
    return taken


def _photographs(selection: Selection, names: tuple[str, ...]) -> dict[str, bytes]:
    found = {}
    for name in names if selection.images.paths else ():
        try:
            found[name] = widgets.photo(selection.images, name, boxes=False)
        except DatasetError:
            continue
    return found


def _in_background(question: polling.Question, slot: str, former: bool) -> Any:
    """Return what is computed after the figure; until it is there what was shown last in this slot, dimmed.

    Beside a former figure nothing more is begun.
    """
    with st.container(key=f"gv-waiting-{slot}"):
        if not former:
            polling.follow(question, slot=slot)
    last = st.session_state.setdefault("behind the kernels", {})
    found = polling.answered(question.key)
    if found is not None:
        last[slot] = question.key
        return found
    kept = polling.answered(last.get(slot, ""))
    if kept is not None:
        st.html(f"<style>.st-key-gv-behind-{slot} {{ opacity: 0.45; transition: opacity 0.2s; }}</style>")
    return kept


def _sprite(selection: Selection, view: KernelView, former: bool) -> Sprite | None:
    """Send a small picture of every photograph once they are made, those of the first view before; return all."""
    if not selection.images.paths:
        return None
    plain = replace(selection.forward, split=selection.split)
    plain = replace(plain, spec=replace(plain.spec, network=type(plain.spec)().network, weights=None))
    title = f"Small pictures of {counted(selection.chosen, 'photograph')}"
    question = plain.question(sprite_view, None, title=title, lane="light")
    first = None
    if not former and polling.answered(question.key) is None:
        ids = _seen_first(view)
        asked = plain.question(sprite_view, ids, title=f"The first {len(ids)} small pictures", lane="light")
        job = polling.follow(asked, slot="first pictures", quiet=True)
        first = None if job is None else job.result
    sprite: Sprite | None = _in_background(question, "pictures", former)
    # Pictures of other photographs may be what was shown last.
    if shown := polling.answered(question.key) or first or sprite:
        _send(shown)
    return sprite


def _seen_first(view: KernelView) -> tuple[str, ...]:
    """Return the photographs that are seen before anybody moves: at the edges of classes and in the lists of pairs."""
    sample, ids = view.layer.sample, view.result.rows.ids
    edges = [view.ids[start] for _, start, _ in view.blocks]
    listed = [ids[side[i]] for i in (*sample.alike, *sample.agreeing) for side in (sample.rows, sample.cols)]
    return tuple(dict.fromkeys([*listed, *edges]))


def _send(sprite: Sprite) -> None:
    header = {"ids": sprite.ids, "side": sprite.side, "across": sprite.across}
    with st.container(key=f"gv-parts-{KEY}-sprite"):
        heatmaps.part("sprite", header, sprite.jpeg, key=f"{KEY}-sprite")


def _layers(selection: Selection, sprite: Sprite | None, former: bool) -> str | None:
    """Draw all layers as small kernels once they are computed; return the layer clicked in this run."""
    if selection.images.paths and sprite is None:
        return None
    layers = _all_layers(selection)
    names = [name for name, _ in layers]
    title = f"Kernels of all layers, {selection.source}"
    asked = replace(selection.unseeded, picked=None)
    question = asked.question(layers_view, layers, title=title, lane="light")
    strips: list[Strip] | None = _in_background(question, "layers", former)
    if strips is None:
        return None
    pooled = selection.network.pooled and not selection.images.features
    described = [
        {
            "name": strip.name,
            "triple": strip.triple,
            "side": strip.side,
            "ranges": strip.ranges,
            "limits": strip.limits,
            "alignment": strip.alignment,
            "pooled": pooled,
        }
        for strip in strips
    ]
    note = f"{selection.source}{', ≈ pooled approximation' if pooled else ''}"
    header = {"layers": described, "chosen": selection.layer.name, "note": note}
    cells = [cells for strip in strips for cells in strip.cells]
    with st.container(key="gv-behind-layers"):
        layer = heatmaps.part("layers", header, *cells, key=f"{KEY}-layers")
    return layer if layer in names and layer != selection.layer.name else None


def _all_layers(selection: Selection) -> tuple[tuple[str, int], ...]:
    if selection.images.features:
        return tuple((f"fc{k}", k) for k in selection.offer.layers)
    return tuple((layer.name, layer.number) for layer in selection.network.layers)


def _pairs(view: KernelView, *, centred: bool) -> tuple[str, str] | None:
    """Draw the sample of pairs; return the pair clicked in this run."""
    sample, ids = view.layer.sample, view.result.rows.ids
    if not len(sample.rows):
        return None
    header = {
        "ids": ids,
        "alike": sample.alike,
        "agreeing": sample.agreeing,
        "drawn": len(sample.rows),
        "of": sample.of,
        "seed": kernels_pairs.SEED,
        "centred": centred,
        "unit": view.result.about["normalise"] != "none",
        "decimals": 3 if view.result.about["normalise"] != "none" else 1,
    }
    parts = [sample.rows.astype("<u4"), sample.cols.astype("<u4"), sample.forward, sample.backward]
    shared = b"" if sample.shared is None else sample.shared.astype("u1").tobytes()
    clicked = heatmaps.part("pairs", header, *(array.tobytes() for array in parts), shared, key=f"{KEY}-pairs")
    return heatmaps.checked_pair(clicked, Axis(view.ids, ()))


def _caption(selection: Selection, view: KernelView) -> str:
    """Return what a figure to take along says of itself."""
    spec = selection.spec
    made = [f"{counted(selection.chosen, 'photograph')} of {selection.images.name}"]
    if selection.split != "all":
        made[0] += f" ({selection.split})"
    made.append(f"{selection.source} {selection.layer.name}")
    if not selection.images.features:
        made.append(f"τ = {spec.temperature:g}")
    if selected := len(set(chosen.current().ids) & set(view.ids)):
        made.append(f"{selected:,} selected")
    made.append(f"{'centred ' if spec.centre else ''}{', '.join(selection.triple)}, normalise {spec.normalise}")
    return " · ".join(made)


def _named(selection: Selection) -> str:
    parts = [selection.images.name, selection.source, selection.layer.name, selection.triple[2]]
    if not selection.images.features:
        parts.append(f"tau{selection.spec.temperature:g}")
    return "_".join([*parts, f"n{selection.chosen}"])


def _asked(selection: Selection) -> list[Asked]:
    """Return the kernels, and how alike they are, as the command line computes them."""
    names = selection.triple
    gives = f"{names[2]} as K, and its factors as K_fw and K_bw"
    found = [Asked(gives, "kernel", selection, {"representation": names[2], "out": f"{names[2]}.npz"})]
    if selection.images.labels is not None:
        plain = selection.centring(False)  # alignment does not depend on it
        found += [
            Asked(f"Alignment of {name} with the labels", "align", plain, {"representation": triple(number)})
            for name, number in _all_layers(selection)
        ]
    return found


def _npz(selection: Selection, view: KernelView) -> widgets.Download:
    def built() -> bytes:
        from gradviz.export import kernel_npz

        file, result = io.BytesIO(), view.result
        kernel_npz(replace(result, about={**result.about, "seed": selection.spec.seed}), file)
        return file.getvalue()

    name = f"kernel_{_named(selection)}.npz"
    return widgets.Download("Kernels as npz", name, "application/octet-stream", built)


_page(current())
