"""Write a report as one HTML file: the scripts of the pages' figures and what they were given, without a server.

Names of classes and files are text: they are escaped, and inside the script's data no tag can begin.
"""

import hashlib
import json
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradviz.errors import GradvizError
from gradviz.spec import OPTIONS
from gradviz.ui import components
from gradviz.ui.drawing import ROLES
from gradviz.ui.noted import in_words
from gradviz.versions import versions
from gradviz.words import counted

# Streamlit comes with them only where a page is drawn.
if TYPE_CHECKING:
    from gradviz.ui.report import Section
    from gradviz.ui.selection import Selection

_FOLDER = Path(__file__).parent
_SCRIPT, _STYLE = ((_FOLDER / f"report.{kind}").read_text(encoding="utf-8") for kind in ("js", "css"))
_FIGURES = (_FOLDER / "report_figures.css").read_text(encoding="utf-8")
_EXPORT = "export default function"
_MOST_FINDINGS = 50


def page(sections: "Sequence[Section]") -> str:
    """Return the file of one page or of several."""
    used = sorted({component for one in sections for component, _ in one.noted.figures.values()})
    script = f"const COMPONENTS = {{\n{''.join(map(_factory, used))}}};\n{_SCRIPT}"
    digest = b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; img-src data: blob:"
    names = ", ".join(dict.fromkeys(one.selection.images.name for one in sections if one.selection))
    title = escape(f"gradviz: {sections[0].title if len(sections) == 1 else 'report'}, {names}")
    data = {"css": components.CSS + _FIGURES, "pages": [_figures(one) for one in sections]}
    tabs = "".join(f'<a href="#{_anchor(one)}">{escape(one.title)}</a>' for one in sections)
    made = _Made()
    date = datetime.now().astimezone().isoformat(sep=" ", timespec="minutes")
    return "".join(
        (
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n',
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n',
            f"<title>{title}</title>\n<style>\n{_colours()}{_STYLE}</style>\n</head>\n<body>\n",
            '<main data-testid="stMain">\n',
            f"<nav>{tabs}</nav>\n" if len(sections) > 1 else "",
            *(_section(one, made, date) for one in sections),
            f'</main>\n<script type="application/json" id="gv-report">{_json(data)}</script>\n',
            f"<script>{script}</script>\n</body>\n</html>\n",
        )
    )


def _factory(name: str) -> str:
    """Return a component's module as a function that returns what the module exports: a file has no modules."""
    source = components.SCRIPTS[name]
    return f"{json.dumps(name)}() {{\n{source.replace(_EXPORT, 'return function', 1)}\n}},\n"


def _figures(one: "Section") -> list[dict[str, str]]:
    return [
        {"key": key, "component": component, "data": b64encode(data).decode()}
        for key, (component, data) in one.noted.figures.items()
    ]


def _json(value: Any) -> str:
    """Return JSON in which no tag or comment can begin."""
    return json.dumps(value, separators=(",", ":")).replace("<", "\\u003c")


def _anchor(one: "Section") -> str:
    return one.title.lower()


def _colours() -> str:
    """Return the pages' colours, under the names that figures read, for both themes."""
    streamlit = {
        "background": "background-color",
        "soft": "secondary-background-color",
        "text": "text-color",
        "line": "border-color",
        "accent": "primary-color",
    }

    def of(dark: int) -> str:
        roles = "".join(f"--gv-{role}: {pair[dark]}; " for role, pair in ROLES.items())
        return roles + "".join(f"--st-{name}: {ROLES[role][dark]}; " for role, name in streamlit.items())

    return f":root {{ {of(0)}}}\n@media (prefers-color-scheme: dark) {{ :root {{ {of(1)}}} }}\n"


def _section(one: "Section", made: "_Made", date: str) -> str:
    figures = f'<p class="why">{escape(one.why)}</p>' if one.why else ""
    notes = "".join(f"<li>{escape(line)}</li>" for line in (*one.selected, *one.noted.notes))
    return "".join(
        (
            f'<section id="{_anchor(one)}">\n<header><h1>{escape(one.title)}</h1><p>{escape(one.about)}</p></header>\n',
            f'{figures}<div class="figures" data-testid="stMainBlockContainer"></div>\n',
            "<p class='still'>Figures move under the pointer. Choices are those below: a report has no server.</p>\n",
            f"<ul>{notes}</ul>\n" if notes else "",
            _commands(one),
            made.of(one.selection, one.noted.choices, date) if one.selection else "",
            "</section>\n",
        )
    )


def _commands(one: "Section") -> str:
    if not (one.commands or one.unnamed):
        return ""
    lines = "".join(
        f'<p>{escape(gives)}</p>\n<div class="command"><pre>{escape(line)}</pre>'
        '<button type="button">Copy</button></div>\n'
        for gives, line in one.commands
    )
    unnamed = f"<p>{escape(one.unnamed)}</p>\n" if one.unnamed else ""
    return f"<h2>The same numbers from the command line</h2>\n{lines}{unnamed}"


class _Made:
    """What sections were made from; what several have in common is found once."""

    def __init__(self) -> None:
        self._known: dict[str, dict[str, Any]] = {}

    def of(self, selection: "Selection", choices: Mapping[str, str], date: str) -> str:
        """Return a table of what a section was made from, and all of it as JSON."""
        images, layer = selection.images, selection.picked
        about = self._about(selection)
        split = "all images" if selection.split == "all" else f"split {selection.split}"
        facts = {
            "Data set": f"{images.name}, {images.format or 'photographs'}, "
            f"{counted(len(images), 'image')}, {counted(len(images.classes), 'class', 'classes')}",
            "Digest of the data set": images.digest,
            "Shown": f"{counted(selection.chosen, 'image')}, {split}",
            "Network": "" if images.features else selection.network.title,
            "Digest of the weights": about.get("weights_digest") or "",
            "Layer": layer.name if layer else "",
            **{_title(name): in_words(value) for name, value in _choices(selection)},
            **choices,
            "Findings": _lines(f"{one.kind} {one.name}: {one.reason}" for one in images.findings),
            "Versions": ", ".join(f"{name} {number}" for name, number in versions().items() if number),
            "Written": date,
        }
        rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in facts.items() if text)
        whole = {**about, "split": selection.split, "choices": dict(choices), "written": date}
        whole |= {"findings": [asdict(one) for one in images.findings], "versions": versions()}
        text = escape(json.dumps(whole, indent=1, ensure_ascii=False, default=str))
        return f"<h2>Made from</h2>\n<dl>{rows}</dl>\n<details><summary>As JSON</summary><pre>{text}</pre></details>\n"

    def _about(self, selection: "Selection") -> dict[str, Any]:
        key = selection.whole.key("report")
        if key not in self._known:
            try:
                self._known[key] = selection.experiment().about()
            except GradvizError as error:  # such as weights that have gone since
                self._known[key] = {**selection.spec.public(), "weights": str(error)}
        return self._known[key]


def _choices(selection: "Selection") -> Iterable[tuple[str, Any]]:
    spec = selection.spec.public()
    of_network = ("weights", "preprocess", "pseudo_label", "temperature", "tf32")
    for name, value in spec.items():
        if name not in ("network", "images") and not (selection.images.features and name in of_network):
            yield name, value


def _title(name: str) -> str:
    return OPTIONS[name].title or name.upper()


def _lines(lines: Iterable[str]) -> str:
    found = list(lines)
    more = len(found) - _MOST_FINDINGS
    return "\n".join([*found[:_MOST_FINDINGS], *([f"and {more:,} more, in the JSON below"] if more > 0 else [])])
