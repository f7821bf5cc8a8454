from pathlib import Path

import numpy as np
import pytest

from gradviz.datasets import find
from gradviz.datasets.description import as_lines, description, in_short, lost
from gradviz.datasets.formats import FORMATS
from gradviz.datasets.image_set import Finding
from gradviz.datasets.reading import Format, Listing, Row
from tests.datasets.examples import EXAMPLES, NEVER_SPLIT, SPLITS


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_every_format_is_described_alike(form: Format, tmp_path: Path):
    about = description(find(EXAMPLES[form.name](tmp_path, SPLITS)))
    assert list(about) == ["name", "format", "images", "classes", "splits", "findings", "ap"]
    assert (about["format"], about["images"], about["ap"]) == (form.name, 12, "area")
    assert about["classes"] == {
        "cat": {"positive": 8, "difficult": 0, "negative": 4, "unknown": 0},
        "dog": {"positive": 4, "difficult": 0, "negative": 8, "unknown": 0},
    }
    assert about["splits"] == ({"train": 6, "val": 6} if form.name in NEVER_SPLIT else {"train": 8, "test": 4})
    assert all(list(finding) == ["kind", "name", "reason", "count"] for finding in about["findings"])
    assert ("guessed" in {finding["kind"] for finding in about["findings"]}) == (form.name in NEVER_SPLIT)


def test_difficult_and_unknown_are_counted_apart():
    rows = [Row("a", Path("a"), {"cat": 1, "dog": 0}), Row("b", Path("b"), {"cat": None}), Row("c", Path("c"))]
    images = Listing(Path(), rows, splits=()).image_set(name="set")
    assert images.labels.tolist() == [[1, 0], [0, -1], [0, 0]]
    assert description(images)["classes"] == {
        "cat": {"positive": 1, "difficult": 0, "negative": 0, "unknown": 2},
        "dog": {"positive": 0, "difficult": 1, "negative": 1, "unknown": 1},
    }


def test_without_labels_there_are_no_classes():
    about = description(Listing(Path(), [Row("a", Path("a"))]).image_set(name="set"))
    assert (about["classes"], about["splits"], about["findings"]) == ({}, {}, [])


def test_findings_as_lines_and_in_short():
    findings = [
        Finding("a.jpg", "empty"),
        Finding("*.xml", "odd", "not read", 1200),
        Finding("val", "drawn", "guessed"),
    ]
    lines = ["left out a.jpg: empty", "not read *.xml: odd (1,200 times)", "guessed val: drawn"]
    assert as_lines(findings) == lines
    many = as_lines(findings * 10)
    assert len(many) == 11
    assert many[-1] == "and 20 more findings, which `gradviz datasets PLACE` lists"
    assert in_short(findings) == "1 left out, 1,200 not read, 1 guessed"
    assert in_short([]) == ""
    assert lost(findings) == 1201


def test_what_is_unknown_is_no_part_of_the_digest_but_fits_the_labels():
    rows = [Row("a", None, {"cat": None}), Row("b", None, {"cat": 1})]
    known = [Row("a", None, {"cat": 0}), Row("b", None, {"cat": 1})]
    features = {"x6": np.ones((2, 3), np.float32)}
    one, other = (Listing(Path(), r, splits=(), features=features).image_set(name="set") for r in (rows, known))
    assert one == other
    assert one.unknown.tolist() == [[True], [False]]
    assert other.unknown is None
