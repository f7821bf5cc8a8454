"""Hold that Python and the browser draw with the same colours."""

import json
import re
import subprocess

from gradviz.ui.drawing import CLASS_COLOURS, CLASS_COLOURS_DARK, ROLES
from tests.conftest import ROOT
from tests.ui.test_js import NODE

SCRIPT = ROOT / "gradviz" / "ui" / "components" / "colour.js"


def contrast(a: str, b: str) -> float:
    def luminance(colour: str) -> float:
        linear = [
            v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4
            for v in (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
        ]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


def test_the_browsers_tables_are_the_same() -> None:
    source = SCRIPT.read_text(encoding="utf-8") + "\nconsole.log(JSON.stringify([ROLES, CLASSES]))"
    said = subprocess.run([NODE, "-e", source], check=True, capture_output=True, text=True).stdout
    roles, classes = json.loads(said)
    assert {role: tuple(pair) for role, pair in roles.items()} == ROLES
    assert [tuple(row) for row in classes] == [CLASS_COLOURS, CLASS_COLOURS_DARK]


def test_the_theme_is_made_of_the_roles() -> None:
    config = (ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8")
    for theme, index in (("light", 0), ("dark", 1)):
        section = config.partition(f"[theme.{theme}]")[2].partition("\n[")[0]
        given = dict(re.findall(r'(\w+) = "(#\w+)"', section))
        wanted = {"primaryColor": "accent", "backgroundColor": "background", "textColor": "text", "borderColor": "line"}
        wanted |= {"secondaryBackgroundColor": "soft"}
        assert {name: ROLES[role][index] for name, role in wanted.items()} == given


def test_words_in_a_roles_colour_can_be_read() -> None:
    for theme in (0, 1):
        for role in ("text", "muted", "forward", "backward", "product", "accent", "right", "wrong"):
            for ground in ("background", "sidebar", "soft"):
                assert contrast(ROLES[role][theme], ROLES[ground][theme]) >= 4.5, (role, ground, theme)
