"""Widgets made from the table of options and bound to the URL, under the names that links have had from the start."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypedDict

import streamlit as st

from gradviz.spec import OPTIONS


class _Bound(TypedDict):
    key: str
    bind: Any
    help: str


def choice(name: str, *, key: str | None = None, without: Sequence[str] = (), default: str | None = None) -> str:
    """Draw a picker of the option's named values and return the chosen one."""
    option = OPTIONS[name]
    option = replace(option, values={v: meaning for v, meaning in option.values.items() if v not in without})
    values = list(option.values)
    bound = _bound(key or name, option.explained(mark="**"))
    return st.selectbox(option.title, values, values.index(default or option.default), **bound)


def number(name: str, *, key: str | None = None) -> float | str:
    """Draw a picker of the numbers that are offered and of the named values, such as cv, and return the chosen one."""
    option = OPTIONS[name]
    texts = {f"{value:g}": value for value in option.offered} | {value: value for value in option.values}
    default = list(texts.values()).index(option.default)
    return texts[st.selectbox(option.title, list(texts), default, **_bound(key or name, option.explained(mark="**")))]


def slider(name: str) -> float:
    """Draw a slider over the numbers that are offered and return the chosen one."""
    option = OPTIONS[name]
    bound = _bound(name, option.help)
    return st.select_slider(option.title, option.offered, option.default, format_func=lambda v: f"{v:g}", **bound)


def switch(name: str) -> bool:
    """Draw a toggle and return whether it is on."""
    option = OPTIONS[name]
    return st.toggle(option.title, option.default, **_bound(name, option.help))


def integer(name: str) -> int:
    """Draw a field for a whole number and return it."""
    option = OPTIONS[name]
    least, most = option.bounds or (0, None)
    return st.number_input(option.title, least, most, int(option.default), **_bound(name, option.help))


def listed(name: str, values: Sequence[str], default: str | None = None) -> str:
    """Draw a picker of values that depend on the data, and return the chosen one."""
    option = OPTIONS[name]
    wanted = default or option.default
    index = values.index(wanted) if wanted in values else 0
    return st.selectbox(option.title, values, index, **_bound(name, option.help))


def _bound(key: str, about: str) -> _Bound:
    return {"key": key, "bind": "query-params", "help": about}
