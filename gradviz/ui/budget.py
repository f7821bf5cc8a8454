"""The memory that kept answers take, and its bound."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import is_dataclass
from typing import Any

from gradviz.datasets import ImageSet


class Budget:
    """Which answers are kept, and how large each is; `forget` lets one go by its key."""

    def __init__(self, forget: Callable[[str], None]) -> None:
        self._forget = forget
        self._lock = threading.Lock()
        self._sizes: OrderedDict[str, int] = OrderedDict()

    def use(self, key: str, answer: Any, *, most: int, count: int) -> None:
        """Note that an answer was read; forget those read longest ago while all are over `most` bytes or `count`."""
        with self._lock:
            if key not in self._sizes:
                self._sizes[key] = size_of(answer)
            self._sizes.move_to_end(key)
            while len(self._sizes) > 1 and (sum(self._sizes.values()) > most or len(self._sizes) > count):
                self._forget(self._sizes.popitem(last=False)[0])


def size_of(answer: Any) -> int:
    """Estimate the bytes of an answer: its own `nbytes`, else the arrays, bytes and texts in its fields and items.

    The data set that answers point to is not counted: all of them share it.
    """
    if hasattr(answer, "nbytes"):
        return int(answer.nbytes)
    if isinstance(answer, (bytes, str)):
        return len(answer)
    if isinstance(answer, Mapping):
        return sum(map(size_of, answer.values()))
    if isinstance(answer, (tuple, list)):
        return sum(map(size_of, answer))
    if is_dataclass(answer) and not isinstance(answer, ImageSet):
        return sum(map(size_of, vars(answer).values()))
    return 0
