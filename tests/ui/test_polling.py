"""Results asked for by a page: one job for all, stop, go on, errors; every page script is run by AppTest."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from gradviz.datasets import ImageSet
from gradviz.errors import ChoiceError
from gradviz.features.extraction import Features
from gradviz.results import Classification
from gradviz.ui import budget, polling, sessions

GATES: dict[str, threading.Event] = {}
STARTS: list[str] = []


def page() -> None:
    """Ask for what ?key names; the job waits for its gate. With ?on it is a page of the dashboard."""
    import streamlit as st

    from gradviz.ui import polling
    from tests.ui import test_polling

    key = st.query_params["key"]
    first = st.query_params.get("after")
    after = polling.Question(first, f"First {first}", test_polling.job(first)) if first else None
    slot = st.query_params.get("page", "page")
    errand = "errand" in st.query_params
    question = polling.Question(key, f"Work on {key}", test_polling.job(key))
    begun = [polling.Question(ahead, "Ahead", test_polling.job(ahead)) for ahead in st.query_params.get_all("begin")]
    if "on" in st.query_params:
        with polling.on_page(st.query_params["on"]):
            for one in begun:
                polling.begin(one, slot=f"begun {one.key}")
            if key != "none":
                polling.ask(question, slot=st.query_params["on"], errand=errand)
        return
    for one in begun:
        polling.begin(one, after=after, slot=f"begun {one.key}")
    answer = polling.ask(question, after=after, slot=slot)
    st.text(f"answer {answer}")


def job(key: str):
    def run(progress, cancel) -> object:
        STARTS.append(key)
        if key == "wrong":
            raise ChoiceError("That cannot be.")
        for step in range(1000):
            progress(step, 1000)
            if GATES[key].wait(0.01):
                return SimpleNamespace(nbytes=polling.BUDGET * 2 // 3) if key.startswith("large") else f"of {key}"
        raise AssertionError("nobody opened the gate")

    return run


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    GATES.clear()
    STARTS.clear()
    for key in ("one", "two", "wrong", "large 1", "large 2"):
        GATES[key] = threading.Event()
    st.cache_resource.clear()
    yield
    for gate in GATES.values():
        gate.set()
    st.cache_resource.clear()


def visit(key: str, **query: str) -> AppTest:
    visitor = AppTest.from_function(page, default_timeout=20)
    visitor.query_params["key"] = key
    for name, value in query.items():
        visitor.query_params[name] = value
    return visitor.run()


def ended(key: str) -> str:
    found = polling.queue().get(key)
    assert found.wait(20)
    return found.state


def texts(visitor: AppTest) -> list[str]:
    assert not visitor.exception
    return [element.value for element in visitor.text]


def test_a_result_comes_with_progress_before_it() -> None:
    visitor = visit("one")
    assert texts(visitor) == []
    assert "Work on one" in visitor.get("progress")[0].proto.text
    GATES["one"].set()
    ended("one")
    assert texts(visitor.run()) == ["answer of one"]
    assert texts(visit("one")) == ["answer of one"]
    assert STARTS == ["one"]


def test_two_visitors_and_twenty_reruns_share_one_job() -> None:
    visitors = [visit("one"), visit("one")]
    for _ in range(10):
        for visitor in visitors:
            visitor.run()
    GATES["one"].set()
    ended("one")
    assert STARTS == ["one"]


def test_moving_on_stops_a_job_that_nobody_else_waits_for() -> None:
    visitor = visit("one")
    visitor.query_params["key"] = "two"
    visitor.run()
    assert ended("one") == "cancelled"
    assert polling.queue().get("two").active


def test_moving_on_leaves_a_job_to_those_who_wait_for_it() -> None:
    first, second = visit("one"), visit("one")
    first.query_params["key"] = "two"
    first.run()
    assert polling.queue().get("one").active
    GATES["one"].set()
    ended("one")
    assert texts(second.run()) == ["answer of one"]


def test_what_is_begun_is_there_when_it_is_asked_for_and_ends_with_the_page_that_needs_it() -> None:
    visitor = visit("one", on="a", begin="two")
    assert polling.queue().get("two").active
    assert len(visitor.get("progress")) == 1
    GATES["one"].set()
    visitor.query_params["key"] = "two"
    visitor.run()
    assert polling.queue().get("two").active
    visitor.query_params["key"] = "none"
    visitor.run()
    assert polling.queue().get("two").active
    del visitor.query_params["begin"]
    visitor.run()
    assert ended("two") == "cancelled"


def test_what_was_stopped_or_lacks_what_comes_first_is_not_begun() -> None:
    visitor = visit("one", after="two", begin="one")
    assert polling.queue().get("one") is None
    visitor.button(key="stop").click().run()
    assert ended("two") == "cancelled"
    visitor = visit("one", begin="one")
    visitor.button(key="stop").click().run()
    assert ended("one") == "cancelled"
    visitor.run()
    assert polling.queue().get("one").state == "cancelled"


def test_stopped_work_starts_again_only_on_demand() -> None:
    visitor = visit("one")
    visitor.button(key="stop").click().run()
    assert ended("one") == "cancelled"
    visitor.run()
    assert "Stopped: Work on one" in visitor.info[0].value
    assert STARTS == ["one"]
    GATES["one"].set()
    visitor.button(key="again page").click().run()
    ended("one")
    assert texts(visitor.run()) == ["answer of one"]


def test_stopping_takes_nothing_from_the_others() -> None:
    first, second = visit("one"), visit("one")
    first.button(key="stop").click().run()
    GATES["one"].set()
    assert ended("one") == "done"
    assert texts(second.run()) == ["answer of one"]


def test_who_stops_what_others_wait_for_sees_it_stopped_and_can_come_back() -> None:
    first, second = visit("one"), visit("one")
    first.button(key="stop").click().run()
    for _ in range(2):
        first.run()
        assert "Stopped: Work on one" in first.info[0].value
        assert not first.get("progress")
    assert polling.queue().get("one").active
    first.button(key="again page").click().run()
    assert first.get("progress")
    GATES["one"].set()
    ended("one")
    assert STARTS == ["one"]
    assert texts(first.run()) == texts(second.run()) == ["answer of one"]


def test_stopping_is_for_all_tabs_of_a_browser_and_for_what_a_reload_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "browser", lambda: "mine")
    left_behind, tab, here = visit("one"), visit("one"), visit("one")
    here.button(key="stop").click().run()
    assert ended("one") == "cancelled"
    for visitor in (here, tab, left_behind):
        assert "Stopped: Work on one" in visitor.run().info[0].value
    assert STARTS == ["one"]
    GATES["one"].set()
    tab.button(key="again page").click().run()
    ended("one")
    assert texts(here.run()) == ["answer of one"]


def test_stopping_is_for_no_other_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "browser", lambda: "mine")
    mine = visit("one")
    monkeypatch.setattr(sessions, "browser", lambda: "theirs")
    theirs = visit("one")
    mine.button(key="stop").click().run()
    GATES["one"].set()
    assert ended("one") == "done"
    assert texts(theirs.run()) == ["answer of one"]


def several() -> None:
    """Follow what ?keys names, each after ?after, in one run of a page."""
    import streamlit as st

    from gradviz.ui import polling
    from tests.ui import test_polling

    first = st.query_params.get("after")
    after = polling.Question(first, f"First {first}", test_polling.job(first)) if first else None
    with polling.on_page("page"):
        for number, key in enumerate(st.query_params["keys"].split()):
            question = polling.Question(key, f"Work on {key}", test_polling.job(key))
            job = polling.follow(question, after=after, slot=f"slot {number}", quiet="quiet" in st.query_params)
            st.text(f"answer {job.result}" if job else "none yet")


def visit_several(keys: str, **query: str) -> AppTest:
    visitor = AppTest.from_function(several, default_timeout=20)
    for name, value in {"keys": keys, **query}.items():
        visitor.query_params[name] = value
    return visitor.run()


def stops(visitor: AppTest) -> list[str]:
    return [button.label for button in visitor.button]


def test_a_page_that_waits_for_one_job_in_several_places_shows_it_once() -> None:
    visitor = visit_several("one wrong", after="two")
    for _ in range(2):
        assert len(visitor.get("progress")) == 1
        assert stops(visitor) == ["Stop"]
        visitor.run()
    visitor.button[0].click().run()
    assert ended("two") == "cancelled"
    for _ in range(2):
        assert [info.value for info in visitor.info] == ["Stopped: First two. What was finished is kept."]
        assert stops(visitor.run()) == ["Start"]
    visitor.button[0].click().run()
    assert stops(visitor) == ["Stop"]
    assert polling.queue().get("two").active


def test_one_stop_stops_all_that_a_page_waits_for() -> None:
    visitor = visit_several("one two")
    assert len(visitor.get("progress")) == 2
    assert stops(visitor) == ["Stop"]
    visitor.button[0].click().run()
    assert [ended(key) for key in ("one", "two")] == ["cancelled", "cancelled"]
    assert [info.value for info in visitor.info] == ["Stopped: Work on one. What was finished is kept."]
    assert stops(visitor) == ["Start"]
    visitor.button[0].click().run()
    assert [polling.queue().get(key).active for key in ("one", "two")] == [True, True]
    assert not visitor.info


def test_a_stop_that_comes_late_stops_what_would_come_next() -> None:
    visitor = visit_several("one two", after="large 1")
    GATES["large 1"].set()
    assert ended("large 1") == "done"
    visitor.button(key="stop").click().run()  # the page still shows the work that has come to its end
    for _ in range(2):
        assert [info.value for info in visitor.info] == ["Stopped: Work on one. What was finished is kept."]
        assert stops(visitor) == ["Start"]
        visitor.run()
    assert STARTS == ["large 1"]
    visitor.button[0].click().run()
    assert [polling.queue().get(key).active for key in ("one", "two")] == [True, True]
    assert not visitor.info


def test_a_late_stop_stops_nothing_that_is_asked_for_afterwards() -> None:
    visitor = visit_several("one", after="large 1")
    GATES["large 1"].set()
    ended("large 1")
    visitor.button(key="stop").click().run()
    assert visitor.info
    visitor.query_params["keys"] = "two"
    visitor.run()
    assert not visitor.info
    assert polling.queue().get("two").active


def test_nothing_is_asked_for_that_is_stopped_while_a_page_is_being_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    me = sessions.Session("left behind", "mine")
    monkeypatch.setattr(polling, "session", lambda: me)
    move_on = polling._move_on
    stop = threading.Thread(target=polling.stop, args=["one"])

    def interrupted(*what: object) -> None:
        move_on(*what)
        if not STARTS:
            stop.start()
            stop.join(0.5)

    monkeypatch.setattr(polling, "_move_on", interrupted)
    visitor = visit("one")
    stop.join(20)
    assert ended("one") == "cancelled"
    assert "Stopped: Work on one" in visitor.run().info[0].value
    assert len(STARTS) <= 1


def test_an_error_is_said_once() -> None:
    visitor = visit_several("wrong wrong")
    ended("wrong")
    visitor.run()
    assert [error.value for error in visitor.error] == ["That cannot be."]


def test_what_is_quiet_shows_no_progress_and_comes() -> None:
    visitor = visit_several("one", quiet="")
    assert not visitor.get("progress")
    assert stops(visitor) == []
    GATES["one"].set()
    ended("one")
    assert texts(visitor.run()) == ["answer of one"]


def former() -> None:
    """Show what ?key names, with the choices called like it."""
    import streamlit as st

    from gradviz.ui import polling
    from tests.ui import test_polling

    key = st.query_params["key"]
    shown = polling.show(polling.Question(key, f"Work on {key}", test_polling.job(key)), key.upper(), slot="figure")
    st.text(f"{shown.result} {shown.choices} {shown.former}")


def test_the_former_figure_stays_with_its_choices_until_the_new_one_is_there() -> None:
    visitor = AppTest.from_function(former, default_timeout=20)
    visitor.query_params["key"] = "one"
    assert texts(visitor.run()) == []
    GATES["one"].set()
    ended("one")
    assert texts(visitor.run()) == ["of one ONE False"]
    visitor.query_params["key"] = "two"
    visitor.run()
    assert texts(visitor) == ["of one ONE True"]
    assert "Work on two" in visitor.get("progress")[0].proto.text
    assert any("opacity" in found.body for found in visitor.get("html"))
    GATES["two"].set()
    ended("two")
    assert texts(visitor.run()) == ["of two TWO False"]
    assert not any("opacity" in found.body for found in visitor.get("html"))


def test_a_mistake_is_one_sentence_and_can_be_tried_again() -> None:
    visitor = visit("wrong")
    ended("wrong")
    visitor.run()
    assert [error.value for error in visitor.error] == ["That cannot be."]
    visitor.run()
    assert STARTS == ["wrong"]
    visitor.button(key="again page").click().run()
    ended("wrong")
    assert STARTS == ["wrong", "wrong"]


def test_what_must_come_first_is_done_first_and_once() -> None:
    visitor = visit("one", after="two")
    assert polling.queue().get("one") is None
    GATES["two"].set()
    ended("two")
    visitor.run()
    GATES["one"].set()
    ended("one")
    assert texts(visitor.run()) == ["answer of one"]
    polling.queue().forget("two")
    assert texts(visitor.run()) == ["answer of one"]
    assert STARTS == ["two", "one"]


def test_the_figure_of_a_page_that_is_left_is_computed_no_further() -> None:
    visitor = visit("one", on="first")
    visitor.query_params.update({"on": "second", "key": "two"})
    visitor.run()
    assert ended("one") == "cancelled"
    assert polling.queue().get("two").active
    visitor.query_params["key"] = "none"  # the page shows something else now
    visitor.run()
    assert ended("two") == "cancelled"


def test_a_page_that_is_left_keeps_what_others_wait_for_and_what_a_button_started() -> None:
    first, second = visit("one", on="first"), visit("one", on="first")
    errand = visit("two", on="first", errand="")
    for visitor in (first, errand):
        visitor.query_params.update({"on": "second", "key": "none"})
        visitor.run()
    assert polling.queue().get("one").active
    assert polling.queue().get("two").active
    GATES["one"].set()
    assert ended("one") == "done"
    assert not second.run().exception


def test_coming_to_a_page_that_waits_for_the_same_does_not_stop_it() -> None:
    visitor = visit("one", on="first")
    visitor.query_params["on"] = "second"
    visitor.run()
    assert polling.queue().get("one").active
    assert STARTS == ["one"]


def test_nothing_is_computed_for_visitors_who_have_left(monkeypatch: pytest.MonkeyPatch) -> None:
    visitors = [visit("one", on="page"), visit("two", on="page", errand="")]
    monkeypatch.setattr(sessions, "connected", lambda identifier: False)
    monkeypatch.setattr(sessions, "AWAY", -1.0)
    polling.monitor().look()
    assert ended("one") == "cancelled"
    assert polling.queue().get("two").active, "it may still be wanted: a button started it"
    monkeypatch.setattr(sessions, "connected", lambda identifier: True)
    visitors[0].run()
    assert STARTS.count("one") == 1
    polling.queue().get("two")
    GATES["two"].set()
    GATES["one"].set()
    ended("one")
    visitors[0].run()
    assert STARTS.count("one") == 2, "who comes back gets an answer"


def test_errands_end_with_the_session(monkeypatch: pytest.MonkeyPatch) -> None:
    visitor = visit("two", on="page", errand="")
    monkeypatch.setattr(sessions, "connected", lambda identifier: False)
    monkeypatch.setattr(sessions, "END", -1.0)
    polling.monitor().look()
    assert ended("two") == "cancelled"
    assert not visitor.exception


def test_the_hundredth_question_waits_with_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    visit("one")
    for number in range(100):
        polling.queue().submit(f"other {number}", job("two"))
    assert "place 101 of 101 in the line" in waiting(visit("two"))


def test_beyond_the_bound_a_page_says_so_and_asks_again(monkeypatch: pytest.MonkeyPatch) -> None:
    visit("one")
    for _ in range(200):
        if STARTS:
            break
        time.sleep(0.01)
    monkeypatch.setattr(polling.queue(), "_limit", 0)
    visitor = visit("two")
    assert [info.value for info in visitor.info] == [
        "0 jobs are waiting already, as many as this computer takes on. This page asks again by itself."
    ]
    monkeypatch.setattr(polling.queue(), "_limit", 1)
    assert "Work on two" in waiting(visitor.run())


def waiting(visitor: AppTest) -> str:
    return visitor.get("progress")[0].proto.text


def test_waiting_says_for_what_and_shows_nobody_the_titles_of_others() -> None:
    first = visit("one")
    for _ in range(200):
        if STARTS:
            break
        time.sleep(0.01)
    assert "waiting for the work of another visitor" in waiting(visit("two"))
    first.query_params["page"] = "another"
    first.query_params["key"] = "two"
    assert "waiting for “Work on one”" in waiting(first.run())


def test_large_answers_are_forgotten_when_they_do_not_fit_together() -> None:
    for key in ("large 1", "large 2"):
        GATES[key].set()
        visitor = visit(key)
        ended(key)
        visitor.run()
        assert texts(visitor)
    assert polling.queue().get("large 1") is None
    assert polling.queue().get("large 2").state == "done"


def test_the_size_of_an_answer_counts_what_it_holds_and_not_the_data_set() -> None:
    ids = tuple(f"{i:0500d}" for i in range(3))
    paths = tuple(map(Path, ids))
    images = ImageSet("many", Path("/"), ids, paths, classes=("a",), labels=np.ones((3, 1), np.int8))
    rows = Features(images, np.arange(3), {})
    scores = np.zeros((3, 100))
    scored = Classification("x6", ("a",), rows, scores, (), {"seed": 0})
    assert scores.nbytes <= budget.size_of(scored) < scores.nbytes + 100
    assert budget.size_of((scored, scored)) == 2 * budget.size_of(scored)
    assert budget.size_of(SimpleNamespace(nbytes=7)) == 7
    assert budget.size_of({"a": b"1234", "b": "12"}) == 6
    assert budget.size_of((None, 3)) == 0


def test_large_answers_that_do_not_know_their_size_are_forgotten_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, "BUDGET", 9)
    for key in ("one", "two"):
        GATES[key].set()
        visitor = visit(key)
        ended(key)
        assert texts(visitor.run()) == [f"answer of {key}"]
    assert polling.queue().get("one") is None
