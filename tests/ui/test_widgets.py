import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradviz.datasets import ImageSet
from gradviz.networks import NETWORKS
from gradviz.spec import Spec
from gradviz.ui import visitor, widgets
from gradviz.ui.selection import Selection
from gradviz.ui.widgets import equation
from tests.small_sets import picture


def selected(**changes: object) -> Selection:
    images = ImageSet("few", Path("/"), ("a", "b"), (Path("/a"), Path("/b")), splits={"train": (0,), "test": (1,)})
    given = {
        "images": images,
        "token": "now",
        "split": "all",
        "spec": Spec(),
        "picked": NETWORKS["alexnet64"].layers[0],
    }
    return Selection(**(given | changes))


def asked(*splits: str, **changes: object) -> str:
    return widgets.features(selected(**changes), *splits).key


def test_the_forward_pass_is_asked_for_again_when_it_depends_on_what_changed() -> None:
    spec = Spec()
    choices = [{"preprocess": "squash"}, {"images": 1}, {"network": "alexnet"}]
    others = [asked(spec=replace(spec, **choice)) for choice in choices]
    others += [asked(token="later"), asked(split="train"), asked("train"), asked("train", "test")]
    assert asked() not in others
    assert len(set(others)) == len(others) - 1, "the split chosen and the same one named are one question"


def test_the_forward_pass_is_not_asked_for_again_when_something_else_changed() -> None:
    spec = Spec()
    for choice in ({"temperature": 8.0}, {"pseudo_label": "predicted"}, {"normalise": "none"}, {"seed": 3}):
        assert asked(spec=replace(spec, **choice)) == asked(spec=spec)


def test_a_visitors_photographs_are_never_in_the_cache_that_others_share(tmp_path: Path) -> None:
    path = picture(tmp_path / "a.jpg", 1)
    shared = ImageSet("few", tmp_path, ("a.jpg",), (path,))
    own = replace(shared, name=visitor.NAME)

    def thumbnail(images: ImageSet, name: str) -> bytes:
        return widgets.thumbnails(images, [name], {})[name]

    for look in (widgets.photo, thumbnail):
        picture(path, 1)
        before = [look(images, "a.jpg") for images in (shared, own)]
        picture(path, 5)
        assert look(shared, "a.jpg") == before[0], "what others share comes from the cache"
        assert look(own, "a.jpg") != before[1]


def test_there_are_no_thumbnails_without_pictures() -> None:
    features = ImageSet("features", Path("/"), ("a",), (), features={"x6": np.zeros((1, 2), np.float32)})
    assert widgets.thumbnails(features, ["a"], {}) == {}


@pytest.mark.parametrize(
    ("forward", "backward", "text"),
    [
        (0.62, 0.31, "K_fw 0.620 × K_bw 0.310 = 0.192"),
        (1.0, 1.0, "K_fw 1.000 × K_bw 1.000 = 1.000"),
        (0.5, -0.5, "K_fw 0.500 × K_bw -0.500 = -0.250"),
        (0.4, 0.0, "K_fw 0.400 × K_bw 0.000 = 0.000"),
    ],
)
def test_the_equation_has_three_decimals_each_where_they_do(forward: float, backward: float, text: str) -> None:
    assert equation(forward, backward, forward * backward) == text


@given(st.floats(0, 1), st.floats(-1, 1))
def test_what_is_printed_is_near_what_is_meant_and_multiplies(forward: float, backward: float) -> None:
    a, b, sign, product = re.fullmatch(
        r"K_fw (\S+) × K_bw (\S+) ([=≈]) (\S+)", equation(forward, backward, forward * backward)
    ).groups()
    decimals = len(product.partition(".")[2])
    assert {len(text.partition(".")[2]) for text in (a, b)} == {decimals}, "the numbers agree in digits"
    assert float(a) == pytest.approx(forward, abs=0.0051)
    assert float(b) == pytest.approx(backward, abs=0.0051)
    assert float(product) == pytest.approx(forward * backward, abs=0.51 * 10**-decimals)
    if sign == "=":
        assert round(float(a) * float(b), decimals) == pytest.approx(float(product), abs=1e-12)


@given(st.text(max_size=300), st.sampled_from([".csv", ".json", ".npz"]))
def test_names_of_files_can_be_saved_everywhere(text, suffix):
    name = widgets.file_name(text + suffix)
    assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]*", name)
    assert name.endswith(suffix)
    assert len(name) <= widgets.LONGEST
    assert widgets.file_name(name) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("svm_voc2007.csv", "svm_voc2007.csv"),
        ("kernel_a/val_AlexNet, 64 px_x5:x5:dy6.npz", "kernel_a_val_AlexNet_64_px_x5_x5_dy6.npz"),
        ("map_Käse & Brot_dW7.csv", "map_Kase_Brot_dW7.csv"),
        ("map_Кот_x6+x7.csv", "map___x6_x7.csv"),
        ("../../etc/passwd", "_.._.._etc_passwd"),
        ("C:\\temp\\x.npz", "C_temp_x.npz"),
        (".hidden.json", "_.hidden.json"),
        ("", "_"),
        ("con.csv", "con_.csv"),
        ("LPT1.tar.gz", "LPT1_.tar.gz"),
        ("nul", "nul_"),
        ("contour.csv", "contour.csv"),
    ],
)
def test_names_of_files_stay_readable(text, name):
    assert widgets.file_name(text) == name
