"""What the Map page asks: questions whose keys hold what their answers depend on, and nothing else."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from gradviz.representations import parse, tempered
from gradviz.spec import Spec
from gradviz.ui import polling, widgets
from gradviz.ui.components.maps import ROLES
from gradviz.ui.polling import Question
from gradviz.ui.selection import Selection
from gradviz.ui.visitor import Own
from gradviz.words import counted
from pages.explore import map_views

if TYPE_CHECKING:
    from gradviz.results import Map

SIDES = ((2500, 64), (6000, 48), (20000, 32))
"""Up to so many photographs, small ones are so wide; beyond, there are none."""
SIDE_BY_SIDE = 5000
"""Images up to which maps are drawn side by side: the kernels of three maps of 5,000 take a gigabyte."""
FREE = ("temperature", "pseudo_label")
"""Choices that forward's map does not depend on."""


def drawn(selection: Selection, representation: str, how: dict[str, Any]) -> Question:
    """Ask for one map. What does not depend on the temperature, such as x6, is the same map at each of them."""
    asked = replace(selection, picked=None)
    if not selection.images.features:
        needs, last = parse(representation, selection.offer).needs, selection.network.numbers[-1]
        if not any(tempered(name, last) for name in needs):
            asked = replace(asked, spec=replace(asked.spec, **{name: getattr(Spec(), name) for name in FREE}))
    title = f"Map of {counted(selection.chosen, 'image')} by {representation}, {selection.source}"
    lane = "maps" if selection.chosen <= SIDE_BY_SIDE else "heavy"
    return asked.question(map_views.drawn, representation, how, title=title, lane=lane, paced=False)


def facts(selection: Selection) -> Question:
    """Ask for what is known of the photographs, whatever looks at them."""
    asked = replace(selection, picked=None, spec=Spec(images=selection.spec.images, seed=selection.spec.seed))
    return asked.question(map_views.facts, title=f"Labels of {counted(selection.chosen, 'image')}", lane="light")


def sheets(selection: Selection) -> Iterator[Question]:
    """Ask for the small photographs, a sheet at a time."""
    side = next((side for most, side in SIDES if selection.chosen <= most), None)
    if not selection.images.paths or side is None:
        return
    asked = replace(selection, picked=None, spec=Spec(images=selection.spec.images, seed=selection.spec.seed))
    for start in range(0, selection.chosen, map_views.SHEET):
        title = f"Small photographs from {start + 1:,} on"
        yield asked.question(map_views.sheet, start, side, title=title, lane="light")


def rows(selection: Selection, identifier: str, own: Own | None = None) -> Question:
    """Ask for one photograph's rows of the three kernels; the photograph may be one of a visitor's `own`."""
    title = "Nearest photographs of one of yours" if own else f"Nearest photographs of {identifier}"
    return selection.unseeded.question(map_views.rows, identifier, own, title=title, lane="light")


def typical(selection: Selection, shown: str, marked: int, main: Sequence[int]) -> Question:
    """Ask which of the shown photographs are most typical; `main` follows from the selection and is not in the key."""
    key = selection.unseeded.question(map_views.typical, shown, marked, title="").key
    return Question(
        key,
        "The most typical photographs first",
        lambda progress, cancel: map_views.typical(selection, shown, marked, main, progress, cancel),
        "light",
    )


def scores(selection: Selection, train: str, test: str) -> Question:
    """Ask for the scores of SVMs on the layer's product kernel."""
    title = f"SVMs on {selection.triple[2]} for the colours"
    return selection.question(map_views.scores, train, test, title=title, lane="light")


def placements(selection: Selection, own: Own, how: dict[str, Any], found: "Sequence[Map]") -> Question:
    """Ask where a visitor's own photographs belong on the maps; the maps follow from the selection and `how`."""
    key = selection.question(map_views.placements, own, how, title="").key
    return Question(
        key,
        "Placing your photographs on the maps",
        lambda progress, cancel: map_views.placements(selection, own, found, progress, cancel),
        "heavy",
    )


def own_sheet(own: Own) -> Question:
    """Ask for the small pictures of a visitor's own photographs."""
    return Question(
        json.dumps(["own sheet", own.token]),
        "Small pictures of your photographs",
        lambda progress, cancel: map_views.sheet_of(own.images, np.arange(len(own.images)), 0, 64, progress, cancel),
        "light",
    )


def _ended(key: str) -> bool:
    """Return whether the visitor has stopped the work on a question, or it has failed."""
    job = polling.queue().get(key)
    return polling.is_stopped(key) or (job is not None and job.state == "failed")


@dataclass(frozen=True)
class Made:
    """The choices that a map was made under: `key` is the question's."""

    key: str
    selection: Selection
    how: dict[str, Any]


class Maps:
    """The three maps as far as they are there: for each role the answer, and whether it is of former choices.

    `made` has the choices that each of those found was made under, `stopped` the roles whose new map does not come.
    """

    def __init__(self, selection: Selection, how: dict[str, Any], large: str) -> None:
        names = dict(zip(ROLES, selection.triple, strict=True))
        self.large = large
        self.questions = {role: drawn(selection, names[role], how) for role in ROLES}
        self.after = widgets.features(selection)
        self.found: dict[str, Map] = {}
        self.former: set[str] = set()
        self.stopped: set[str] = set()
        self.made: dict[str, Made] = {}
        shown: dict[str, Made] = st.session_state.setdefault("maps shown", {})
        for role, question in self.questions.items():
            result = polling.answered(question.key)
            if result is not None:
                shown[role] = Made(question.key, selection, how)
                polling.follow(question, slot=f"map {role}")  # notes that the answer was read
            else:
                result = polling.answered(shown[role].key) if role in shown else None
                self.former.add(role)
                if _ended(question.key):
                    self.stopped.add(role)
            if result is not None:
                self.found[role], self.made[role] = result, shown[role]

    def of_rows(self, selection: Selection) -> Selection | None:
        """Return the choices under which a photograph's nearest are looked for: those of the former maps on the page.

        None where these show other photographs than are chosen now.
        """
        made = next((self.made[role] for role in reversed(ROLES) if role in self.former & self.made.keys()), None)
        if made is None:
            return selection
        same = facts(made.selection).key == facts(selection).key
        return made.selection if same else None

    def fits(self, asked: Selection) -> tuple[bool, ...]:
        """Return for each map whether its kernel is the one that belongs to the choices `asked`."""
        fit = []
        for number, role in enumerate(ROLES):
            made = self.made.get(role)
            of = made and [drawn(one.unseeded, one.triple[number], made.how).key for one in (made.selection, asked)]
            fit.append(of is None or of[0] == of[1])
        return tuple(fit)

    @property
    def pending(self) -> list[str]:
        """The roles whose map is not there yet, the large one first."""
        return sorted(self.former, key=lambda role: role != self.large)

    def follow(self) -> bool:
        """Ask for what is not there yet, the large map first; return whether something has come meanwhile."""
        came = False
        for role in self.pending:  # all at once, before any is waited for
            polling.begin(self.questions[role], after=self.after, slot=f"map {role}")
        for number, role in enumerate(self.pending):
            # One bar is enough: the others wait for the same worker.
            with st.container(key=f"gv-progress-map-{role}" if number == 0 else f"gv-quiet-map-{role}"):
                question, slot = self.questions[role], f"map {role}"
                came |= polling.follow(question, after=self.after, slot=slot, quiet=number > 0) is not None
        return came


class Later:
    """Questions that the page goes on without: they are asked once the figure is drawn."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Question, str, Question | None]] = []
        self._ahead: list[tuple[Question, str, Question | None]] = []

    def ahead(self, question: Question, slot: str, after: Question | None = None) -> None:
        """Note what the page will ask once its maps are there, to be computed beside them."""
        self._ahead.append((question, slot, after))

    def begin(self) -> None:
        """Start what was noted."""
        for question, slot, after in self._ahead:
            polling.begin(question, slot=slot, after=after)

    def get(self, question: Question, slot: str, after: Question | None = None) -> Any:
        """Return the answer if it is there, and ask later if not."""
        if polling.answered(question.key) is not None:
            return self.soon(question, slot, after)
        self._waiting.append((question, slot, after))
        return None

    def soon(self, question: Question, slot: str, after: Question | None = None) -> Any:
        """Ask, and return the answer if it comes within a moment."""
        with st.container(key=f"gv-quiet-{slot.replace(' ', '-')}"):
            job = polling.follow(question, after=after, slot=slot, quiet=True)
        return job and job.result

    def follow(self) -> bool:
        """Ask for what is missing; return whether something has come meanwhile."""
        came = [self.soon(*waiting) is not None for waiting in self._waiting]
        return any(came)
