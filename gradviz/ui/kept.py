"""Keep what several answers are made of, such as a forward kernel that no temperature changes."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any


class Kept:
    """Hold values by key, those used last, as far as they fit into a number of bytes."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._values: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], Any], size: Callable[[Any], int]) -> Any:
        """Return the value of a key, made now where it is not kept; `size` says how many bytes a value takes.

        What is larger than all that may be kept is handed on and not kept.
        """
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key][0]
        value = make()  # outside the lock: another key need not wait, and the same one is rarely made twice
        with self._lock:
            if size(value) <= self._most:
                self._values[key] = value, size(value)
            while sum(bytes_of for _, bytes_of in self._values.values()) > self._most:
                self._values.popitem(last=False)
        return value
