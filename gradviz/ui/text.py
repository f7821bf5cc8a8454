"""Show what comes from data as text: names and messages of others never become markup, links or symbols."""

import re

_CODE = re.compile(r"(`[^`\n]+`)")
# What Markdown, in Streamlit's dialect, takes for more than a character: only that is changed.
_MARKUP = re.compile(r"[\\*\[\]<$~|]|(?<!\w)_|_(?!\w)|`|&(?=#?\w+;)")
_AT_START = re.compile(r"^(\s*\d*)([#>+\-=.)])")
# Links and symbols (https://..., www., name@host, :material/home:) are looked for when escapes are gone already: an
# invisible character in between leaves them text.
_LINK = re.compile(r"(:)(?=[\w/])|(?i:\b(www))(?=\.)|(@)(?=\w)")
_BREAK = "\N{WORD JOINER}"


def plain(text: str) -> str:
    """Return Markdown that shows this text as it is; what stands between `backticks` is shown as code.

    Ordinary sentences stay the same.
    """
    parts = _CODE.split(" ".join(text.split("\n")))
    return "".join(part if number % 2 else _escaped(part, number == 0) for number, part in enumerate(parts))


def _escaped(text: str, first: bool) -> str:
    escaped = _LINK.sub(lambda found: f"{found[0]}{_BREAK}", _MARKUP.sub(r"\\\g<0>", text))
    return _AT_START.sub(r"\1\\\2", escaped) if first else escaped
