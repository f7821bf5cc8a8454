"""Widgets made from the table of options and bound to the URL, under the names that links have had from the start."""

from collections.abc import Callable, Container, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import streamlit as st

from gradviz.spec import OPTIONS
from gradviz.ui import address, noted, refusals


def bound(
    draw: Callable[..., Any], title: str, *given: Any, key: str, usual: Any, quiet: bool = False, **more: Any
) -> Any:
    """Draw a widget bound to the URL and return its value, which stays the same until somebody changes it.

    `usual` is the widget's own value, which has no place in the URL. Streamlit forgets the value of a bound widget, or
    its place in the URL, when the page is left before the browser has got the widget; so the value is kept here too,
    and stated again where it is lost, and only there: what a run states undoes a click that comes meanwhile. Streamlit
    also drops a value that the widget does not have without a word: the page says so (refusals.py), or if `quiet`
    somebody else. A step in the browser's history makes the choices of its address.
    """
    _check(key)
    kept = st.session_state.setdefault("choices", {})
    if address.returning():
        kept.pop(key, None)
    there = st.query_params.get_all(key)
    if key in kept and not there and kept[key] != usual and st.session_state.get(key, kept[key]) == kept[key]:
        st.session_state[key] = kept[key]
    asked = [] if key in kept else there
    value = kept[key] = draw(title, *given, key=key, bind="query-params", **more)
    if asked and not quiet and not _is(asked, value, more.get("format_func", str)):
        _refuse(key, title, ", ".join(asked), value)
    refusals.tell(key, value)
    noted.choice(title, value)
    return value


def stated(key: str, title: str, known: Container[str], usual: str | None) -> str | None:
    """Return a choice that no widget makes but a click in a figure, and keep it in the address unless it is usual.

    It is what `state` has said in this visit, or the link, else what is usual now. What the link asks for in vain is
    said, as by `bound`.
    """
    _check(key)
    place = _PLACE.format(key)
    if place not in st.session_state or address.returning():
        given = st.query_params.get(key)
        state(key, given)
        if given is not None and given not in known:
            _refuse(key, title, given, usual)
    value = st.session_state[place] if st.session_state[place] in known else usual
    refusals.tell(key, value)
    if value == usual or value is None:
        st.query_params.pop(key, None)
    elif st.query_params.get(key) != value:
        st.query_params[key] = value
    noted.choice(title[:1].upper() + title[1:], value)
    return value


def state(key: str, value: str | None) -> None:
    """Make a choice that `stated` returns."""
    st.session_state[_PLACE.format(key)] = value


def said(key: str) -> str | None:
    """Return what `state` has said last, or the link, None for what is usual."""
    return st.session_state.get(_PLACE.format(key))


_PLACE = "stated {}"


def ahead(key: str) -> Any:
    """Return what a bound widget is going to say that this run draws later: its value, or the address's text, or None.

    It is for what stands above the widget.
    """
    given = st.query_params.get(key)
    if address.returning():
        return given
    return st.session_state.get(key, st.session_state.get("choices", {}).get(key, given))


def _check(key: str) -> None:
    if key not in address.NAMES:
        raise KeyError(f"{key} is not among the names of an address (gradviz/ui/address.py).")


def _refuse(key: str, title: str, asked: str, instead: Any) -> None:
    refusals.note(key, f"The link asks for {title} “{asked[:80]}”, which is not offered here.", instead)


def _is(asked: Sequence[str], value: Any, shown: Callable[[Any], str]) -> bool:
    """Check whether a widget's value is what the URL asks for; of several words a single value takes the last."""
    if isinstance(value, list):
        return list(dict.fromkeys(asked)) == [shown(one) for one in value]
    text = asked[-1]
    if isinstance(value, bool):
        return text.lower() == str(value).lower()
    with suppress(ValueError):
        return text == shown(value) or (not isinstance(value, str) and float(text) == value)
    return False


def choice(name: str, *, key: str | None = None, without: Sequence[str] = (), default: str | None = None) -> str:
    """Draw a picker of the option's named values and return the chosen one."""
    option = OPTIONS[name]
    option = replace(option, values={v: meaning for v, meaning in option.values.items() if v not in without})
    values = list(option.values)
    index = values.index(default or option.default)
    about = option.explained(mark="**")
    return bound(st.selectbox, option.title, values, index, key=key or name, usual=values[index], help=about)


def number(name: str) -> float | str:
    """Draw a slider over the numbers that are offered and, at its end, the named values, such as cv."""
    option = OPTIONS[name]
    texts = {f"{value:g}": value for value in option.offered} | {value: value for value in option.values}
    usual = next(text for text, value in texts.items() if value == option.default)
    about = option.explained(mark="**")
    return texts[bound(st.select_slider, option.title, list(texts), usual, key=name, usual=usual, help=about)]


def slider(name: str) -> float:
    """Draw a slider over the numbers that are offered and return the chosen one."""
    option = OPTIONS[name]
    more = {"format_func": lambda value: f"{value:g}", "help": option.help}
    return bound(st.select_slider, option.title, option.offered, option.default, key=name, usual=option.default, **more)


def switch(name: str) -> bool:
    """Draw a toggle and return whether it is on."""
    option = OPTIONS[name]
    return bound(st.toggle, option.title, option.default, key=name, usual=option.default, help=option.help)


def switched(name: str) -> bool:
    """Return whether a toggle is on, from this visit or from the link, before `switch` has drawn it in this run."""
    found = ahead(name)
    return OPTIONS[name].default if found is None else str(found).lower() == "true"


def integer(name: str) -> int:
    """Draw a field for a whole number and return it."""
    option = OPTIONS[name]
    least, most = option.bounds or (0, None)
    usual = int(option.default)
    more = {"key": name, "usual": usual, "help": option.help}
    return bound(st.number_input, option.title, least, most, usual, **more)


def listed(name: str, values: Sequence[str], default: str | None = None, *, quiet: bool = False) -> str:
    """Draw a picker of values that depend on the data, and return the chosen one."""
    option = OPTIONS[name]
    wanted = default or option.default
    index = values.index(wanted) if wanted in values else 0
    return bound(
        st.selectbox, option.title, values, index, key=name, usual=values[index], quiet=quiet, help=option.help
    )
