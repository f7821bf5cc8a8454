import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradviz.ui.widgets import equation


@pytest.mark.parametrize(
    ("forward", "backward", "text"),
    [
        (0.62, 0.31, "K_fw 0.62 × K_bw 0.31 = 0.19"),
        (1.0, 1.0, "K_fw 1.00 × K_bw 1.00 = 1.00"),
        (0.5, -0.5, "K_fw 0.50 × K_bw -0.50 = -0.25"),
        (0.4, 0.0, "K_fw 0.40 × K_bw 0.00 = 0.00"),
    ],
)
def test_the_equation_has_two_decimals_where_they_do(forward: float, backward: float, text: str) -> None:
    assert equation(forward, backward, forward * backward) == text


@given(st.floats(0, 1), st.floats(-1, 1))
def test_what_is_printed_is_near_what_is_meant_and_multiplies(forward: float, backward: float) -> None:
    a, b, sign, product = re.fullmatch(
        r"K_fw (\S+) × K_bw (\S+) ([=≈]) (\S+)", equation(forward, backward, forward * backward)
    ).groups()
    decimals = len(product.partition(".")[2])
    assert float(a) == pytest.approx(forward, abs=0.0051)
    assert float(b) == pytest.approx(backward, abs=0.0051)
    assert float(product) == pytest.approx(forward * backward, abs=0.51 * 10**-decimals)
    if sign == "=":
        assert round(float(a) * float(b), decimals) == pytest.approx(float(product), abs=1e-12)
