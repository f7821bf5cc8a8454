"""Widgets made from the table of options and bound to the URL, under the names that links have had from the start."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import streamlit as st

from gradviz.spec import OPTIONS


def bound(draw: Callable[..., Any], *given: Any, key: str, **more: Any) -> Any:
    """Draw a widget bound to the URL and return its value, which stays the same until somebody changes it.

    Streamlit forgets the value of a bound widget, or its place in the URL, when the page is left before the browser
    has got the widget; so the value is kept here too, and stated again in every run.
    """
    kept = st.session_state.setdefault("choices", {})
    if key in kept and st.session_state.get(key, kept[key]) == kept[key]:
        st.session_state[key] = kept[key]
    kept[key] = draw(*given, key=key, bind="query-params", **more)
    return kept[key]


def choice(name: str, *, key: str | None = None, without: Sequence[str] = (), default: str | None = None) -> str:
    """Draw a picker of the option's named values and return the chosen one."""
    option = OPTIONS[name]
    option = replace(option, values={v: meaning for v, meaning in option.values.items() if v not in without})
    values = list(option.values)
    index = values.index(default or option.default)
    return bound(st.selectbox, option.title, values, index, key=key or name, help=option.explained(mark="**"))


def number(name: str, *, key: str | None = None) -> float | str:
    """Draw a picker of the numbers that are offered and of the named values, such as cv, and return the chosen one."""
    option = OPTIONS[name]
    texts = {f"{value:g}": value for value in option.offered} | {value: value for value in option.values}
    default = list(texts.values()).index(option.default)
    about = option.explained(mark="**")
    return texts[bound(st.selectbox, option.title, list(texts), default, key=key or name, help=about)]


def slider(name: str) -> float:
    """Draw a slider over the numbers that are offered and return the chosen one."""
    option = OPTIONS[name]
    more = {"format_func": lambda value: f"{value:g}", "help": option.help}
    return bound(st.select_slider, option.title, option.offered, option.default, key=name, **more)


def switch(name: str) -> bool:
    """Draw a toggle and return whether it is on."""
    option = OPTIONS[name]
    return bound(st.toggle, option.title, option.default, key=name, help=option.help)


def integer(name: str) -> int:
    """Draw a field for a whole number and return it."""
    option = OPTIONS[name]
    least, most = option.bounds or (0, None)
    return bound(st.number_input, option.title, least, most, int(option.default), key=name, help=option.help)


def listed(name: str, values: Sequence[str], default: str | None = None) -> str:
    """Draw a picker of values that depend on the data, and return the chosen one."""
    option = OPTIONS[name]
    wanted = default or option.default
    index = values.index(wanted) if wanted in values else 0
    return bound(st.selectbox, option.title, values, index, key=name, help=option.help)
