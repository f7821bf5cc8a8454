"""The Map page shows the maps of the layer's three kernels."""

from streamlit.testing.v1 import AppTest

from tests.pages.apps import at

PAGE = "pages/explore/map.py"


def test_the_map_page_offers_every_map(app: AppTest) -> None:
    at(app, PAGE)
    assert len(app.get("bidi_component")) == 1
    assert [button.proto.label for button in app.get("download_button")] == [
        "x6 as CSV",
        "dy7 as CSV",
        "dW7 as CSV",
    ]
