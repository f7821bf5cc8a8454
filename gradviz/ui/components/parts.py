"""The part of a figure that is looked at, as it stands in the address: 3.2_0.1203_-0.05."""

import re
from dataclasses import dataclass

_WRITTEN = re.compile(r"\d{1,4}(\.\d{1,6})?(_-?\d(\.\d{1,7})?){2}", re.ASCII)


@dataclass(frozen=True)
class Parts:
    """All parts of a kind of figure; `text in Parts(...)` checks whether a text names one.

    The first number magnifies the whole, 1 to `zoom` times; the others are where the middle is, both between `least`
    and `most`, in a measure that depends neither on the window nor on the choices.
    """

    zoom: float
    least: float
    most: float

    def __contains__(self, text: object) -> bool:
        """Check whether a text names one of the parts."""
        if not isinstance(text, str) or not _WRITTEN.fullmatch(text):
            return False
        zoom, *middle = map(float, text.split("_"))
        return 1 <= zoom <= self.zoom and all(self.least <= at <= self.most for at in middle)
