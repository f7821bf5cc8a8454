"""The Kernels page shows what the verbs compute."""

from pathlib import Path

from streamlit.testing.v1 import AppTest

from gradviz.ui.widgets import equation
from tests.pages.apps import at, lab, said, settled

PAGE = "pages/explore/kernels.py"


def test_the_kernels_page_draws_and_compares_with_the_labels(app: AppTest, photographs: Path) -> None:
    at(app, PAGE)
    assert [title.value for title in app.title] == ["Kernels"]
    assert {"heatmaps", "heatmaps-mark"} <= {element.key for element in app.get("bidi_component")}
    measured = lab(photographs).align(["x6", "dy7", "dW7"]).with_labels
    assert [metric.value for metric in app.metric] == [f"{value:.3f}" for value in measured]


def test_a_pair_in_the_link_is_shown_with_its_values(app: AppTest, photographs: Path) -> None:
    found = lab(photographs, temperature=8.0).kernel("dW8")
    app.query_params.update({"pair": [found.rows.ids[3], found.rows.ids[7]], "layer": "fc8", "temperature": "8"})
    settled(app)
    forward, backward = float(found.K_fw[3, 7]), float(found.K_bw[3, 7])
    assert equation(forward, backward, forward * backward) in said(app)
    for row in (3, 7):
        assert f"{found.rows.ids[row]}: " in said(app)
    assert app.query_params["pair"] == [found.rows.ids[3], found.rows.ids[7]]


def test_centred_kernels_keep_the_equation_of_their_factors(app: AppTest, photographs: Path) -> None:
    found = lab(photographs, centre=True).kernel("dW7")
    app.query_params.update({"centre": "true", "pair": [found.rows.ids[0], found.rows.ids[1]]})
    settled(app)
    assert f"K after centring: {found.K[0, 1]:.4f}" in said(app)
