"""Train a binary SVM for each class on two representations, compare them class by class, and show where they fail."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import streamlit as st

from gradviz.representations import kind_of
from gradviz.spec import Spec
from gradviz.ui import address, chosen, frame, options, polling, views, widgets
from gradviz.ui.components.scores import SORTS, Change, Choice, Equation, Pictures, Scene, equation, scores
from gradviz.ui.polling import Question
from gradviz.ui.report import Asked
from gradviz.ui.selection import Selection, current
from gradviz.ui.text import plain
from gradviz.words import counted
from pages.evaluate import svm_asks, svm_export, svm_form, svm_history, svm_scene, svm_views
from pages.evaluate.svm_asks import Ask
from pages.evaluate.svm_form import Form
from pages.evaluate.svm_history import Kept

if TYPE_CHECKING:
    from gradviz.resampling import Difference, Resampled

NEIGHBOURS = "pages/explore/neighbours.py"
ACROSS = 12
"""Squares beside each other on their sheet."""


def _page(selection: Selection) -> None:
    top = frame.head("SVM", "One SVM a class: how well two representations tell classes apart", selection)
    if selection.images.labels is None or len(selection.images.splits) < 2:
        name = selection.images.name
        widgets.nothing(f"{name}: no labels or fewer than two splits here, so nothing can be trained and scored.")
        return
    with st.container(key="gv-svm-top", horizontal=True, vertical_alignment="center"):
        means, beside = st.container(key="gv-svm-equation"), st.container(key="gv-svm-C", width=236)
    menu = top.views().container(key="gv-svm-menu", horizontal=True, width="content")
    form = svm_form.draw(selection, menu, beside)
    top.say(svm_form.sentence(selection, form))
    Page(selection, form, means, menu, top).draw()


@dataclass(frozen=True)
class Picked:
    """The results that are A and B, and whether they are former ones, whose successors are on their way."""

    a: Kept
    b: Kept | None
    former: bool = False


class Page:
    """One run of the page, once the choices are known."""

    def __init__(self, selection: Selection, form: Form, means: Any, menu: Any, top: frame.Head) -> None:
        self.selection, self.form, self.means, self.menu, self.top = selection, form, means, menu, top
        self.live = form.asks(selection)
        self.came = self.awaits = False
        self._later: list[tuple[Question, str, bool]] = []

    def draw(self) -> None:
        """Ask for A and B, draw them or what was there before, and then ask for what is missing."""
        asked = self._asked()
        if asked is None:
            widgets.nothing("Choose at least one representation under Training.")
            self._results()
            return
        picked = self._picked(*asked)
        if picked is not None:
            self._compare(picked)
        self._results()
        for number, (question, slot, drawn) in enumerate(self._later):
            with st.container(key=f"gv-quiet-svm-{number}"):
                self._quietly(question, slot, drawn=drawn)
        if picked is not None and not picked.former:
            self._others()
        if self.came:
            st.rerun()

    def _asked(self) -> tuple[Ask, Ask | None] | None:
        """Return what is chosen as A and B: what somebody or the link says, else the product and what rivals it."""
        usual = _usual(self.live)
        known = svm_asks.Known(self.selection, self.form.choices)
        found = []
        for name, one in zip(("A", "B"), usual, strict=True):
            text = options.stated(name, f"the result {name}", known, one and self._written(one))
            found.append(svm_asks.read(text, self.selection, self.form.choices))
        if found[0] is None:
            found.reverse()
        return found[0] and (found[0], found[1])

    def _written(self, one: Ask) -> str:
        return svm_asks.written(one, self.selection, self.form.choices)

    def _picked(self, a: Ask, b: Ask | None) -> Picked | None:
        """Return A and B once both are there, until then those that were shown before; None without such."""
        for name, one in (("A", a), ("B", b)):  # both at once, before the page waits for one
            if one and svm_history.get(one) is None:
                polling.begin(one.question, after=one.features, slot=f"svm {name}")
        with st.container(key="gv-progress-svm"):
            found = [self._scored(one, f"svm {name}") if one else None for name, one in (("A", a), ("B", b))]
        shown = st.session_state.setdefault("svm shown", {})
        if found[0] is not None and (b is None or found[1] is not None):
            shown[self.selection.token] = found
            return Picked(found[0], found[1])
        self.awaits = any((job := polling.queue().get(one.key)) is not None and job.active for one in (a, b) if one)
        former = shown.get(self.selection.token)
        return former and Picked(former[0], former[1], former=True)

    def _scored(self, one: Ask, slot: str, *, quiet: bool = False) -> Kept | None:
        if kept := svm_history.get(one):
            return kept
        job = polling.follow(one.question, after=one.features, slot=slot, quiet=quiet)
        return job and svm_history.keep(one, job.result)

    def _compare(self, picked: Picked) -> None:
        from gradviz.comparison import incomparable

        a, b = picked.a, picked.b
        drawn_a, drawn_b = self._drawn(a), self._drawn(b)
        why = incomparable(a.run, b.run) if b else ""
        difference = None if why or b is None else self._difference(a, b, drawn_a, drawn_b)
        here = self.selection, self.form.choices
        side_a = svm_scene.side(a, drawn_a, *here)
        side_b = b and svm_scene.side(b, drawn_b, *here, side_a)
        with self.means:
            gap = a.run.mean_ap - b.run.mean_ap if b and not why else None
            shown = Equation(side_a, side_b, self._choices(picked), gap, difference and difference.interval, why)
            equation(shown, key="svm-equation", on_change=self._choose)
        lines = svm_scene.lines(self.selection, a.run, b and b.run, difference, paired=not why)
        focus = self._focus(lines)
        sort = options.stated("sort", "the order of the classes", _Sorts(), "-a") or "-a"
        other = None if why else b and b.run
        detail = focus and svm_scene.detail(self.selection, a.run, other, focus, chosen.current().focus)
        scene = Scene(
            a=side_a,
            b=side_b,
            lines=lines,
            sort=sort,
            focus=focus,
            detail=detail or None,
            legend=svm_scene.legend(lines, difference, (side_a, side_b), why),
            shown=chosen.current().focus,
            former=picked.former,
            unseen=svm_scene.unseen(lines),
        )
        scores(scene, self._pictures(a, scene), key="svm", on_change=self._take)
        if opened := st.session_state.pop("svm opens", None):
            chosen.focus(opened)
            address.lead_to(NEIGHBOURS)
            st.rerun()
        self._say(picked)

    def _focus(self, lines: list) -> str | None:
        """Return the class in focus: what was clicked or the link says, else what is marked, else the weakest.

        The weakest stays in focus while other choices make another one weaker.
        """
        names, marked = [line.name for line in lines], chosen.current().marked
        if st.session_state.setdefault("svm marked", marked) != marked:
            st.session_state["svm marked"] = marked
            options.state("row", marked)
        usual = marked if marked in names else svm_scene.weakest(lines)
        focus = options.stated("row", "the class in focus", names, usual)
        if focus is not None:
            options.state("row", focus)
        return focus

    def _choose(self, which: str, key: str) -> None:
        usual = _usual(self.live)[which == "b"]
        options.state(which.upper(), None if usual and key == self._written(usual) else key)

    def _take(self, change: Change) -> None:
        if change.focus is not None:
            options.state("row", change.focus)
        if change.sort is not None:
            options.state("sort", change.sort)
        if change.seen is not None:
            chosen.focus(change.seen)
        if change.open is not None:
            st.session_state["svm opens"] = change.open

    def _choices(self, picked: Picked) -> list[Choice]:
        """List all results that can be A or B: those of the choices now, then the others of this session."""
        kept = svm_history.of(self.selection)
        there = {one.ask.key: one for one in kept}
        asks = {
            one.key: one
            for one in (*self.live, *(k.ask for k in kept), picked.a.ask, *([picked.b.ask] if picked.b else ()))
        }
        found = []
        for key, one in asks.items():
            other = svm_asks.differing(one, self.selection, self.form.choices)
            words = [one.representation, *([svm_asks.in_words(other)] if other else [])]
            score = f"{there[key].run.mean_ap:.1f}" if key in there else "not yet trained"
            approximate = (
                " (pooled approximation)" if svm_asks.is_approximate(one.selection, one.representation) else ""
            )
            group = "Made under other choices" if other else "These choices"
            found.append(Choice(self._written(one), f"{', '.join(words)}{approximate}  ·  {score}", group))
        return sorted(found, key=lambda choice: choice.group != "These choices")

    # What follows the scores

    def _drawn(self, one: Kept | None) -> "Resampled | None":
        if one is None:
            return None
        title = f"Intervals of {one.ask.representation}"
        question = _closed(svm_views.drawn, one.ask.key, title, one.run)
        return self._get(question, f"drawn {one.ask.key}", draws=True)

    def _difference(
        self, a: Kept, b: Kept, drawn_a: "Resampled | None", drawn_b: "Resampled | None"
    ) -> "Difference | None":
        if drawn_a is None or drawn_b is None:
            return None
        key = f"{a.ask.key} and {b.ask.key}"
        question = _closed(svm_views.compared, key, "The difference", a.run, b.run, drawn_a, drawn_b)
        return self._get(question, "difference", draws=True)

    def _pictures(self, a: Kept, scene: Scene) -> Pictures:
        """Return the photographs that are there, and ask for those that are not."""
        images = self.selection.images
        if not images.paths:
            return Pictures()
        token = self.selection.token
        bare = replace(self.selection.whole, spec=Spec())
        faces = self._get(
            bare.question(views.examples, title="A picture of each class", lane="light", paced=False), "faces"
        )
        first = list(dict.fromkeys(name for line in scene.lines for name in line.first))
        places = [images.source(name) for name in first]
        question = _closed(svm_views.squares, f"{token} {places}", "The first mistakes", images, places, ACROSS)
        squares = self._get(question, "squares") if first else b""
        wanted = [images.source(name) for name in (scene.detail.photos if scene.detail else ())]
        key = f"{token} {wanted}"
        photos = self._get(_closed(svm_views.pictures, key, "Photographs of a class", images, wanted), "pictures")
        return Pictures(faces or {}, squares or b"", first if squares else (), ACROSS, photos or {})

    def _get(self, question: Question, slot: str, *, draws: bool = False) -> Any:
        """Return an answer that is there, and ask for it after all is drawn if it is not.

        While new scores are on their way, the draws of the former ones take no time from them.
        """
        found = polling.answered(question.key)
        if not (draws and self.awaits):
            self._later.append((question, slot, found is not None))
        return found

    def _quietly(self, question: Question, slot: str, *, drawn: bool) -> None:
        """Ask for an answer; one that has come since the page was `drawn` without it is drawn at once."""
        job = polling.follow(question, slot=f"svm {slot}", quiet=True)
        self.came |= job is not None and not drawn

    def _others(self) -> None:
        """Train what else is chosen, one after the other, so that a click is never behind all of them."""
        with st.container(key="gv-quiet-svm-others"):
            for one in self.live:
                if svm_history.get(one) is None:
                    if self._scored(one, "svm others", quiet=True) is None:
                        return
                    self.came = True

    def _say(self, picked: Picked) -> None:
        runs = {one.ask.representation: one.run for one in (picked.a, picked.b) if one}
        notes = [f"{name}: {note}" for name, run in runs.items() for note in run.notes]
        if notes:
            with st.container(key="gv-svm-notes"):
                widgets.notes(notes)

    def _results(self) -> None:
        """Show all results of the session in a menu, and offer them."""
        kept = svm_history.of(self.selection)
        with self.menu, st.popover("Results", width="content"):
            st.caption(f"{counted(len(kept), 'result')} of this session on {plain(self.selection.images.name)}")
            if kept:
                drawn = [polling.answered(svm_export.drawn_key(one)) for one in kept]
                rows = svm_history.table(kept, drawn, self.selection, self.form.choices)
                st.dataframe(rows, hide_index=True, column_config=svm_history.columns())
            st.caption(
                "Choosing a temperature or C by these scores is exploration; cv "
                "chooses it on the training split. Clear forgets all but the results of the choices now."
            )
            st.button("Clear", icon=":material/delete:", on_click=self._clear, disabled=not kept)
        if kept:
            self.top.export(self._offers(kept), self._commands())

    def _offers(self, kept: list[Kept]) -> list[widgets.Download]:
        name = f"svm_{self.selection.images.name}"
        found = [
            widgets.Download("Scores as CSV", f"{name}.csv", "text/csv", lambda: svm_export.as_csv(kept)),
            widgets.Download(
                "Scores and choices as JSON", f"{name}.json", "application/json", lambda: svm_export.as_json(kept)
            ),
            widgets.Download(
                "Scores of every image as CSV", f"{name}_images.csv", "text/csv", lambda: svm_export.images_csv(kept)
            ),
        ]
        if pair := self._pair():
            name = f"{name}_figure.html"
            found.append(widgets.Download("Figure as HTML", name, "text/html", lambda: svm_export.figure_html(*pair)))
        return found

    def _commands(self) -> list[Asked]:
        """Return A and B as the command line trains them."""
        found = []
        for one in self._pair() or ():
            if one is not None:
                ask = one.ask
                more = {"representation": ask.representation, "train": ask.train, "test": ask.test}
                more |= {"C": ask.C, "ap": ask.ap}
                found.append(Asked(f"mAP {one.run.mean_ap:.2f}, with each class", "evaluate", ask.selection, more))
        return found

    def _pair(self) -> tuple[Kept, Kept | None] | None:
        return st.session_state.get("svm shown", {}).get(self.selection.token)

    def _clear(self) -> None:
        svm_history.clear()
        for name in ("A", "B"):
            options.state(name, None)


class _Sorts:
    def __contains__(self, text: object) -> bool:
        return isinstance(text, str) and text.removeprefix("-") in SORTS


def _usual(live: list[Ask]) -> tuple[Ask | None, Ask | None]:
    """Return what is compared first: the product, and both sides next to each other or whatever else there is."""

    def first(kind: str, without: Ask | None = None) -> Ask | None:
        return next((one for one in live if kind_of(one.representation) == kind and one is not without), None)

    a = first("product") or (live[-1] if live else None)
    b = first("concatenation", a) or next((one for one in live if one is not a), None)
    return a, b


def _closed(view: Callable[..., Any], key: str, title: str, *given: Any) -> Question:
    """Ask for view(*given); the key says what was given, which is too large for one."""
    return Question(
        f"svm {view.__name__} {key}", title, lambda progress, cancel: view(*given, progress, cancel), "light"
    )


_page(current())
