"""A report is one file: names in it are text, it asks for nothing elsewhere, and its script may run."""

import hashlib
import json
import re
import shlex
from base64 import b64decode, b64encode
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from gradviz import __version__
from gradviz.datasets import Finding, ImageSet
from gradviz.networks import NETWORKS
from gradviz.spec import Spec
from gradviz.ui import components
from gradviz.ui.noted import Noted, in_words
from gradviz.ui.report import Asked, Section, complete
from gradviz.ui.report_page import page
from gradviz.ui.selection import Selection
from tests.payloads import PAYLOADS

OTHERS = {"script", "style"}


class Seen(HTMLParser):
    """The tags and the text of a file."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self._open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._open.append(tag)

    def handle_endtag(self, tag):
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data):
        self.texts.setdefault(self._open[-1] if self._open else "", []).append(data)


@pytest.fixture
def images(tmp_path: Path) -> ImageSet:
    ids = tuple(f"{number} {name}" for number, name in enumerate(PAYLOADS))
    for number in range(len(ids)):
        (tmp_path / str(number)).write_bytes(b"picture")
    return ImageSet(
        name=PAYLOADS[2],
        ids=ids,
        root=tmp_path,
        paths=tuple(tmp_path / str(number) for number in range(len(ids))),
        classes=PAYLOADS,
        labels=np.where(np.eye(len(ids), dtype=bool), 1, -1).astype(np.int8),
        findings=(Finding(PAYLOADS[3], PAYLOADS[14], "guessed"),),
    )


def section(images: ImageSet, title: str = "Kernels", place: str | None = "voc") -> Section:
    selection = Selection(images, "token", "all", Spec(), NETWORKS["alexnet64"].layers[1], None, place)
    noted = Noted(
        figures={"key </script>": ("gallery", components.pack({"ids": list(images.ids)}, b"\xff\xd8</script>"))}
    )
    noted.choices["Class"] = PAYLOADS[4]
    noted.notes.append(PAYLOADS[5])
    found = Section(title, PAYLOADS[17], selection, noted, (f"In focus: {PAYLOADS[14]}",))
    complete(found, [Asked(PAYLOADS[3], "neighbours", selection, {"representation": "x6", "image": images.ids[2]})])
    return found


@pytest.fixture(autouse=True)
def no_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    class Lab:
        def about(self) -> dict:
            return {"weights_digest": "w" * 64, "dataset": PAYLOADS[2]}

    import gradviz.ui.components.gallery  # noqa: F401 - registers its script

    monkeypatch.setattr(Selection, "experiment", lambda self: Lab())


def test_names_are_text(images: ImageSet) -> None:
    seen = Seen(page([section(images)]))
    known = {"html", "head", "meta", "title", "style", "body", "main", "section", "header", "h1", "h2", "p", "div"}
    known |= {"ul", "li", "pre", "button", "dl", "dt", "dd", "details", "summary", "script"}
    assert {tag for tag, _ in seen.tags} <= known
    assert [tag for tag, _ in seen.tags].count("script") == 2
    text = "".join(part for tag, parts in seen.texts.items() if tag not in OTHERS for part in parts)
    for payload in (PAYLOADS[2], PAYLOADS[3], PAYLOADS[4], PAYLOADS[5], PAYLOADS[14], PAYLOADS[17]):
        assert payload in text
    assert not [name for _, attributes in seen.tags for name in attributes if name.startswith("on")]


def test_nothing_is_loaded_and_only_its_own_script_may_run(images: ImageSet) -> None:
    file = page([section(images)])
    seen = Seen(file)
    assert not [name for _, attributes in seen.tags for name in attributes if name in ("src", "href", "srcset")]
    (policy,) = [a["content"] for tag, a in seen.tags if tag == "meta" and "http-equiv" in a]
    script = re.findall(r"<script>(.*?)</script>", file, re.DOTALL)
    digest = b64encode(hashlib.sha256(script[-1].encode()).digest()).decode()
    assert len(script) == 1
    assert policy.startswith("default-src 'none'")
    assert f"script-src 'sha256-{digest}';" in policy


def test_a_figure_has_the_very_bytes_and_the_very_script(images: ImageSet) -> None:
    one = section(images)
    file = page([one])
    data = json.loads(re.findall(r'<script type="application/json" id="gv-report">(.*?)</script>', file, re.DOTALL)[0])
    ((figure,),) = data["pages"]
    assert figure["key"] == "key </script>"
    assert (figure["component"], b64decode(figure["data"])) == one.noted.figures["key </script>"]
    body = components.SCRIPTS["gallery"].replace("export default function", "return function")
    assert body in file
    assert body.count("return function (component)") == 1


def test_every_script_exports_one_function_at_its_end() -> None:
    """As a report makes a function of the module, nothing may stand behind the export but functions."""
    for path in Path(components.__file__).parent.glob("*.py"):
        if path.stem not in ("__init__", "first_link", "too_large"):
            __import__(f"gradviz.ui.components.{path.stem}")
    assert len(components.SCRIPTS) > 15
    for name, script in components.SCRIPTS.items():
        before, _, after = script.partition("export default function")
        assert after.startswith(" (component)"), name
        assert "export" not in before.replace("exported", ""), name
        assert not re.search(r"^(const|let|class|export|import)\b", after, re.MULTILINE), name
        assert "</script" not in script, name
        assert "<!--" not in script, name


def test_what_a_section_says(images: ImageSet) -> None:
    texts = Seen(page([section(images)])).texts
    facts = dict(zip(texts["dt"], texts["dd"], strict=True))
    assert (facts["Digest of the data set"], facts["Digest of the weights"]) == (images.digest, "w" * 64)
    assert (facts["Network"], facts["Layer"], facts["Seed"], facts["Temperature τ"]) == ("AlexNet-64", "fc7", "0", "1")
    assert (facts["Class"], facts["Shown"]) == (PAYLOADS[4], "20 images, all images")
    assert facts["Findings"] == f"guessed {PAYLOADS[3]}: {PAYLOADS[14]}"
    assert f"gradviz {__version__}, python" in facts["Versions"]
    command, whole = texts["pre"]
    assert shlex.split(command)[-1] == images.ids[2]
    assert json.loads(whole)["findings"][0]["reason"] == PAYLOADS[14]


def test_photographs_that_cannot_be_named_have_a_sentence_instead_of_a_command(images: ImageSet) -> None:
    one = section(images, place=None)
    assert one.commands == ()
    assert one.unnamed in page([one])
    assert "gradviz neighbours" not in page([one])


def test_several_pages_stand_behind_tabs(images: ImageSet) -> None:
    pages = [section(images, title) for title in ("Network", "Data")]
    pages[1].noted.figures.clear()
    pages[1].noted.why = PAYLOADS[0]
    seen = Seen(page(pages))
    assert [a["href"] for tag, a in seen.tags if tag == "a"] == ["#network", "#data"]
    names = [a["id"] for _, a in seen.tags if "id" in a]
    assert len(set(names)) == len(names)
    assert PAYLOADS[0] in seen.texts["p"]


def test_what_is_drawn_on_a_page_is_noted_and_what_stands_beside_it_is_not() -> None:
    def script() -> None:
        from gradviz.ui import noted
        from gradviz.ui.components.gallery import grid

        noted.aside()
        grid([("beside", b"", "")], key="beside")
        noted.page(whole=True)
        for picture in (b"old", b"new"):
            noted.figure("gallery", "twice", picture)
        grid([("here", b"", "")], key="here")
        with noted.apart():
            grid([("apart", b"", "")], key="apart")
        noted.note("line")
        noted.note("line")
        noted.choice("C", 10.0)
        noted.choice("Nothing", None)

    app = AppTest.from_function(script).run()
    assert not app.exception
    found = app.session_state["noted"]
    assert list(found.figures) == ["twice", "here"]
    assert found.figures["twice"] == ("gallery", b"new")
    assert (found.notes, found.choices) == (["line"], {"C": "10"})


def test_values_in_words() -> None:
    assert [in_words(value) for value in (True, False, 8.0, ["x6", "dW7"], None, "class")] == [
        *("on", "off", "8", "x6, dW7", "", "class")
    ]
