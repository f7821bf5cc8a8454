"""The address: unknown names, numbers however they are written, and steps back."""

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from gradviz.spec import OPTIONS
from gradviz.ui import address, options


def page() -> None:
    import streamlit as st

    from gradviz.ui import address, options, refusals

    box = refusals.place()
    if address.read():
        st.rerun()
    st.text(f"{options.slider('temperature')} {options.integer('seed')} {options.number('C')}")
    refusals.draw(box)


def visit(**query: str | list[str]) -> AppTest:
    app = AppTest.from_function(page)
    app.query_params.update(query)
    return app.run()


@pytest.mark.parametrize("eight", ["8", "8.0", "8.00", "+8", " 8", "08", "8.", "8e0", "0.8E1"])
def test_a_number_is_read_as_a_number(eight: str) -> None:
    app = visit(temperature=eight, seed=eight, C="10.0")
    assert app.text[0].value == "8.0 8 10.0"
    assert not app.info
    assert {name: app.query_params[name] for name in ("temperature", "seed", "C")} == {
        "temperature": "8",
        "seed": "8",
        "C": "10",
    }


@pytest.mark.parametrize("text", ["eight", "", "8,0", "8_0", "٨", "0x8", "nan", "inf", "1e999", "8" * 50, "8 8"])
def test_what_is_no_number_is_refused_as_it_was_written(text: str) -> None:
    assert address.as_offered("temperature", text) == text
    app = visit(temperature=text)
    assert app.text[0].value == "1.0 0 1.0"
    assert f"Temperature τ “{text}”" in app.info[0].value


@pytest.mark.parametrize("name", sorted(address.NUMBERS & set(OPTIONS)))
def test_every_number_that_is_offered_is_written_as_its_widget_writes_it(name: str) -> None:
    for number in OPTIONS[name].offered:
        for text in (f"{number:g}", str(float(number)), f"+{number!r}", f" 0{number:f}"):
            if float(text) == number:
                assert address.as_offered(name, text) == f"{number:g}"
    for word in ("all", "cv"):
        assert address.as_offered(name, word) == word
    assert address.as_offered(name, "0300") == "300"
    assert address.as_offered(name, "-1") == "-1"
    assert address.as_offered(name, "4294967295.0") == "4294967295"


def test_unknown_names_are_told_in_one_sentence_and_leave_the_address() -> None:
    app = visit(tempature="8", Seed="1", seed="2", embed="true", embed_options="show_padding", order="id")
    for _ in range(2):
        assert [info.value for info in app.info] == [
            "The link names “tempature” and “Seed”, which gradviz does not know."
        ]
        assert set(app.query_params) == {"seed", "embed", "embed_options", "order"}
        app.run()
    app.button(key="refused closed").click().run()
    assert not app.info
    assert not app.run().info


def test_of_many_unknown_names_a_few_are_named() -> None:
    app = visit(**{f"n{i}": "" for i in range(8)}, **{"x" * 500: ""})
    assert app.info[0].value == ("The link names “n0”, “n1”, “n2”, “n3”, “n4” and 4 more, which gradviz does not know.")


def test_a_choice_under_an_unknown_name_cannot_be_drawn() -> None:
    with pytest.raises(KeyError, match="other is not among the names of an address"):
        options.bound(st.toggle, "Other", key="other", usual=False)
    with pytest.raises(KeyError, match="other is not among the names of an address"):
        options.stated("other", "the other", ("a",), None)


def test_a_step_back_takes_what_its_address_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """What no widget says; the browser's tests have the widgets (tests/browser/test_steps.py)."""

    def clicked() -> None:
        import streamlit as st

        from gradviz.ui import address, chosen, options
        from gradviz.ui.selection import pair

        st.session_state.setdefault("chosen", chosen.Chosen(ids=("a", "b")))
        address.step()
        st.text(f"{options.stated('part', 'a part', ('near', 'far'), None)} {pair()} {chosen.current()}")

    app = AppTest.from_function(clicked)
    app.query_params.update({"part": "near", "pair": ["a", "b"], "focus": "a"})
    app.run()
    app.session_state["stated part"] = "far"
    app.session_state["pair"] = ("c", "d")
    assert app.run().text[0].value.startswith("far ('c', 'd')")
    monkeypatch.setattr(address, "returning", lambda: True)
    app.query_params.update({"part": "near", "pair": ["a", "b"], "focus": "b"})
    assert app.run().text[0].value == "near ('a', 'b') Chosen(ids=('a', 'b'), focus='b', marked=None)"
    for name in ("part", "pair", "focus"):
        del app.query_params[name]
    assert app.run().text[0].value == "None ('a', 'b') Chosen(ids=('a', 'b'), focus='b', marked=None)"
