"""Choices bound to the address: kept, stated again only where they are lost, and refused in words."""

import pytest
from streamlit.testing.v1 import AppTest

from gradviz.ui import address


@pytest.fixture(autouse=True)
def names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(address, "NAMES", address.NAMES | {"letter", "number"})


def page() -> None:
    import streamlit as st

    from gradviz.ui import options, refusals

    box = refusals.place()
    options.bound(st.selectbox, "Letter", ["a", "b", "c"], key="letter", usual="a")
    with st.popover("Out of sight"):
        options.bound(st.number_input, "Number", 2, 5, 3, key="number", usual=3)
    for _ in range(2):
        options.stated("show", "the photographs", ("all", "some"), "all")
    refusals.draw(box)


def visit(**query: str) -> AppTest:
    app = AppTest.from_function(page)
    for name, value in query.items():
        app.query_params[name] = value
    return app.run()


def test_a_choice_is_not_stated_while_the_address_has_it() -> None:
    """What a run states replaces what was clicked since the run began."""
    app = visit(letter="b")  # in which Streamlit takes it from the address
    for _ in range(3):
        app.run()
        assert app.selectbox[0].value == "b"
        assert not app.selectbox[0].proto.set_value


def test_the_usual_choice_is_never_stated() -> None:
    app = visit()
    for _ in range(3):
        assert app.selectbox[0].value == "a"
        assert not app.selectbox[0].proto.set_value
        app.run()


def test_a_choice_that_the_address_has_lost_is_stated_again() -> None:
    app = visit(letter="b")
    del app.query_params["letter"]
    app.run()
    assert app.selectbox[0].value == "b"
    assert app.selectbox[0].proto.set_value


def test_a_choice_that_is_not_offered_is_refused_in_words_until_another_is_made() -> None:
    app = visit(letter="z")
    assert [info.value for info in app.info] == ["The link asks for Letter “z”, which is not offered here."]
    assert app.selectbox[0].value == "a"
    assert not app.selectbox[0].set_value("c").run().info


def test_what_is_refused_stands_in_one_box_once_each_until_it_is_closed() -> None:
    """Also what belongs to a closed menu, and what is asked for twice in a run."""
    app = visit(letter="z", number="9", show="banana")
    for _ in range(2):
        (info,) = app.info
        assert info.value.split("  \n") == [
            "The link asks for Letter “z”, which is not offered here.",
            "The link asks for Number “9”, which is not offered here.",
            "The link asks for the photographs “banana”, which is not offered here.",
        ]
        app.run()
    app.selectbox[0].set_value("c").run()
    assert len(app.info[0].value.split("  \n")) == 2
    app.button(key="refused closed").click().run()
    assert not app.info
    assert not app.run().info
