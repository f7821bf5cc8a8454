"""Say which network, representation and temperature is best for these photographs, and by how much."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import streamlit as st

from gradviz.networks import NETWORKS
from gradviz.networks.weights import weights_states
from gradviz.spec import OPTIONS
from gradviz.ui import address, chosen, frame, options, polling, widgets
from gradviz.ui.components.layers import SORTS, Change, Scene, layers
from gradviz.ui.polling import Question
from gradviz.ui.selection import Selection, current
from gradviz.ui.text import plain
from gradviz.words import counted
from pages.evaluate import layers_export, layers_job, layers_scene
from pages.evaluate.layers_job import Told
from pages.evaluate.svm_form import usual_splits

if TYPE_CHECKING:
    from gradviz.ranking import Scored
    from gradviz.results import BoardRow

KERNELS, NEIGHBOURS = "pages/explore/kernels.py", "pages/explore/neighbours.py"
KEY = "layers"
WATCH_SECONDS = 1.5
"""Between two looks at whether more rows have come."""
SIDE = 280
"""Longer side of a photograph."""
MOST_ALIKE = 40
"""Kernels that are compared with each other: the best, as many as can be told apart in the figure."""


def _page(selection: Selection) -> None:
    top = frame.head("Layers", "Which one should I use?", selection, whole=True)
    images = selection.images
    if images.labels is None:
        why = "has no labels, so nothing can be trained, and nothing is better than another."
        widgets.nothing(f"{images.name} {why}")
        return
    menu = top.views().container(key="gv-layers-menu", horizontal=True, width="content")
    choices = _choices(selection, menu)
    Page(selection, choices, top, menu).draw()


def _choices(selection: Selection, menu: Any) -> dict[str, Any]:
    """Draw the choices in a menu: splits, C, and the kind of average precision. One split is trained on alone."""
    splits = list(selection.images.splits) or ["all"]
    with menu, st.popover("Training", width="content"):
        if len(splits) > 1:
            first, second = usual_splits(splits)
            left, right = st.columns(2)
            with left:
                train = options.listed("train", splits, first)
            with right:
                test = options.listed("test", splits, second)
        else:
            train, test = splits[0], None
            st.caption("One split: results are chosen on it, and there is nothing to score them on.")
        C = options.number("C")
        ap = options.choice("ap", default=selection.images.ap)
        n = len(selection.images.select(train, selection.spec.images))
        st.caption(
            f"Chosen by cross-validation on {counted(n, 'photograph')} of {plain(train)}; the test photographs are "
            "looked at once, when all is chosen."
        )
    return {"train": train, "test": test, "C": C, "ap": ap}


class Page:
    """One run of the page, once the choices are known."""

    def __init__(self, selection: Selection, choices: dict[str, Any], top: frame.Head, menu: Any) -> None:
        self.selection, self.choices, self.top, self.menu = selection, choices, top, menu
        self.splits = tuple(split for split in (choices["train"], choices["test"]) if split is not None)
        self.networks: list[str | None] = []
        self.ordered: list[BoardRow] = []
        self._later: list[tuple[Question, str, bool]] = []
        self.came = False

    def draw(self) -> None:
        """Have the rows computed, draw those that are there, and then ask for what rests on all of them."""
        if self.selection.own is not None:
            token = self.selection.token
            polling.session().at_end(("layers", token), partial(_forgotten, token))
        self.networks = self._networks()
        with st.container(key="gv-progress-layers"):
            self._errand()
            complete = self._measure()
        rows = [row for name in self.networks for row in layers_job.rows_of(self._key(name))]
        total = sum(layers_job.board_of(self._key(name)).total for name in self.networks)
        self._watch(len(rows))
        if not rows:
            self._first()
            return
        self._show(rows, total, complete=complete)
        for number, (question, slot, drawn) in enumerate(self._later):
            with st.container(key=f"gv-quiet-layers-{number}"):
                self._quietly(question, slot, drawn=drawn)
        if self.came:
            st.rerun()

    # Which networks, and their rows

    def _networks(self) -> list[str | None]:
        """List the chosen network, and all others that have looked at these photographs already."""
        if self.selection.images.features:
            return [None]
        mine = self.selection.spec.network
        question = self._there()
        job = polling.follow(question, slot="layers stored", quiet=True)
        stored = st.session_state.setdefault("layers stored", {})
        if job:
            stored[question.key] = job.result
        found = stored.get(question.key, ())
        return [mine, *(name for name in found if name != mine)]

    def _there(self) -> Question:
        bare = self.selection.forward
        bare = replace(bare, spec=replace(bare.spec, network="alexnet64", weights=None))
        return bare.question(layers_job.there, self.splits, title="The store", lane="light", paced=False)

    def _of(self, network: str | None) -> Selection:
        return layers_job.of_network(self.selection, network)

    def _key(self, network: str | None) -> str:
        return layers_job.key_of(self._of(network), self.choices)

    def _question(self, network: str | None) -> Question:
        asked = {name: self.choices[name] for name in ("train", "C", "ap")}
        title = f"All layers of {NETWORKS[network].title}" if network in NETWORKS else "All vectors of the file"
        return self._of(network).question(layers_job.measured, asked, title=title, lane="light")

    def _measure(self) -> bool:
        """Have the rows of one network after the other computed; return whether all are there."""
        for network in self.networks:
            question = self._question(network)
            here = self._of(network)
            known = polling.answered(question.key)
            if known is not None and len(layers_job.rows_of(self._key(network))) < len(known):
                polling.restart(question.key)  # its rows had to make room
            after = widgets.features(here, *self.splits) if network == self.selection.spec.network else None
            if polling.follow(question, after=after, slot=f"layers {network}") is None:
                return False
        return True

    def _errand(self) -> None:
        """Offer to have the networks that have not looked at these photographs look at them, and follow that."""
        if self.selection.images.features or self.selection.own is not None:
            return
        states = weights_states(NETWORKS.values())
        absent = [name for name in NETWORKS if states[name]["state"] == "present" and name not in self.networks]
        wanted = tuple(st.session_state.get("layers errand", ()))
        if wanted:
            names = ", ".join(NETWORKS[name].title for name in wanted)
            title = f"{names} look{'s' if len(wanted) == 1 else ''} at the photographs"
            question = self._of(wanted[0]).forward.question(layers_job.looked, wanted, self.splits, title=title)
            if polling.follow(question, slot="layers errand", errand=True) is not None:
                st.session_state["layers errand"] = ()
                polling.restart(self._there().key)
                st.rerun()
        elif absent:
            label = f"Add {NETWORKS[absent[0]].title}" if len(absent) == 1 else f"Add {counted(len(absent), 'network')}"
            about = "Has every network whose weights are on this computer look at the photographs, and measures it too."
            with self.menu:
                st.button(label, key="layers add", icon=":material/add:", help=about, on_click=_begin, args=(absent,))

    def _watch(self, number: int) -> None:
        """Draw the page again when more rows have come."""
        keys = [self._key(name) for name in self.networks]
        if any((job := polling.queue().get(self._question(n).key)) is not None and job.active for n in self.networks):
            st.fragment(_more, run_every=WATCH_SECONDS)(keys, number)

    # What is drawn

    def _first(self) -> None:
        """Show some photographs until the first row is there."""
        evidence = layers_scene.evidence(None, None, self._faces(), self.selection)
        self._draw(Scene(None, (), (), 1, "-mean", None, "", self.choices["train"], evidence))

    def _faces(self) -> list[tuple[str, str]]:
        return layers_job.faces(self.selection, self.choices["train"])

    def _show(self, rows: "list[BoardRow]", total: int, *, complete: bool) -> None:
        from gradviz.ranking import best, rivals

        ranked, selection = best(rows), self.selection
        self.ordered = self._in_order(ranked[:MOST_ALIKE])
        known = {layers_scene.key_of(row): row for row in ranked}
        sort = options.stated("board", "the order of the board", _Sorts(), "-mean") or "-mean"
        against = options.stated("against", "the result to compare with", known, None)
        others = dict(rivals(ranked)) if complete else {}
        if others:
            # The last one is whose ranks are compared with the best one's: what is selected, else the best forward row.
            last = next(iter(others))
            if against and against != layers_scene.key_of(ranked[0]):
                last = next((name for name, row in others.items() if layers_scene.key_of(row) == against), "against")
            others[last] = others.pop(last, known.get(against or "", ranked[0]))
        told = None
        if complete and self.choices["test"] is not None:
            told, others = self._scored(ranked[0], others)
        between = self._alike() if complete else None
        differences: list[tuple[str, BoardRow, Scored]] = []
        if told:
            differences = [(name, row, one) for (name, row), one in zip(others.items(), told.scored[1:], strict=True)]
            order = list(layers_scene.RELATIONS)
            differences.sort(key=lambda one: order.index(one[0]))
        waiting = "" if complete else f"{len(rows):,} of {counted(total, 'result')}" if total else ""
        if complete and told is None and self.choices["test"] is not None:
            waiting = f"being scored on {self.choices['test']}"
        answer = layers_scene.answer(
            ranked,
            selection,
            told.scored[0] if told else None,
            differences,
            train=self.choices["train"],
            test=self.choices["test"],
            complete=complete,
            waiting=waiting,
        )
        pair = (ranked[0], list(others.values())[-1]) if others else None
        scene = Scene(
            answer=answer,
            panels=layers_scene.panels(rows, ranked, selection),
            rows=layers_scene.lines(ranked, selection, chosen=complete),
            networks=len(self.networks),
            sort=sort,
            against=against,
            about=layers_scene.about(ranked, rows, selection, self.choices),
            train=self.choices["train"],
            evidence=layers_scene.evidence(told, pair, self._faces(), selection),
            matrix=layers_scene.matrix(self.ordered, between, selection),
            waiting="when all rows are there" if not complete else "being computed",
            gains=layers_scene.gained(ranked, selection) if complete else (),
        )
        self._draw(scene)
        if complete and answer is None:
            widgets.notes(["Too few photographs of any class to hold some out: nothing could be measured."])
        offers = layers_export.offers(selection, rows, ranked, told, differences)
        self.top.export(offers, layers_export.asked([self._of(name) for name in self.networks], self.choices))
        if opens := st.session_state.pop("layers opens", None):
            address.lead_to(opens)

    def _draw(self, scene: Scene) -> None:
        ids = [photo.id for photo in scene.evidence.photos]
        photographs = widgets.thumbnails(self.selection.images, ids, {}, side=SIDE)
        layers(scene, photographs, key=KEY, on_change=self._take)

    def _in_order(self, ranked: "Sequence[BoardRow]") -> "list[BoardRow]":
        """Return rows by network and layer, as the matrix lists them."""
        place = {name: i for i, name in enumerate(self.networks)}
        names = {name: list(self._of(name).offer.representations) for name in self.networks}
        return sorted(ranked, key=lambda row: (place[row.network], names[row.network].index(row.representation)))

    def _scored(self, first: "BoardRow", others: "dict[str, BoardRow]") -> "tuple[Told | None, dict[str, BoardRow]]":
        """Return scores and what they are of: until they are there, those of the same best row that were shown last."""
        told = self._told([first, *others.values()])
        which = [self._key(name) for name in self.networks], self.choices["test"], layers_scene.pick_of(first)
        if told is not None:
            st.session_state["layers told"] = which, told, others
            return told, others
        former = st.session_state.get("layers told")
        return (former[1], former[2]) if former and former[0] == which else (None, others)

    def _told(self, rows: "Sequence[BoardRow]") -> Told | None:
        picks = tuple(layers_scene.pick_of(row) for row in rows)
        asked = {name: self.choices[name] for name in ("train", "test", "C", "ap")}
        question = self._of(self.networks[0]).question(
            layers_job.told, picks, asked, title="The best on the test photographs", lane="light"
        )
        return self._get(question, "told")

    def _alike(self) -> Any:
        picks = tuple(layers_scene.pick_of(row) for row in self.ordered)
        question = self._of(self.networks[0]).question(
            layers_job.alike, picks, self.choices["train"], title="Alignment of all kernels", lane="light"
        )
        return self._get(question, "alike")

    def _get(self, question: Question, slot: str) -> Any:
        """Return an answer that is there, and ask for it after all is drawn if it is not."""
        found = polling.answered(question.key)
        self._later.append((question, slot, found is not None))
        return found

    def _quietly(self, question: Question, slot: str, *, drawn: bool) -> None:
        """Ask for an answer; one that has come since the page was `drawn` without it is drawn at once."""
        job = polling.follow(question, slot=f"layers {slot}", quiet=True)
        self.came |= job is not None and not drawn

    # What is clicked

    def _take(self, change: Change) -> None:
        if change.sort is not None:
            options.state("board", change.sort)
        if change.against is not None:
            now = st.query_params.get("against")
            options.state("against", None if now == change.against else change.against)
        if change.open is not None:
            chosen.focus(change.open)
            st.session_state["layers opens"] = NEIGHBOURS
        if change.cell is not None:
            self._choose(self.ordered[change.cell[0]])
            st.session_state["layers opens"] = KERNELS

    def _choose(self, row: "BoardRow") -> None:
        """Choose network, layer and temperature of a row in the sidebar, before that is drawn."""
        if row.network is None:
            return
        layer = layers_scene.layer_of(row)
        st.session_state["network"], st.session_state["layer"] = row.network, layer
        if row.temperature in OPTIONS["temperature"].offered:
            st.session_state["temperature"] = row.temperature


def _begin(names: Sequence[str]) -> None:
    st.session_state["layers errand"] = tuple(names)


def _forgotten(token: str) -> bool:
    layers_job.forget(token)
    return True


def _more(keys: Sequence[str], number: int) -> None:
    if sum(len(layers_job.rows_of(key)) for key in keys) != number:
        st.rerun()


class _Sorts:
    def __contains__(self, text: object) -> bool:
        return isinstance(text, str) and text.removeprefix("-") in SORTS


_page(current())
