"""The tour: each step opens its page with its choices, asks before it tells, and leaves everything as it was."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from gradviz.export import features_npz
from gradviz.ui import chosen, explained
from gradviz.ui.tour import _USUAL
from gradviz.ui.tour_steps import KERNELS, NETWORK, STEPS
from tests.pages.apps import at, lab, page_table, said, settled

TITLES = dict(page_table())
MAP = "pages/explore/map.py"


def press(app: AppTest, what: str) -> AppTest:
    app.button(key=f"tour {what}").click()
    return settled(app)


def opened(app: AppTest, page: str) -> AppTest:
    """Open a page, and follow from there where the dashboard leads, as a browser does: AppTest would stay."""
    at(app, page)
    app._page_hash = ""
    return app


def offered(app: AppTest) -> set[str]:
    """Return what the bar offers and can be pressed."""
    return {str(b.key).removeprefix("tour ") for b in app.button if str(b.key).startswith("tour ") and not b.disabled}


def title(app: AppTest) -> str:
    (only,) = app.title
    return only.value


def asked(app: AppTest, number: int) -> bool:
    return app.query_params["tour"] == str(number) and f"{number}/10" in said(app)


def test_the_tour_is_off_until_somebody_asks_for_it(app: AppTest) -> None:
    settled(app)
    assert offered(app) == {"start"}
    assert "1/10" not in said(app)
    assert "tour" not in app.query_params
    press(app, "start")
    assert asked(app, 1)
    assert offered(app) == {"start", "show", "next", "leave"}
    assert STEPS[0].question in said(app)
    assert STEPS[0].answer not in said(app)


def test_each_step_sets_its_view_and_asks_before_it_tells(app: AppTest) -> None:
    settled(app)
    press(app, "start")
    for number, step in enumerate(STEPS, 1):
        assert asked(app, number)
        assert title(app) == TITLES[step.page]
        selection = app.session_state["selection"]
        assert (selection.layer.name, selection.spec.temperature) == ("fc7", step.temperature)
        assert "Show" in [button.label for button in app.button]
        press(app, "show")
        assert app.query_params["tour"] == f"{number}-shown"
        selection = app.session_state["selection"]
        assert selection.spec.temperature == (step.then or step.temperature)
        assert step.answer in said(app) or "{" in step.answer
        assert "show" not in offered(app)
        assert not app.error
        if number == 7:
            assert app.query_params["large"] == "backward"
        if number < 10:
            press(app, "next")
    assert "next" not in offered(app)
    assert "{" not in "".join(element.value for element in app.markdown if "fc7" in element.value)
    press(app, "leave")
    assert offered(app) == {"start"}


def test_a_step_back_asks_again(app: AppTest) -> None:
    app.query_params["tour"] = "7-shown"
    app.query_params["temperature"] = "8"
    opened(app, KERNELS)
    assert STEPS[6].answer in said(app)
    press(app, "back")
    assert asked(app, 6)
    assert STEPS[5].question in said(app)
    assert app.session_state["selection"].spec.temperature == 1
    assert "large" not in app.query_params
    press(app, "back")
    assert title(app) == "Network"


def test_leaving_brings_back_the_choices_of_before(app: AppTest) -> None:
    app.query_params.update({"temperature": "4", "layer": "fc6", "pseudo": "predicted", "normalise": "none"})
    opened(app, KERNELS)
    app.toggle(key="centre").set_value(True)
    images = settled(app).session_state["selection"].images
    now = chosen.Chosen(images.ids[2:5], images.ids[3], images.classes[0])
    app.session_state["chosen"] = now
    app.session_state["pair"] = (images.ids[3], images.ids[7])
    app.session_state["stated large"] = "forward"
    settled(app)
    before = {name: app.query_params[name] for name in app.query_params}
    assert {"pair", "focus", "class", "chosen", "large", "centre", "layer"} <= before.keys()
    press(app, "start")
    during = app.session_state["selection"].spec
    assert (during.temperature, during.pseudo_label, during.normalise) == (1, "uniform", "l2")
    for _ in range(6):
        press(app, "next")
    press(app, "show")
    assert app.session_state["selection"].layer.name == "fc7"
    assert chosen.Chosen(now.ids, None, now.marked) == app.session_state["chosen"]
    press(app, "leave")
    assert title(app) == "Kernels"
    assert {name: app.query_params[name] for name in app.query_params} == before
    after = app.session_state["selection"]
    assert (after.spec.temperature, after.layer.name) == (4, "fc6")
    assert app.session_state["chosen"] == now


def test_another_start_brings_back_what_was_before_the_first(app: AppTest) -> None:
    app.query_params["temperature"] = "4"
    settled(app)
    press(app, "start")
    press(app, "show")
    press(app, "next")
    press(app, "start")
    assert asked(app, 1)
    press(app, "leave")
    assert app.session_state["selection"].spec.temperature == 4


@pytest.mark.parametrize(("page", "given"), [(NETWORK, {}), (KERNELS, {"large": "backward"})])
def test_a_link_opens_its_step(app: AppTest, page: str, given: dict[str, str]) -> None:
    """Also one to another page than the step's."""
    app.query_params.update({"tour": "7", **given})
    if page == NETWORK:
        settled(app.run())
    else:
        opened(app, page)
    assert title(app) == "Kernels"
    assert asked(app, 7)
    assert STEPS[6].question in said(app)
    assert app.query_params["large"] == "backward"
    press(app, "leave")
    assert "tour" not in app.query_params


def test_a_link_to_no_step_says_so(app: AppTest) -> None:
    app.query_params["tour"] = "11"
    settled(app)
    assert "The link asks for a step of the tour “11”, which is not offered here." in app.info[0].value
    assert offered(app) == {"start"}


def test_who_opens_another_page_stays_there_and_can_return(app: AppTest) -> None:
    settled(app)
    press(app, "start")
    opened(app, MAP)
    assert title(app) == "Map"
    assert asked(app, 1)
    assert offered(app) == {"start", "go", "next", "leave"}
    assert "Go to Network" in [button.label for button in app.button]
    press(app, "go")
    assert title(app) == "Network"
    assert "go" not in offered(app)


def test_features_without_pictures_say_what_cannot_be_shown_and_go_on(
    start: Callable[..., AppTest], photographs: Path, tmp_path: Path
) -> None:
    with (tmp_path / "given.npz").open("wb") as out:
        features_npz(lab(photographs).features(["x6", "dy7"]), {}, out)
    app = settled(start(tmp_path / "given.npz"))
    press(app, "start")
    without = []
    for number, step in enumerate(STEPS, 1):
        assert asked(app, number)
        assert title(app) == TITLES[step.page]
        assert not app.error
        if "this step has nothing to show" in said(app):
            without.append(number)
            assert "show" not in offered(app)
        if number < 10:
            press(app, "next")
    assert without == [1, 2, 3, 4, 5, 7, 10]
    assert "temperature" not in app.query_params
    press(app, "leave")
    assert offered(app) == {"start"}


def test_photographs_without_labels_go_without_the_step_about_them(
    start: Callable[..., AppTest], snapshots: Path
) -> None:
    app = settled(start(snapshots))
    press(app, "start")
    for _ in range(8):
        press(app, "next")
    assert asked(app, 9)
    assert "holidays has no labels or fewer than two splits, so this step has nothing to show" in said(app)
    assert "show" not in offered(app)
    press(app, "next")
    assert title(app) == "Network"


def test_a_name_of_a_data_set_is_text(start: Callable[..., AppTest], tmp_path: Path) -> None:
    rows = np.random.default_rng(0).normal(size=(12, 5)).astype(np.float32)
    np.savez(tmp_path / "[a](b) $x$.npz", ids=np.arange(12).astype(str), fc7=rows)
    app = settled(start(tmp_path / "[a](b) $x$.npz"))
    press(app, "start")
    (line,) = [element.value for element in app.markdown if "nothing to show" in element.value]
    assert "\\[a\\]" in line
    assert "\\$x" in line


def test_what_the_tour_sets_is_set_back_by_the_widgets_own_names(app: AppTest) -> None:
    opened(app, KERNELS)
    assert {"layer", "temperature", *_USUAL} <= app.session_state["choices"].keys()


@pytest.mark.parametrize(("file", "name"), page_table())
def test_each_page_explains_itself_and_its_terms(app: AppTest, file: str, name: str) -> None:
    at(app, file)
    (explain,) = [one for one in app.get("popover") if one.proto.popover.label == "Explain"]
    assert [element.value for element in explain.markdown] == [explained.PAGES[name].strip(), explained.glossary()]
