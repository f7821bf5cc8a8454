"""Recognise splits by the names that people give them."""

_SPELLED = {
    "train": ("train", "training"),
    "val": ("val", "valid", "validation", "dev"),
    "trainval": ("trainval",),
    "test": ("test", "testing", "eval"),
}
_NAMES = {spelled: name for name, ways in _SPELLED.items() for spelled in ways}


def split_name(text: str) -> str | None:
    """Return train, val, trainval or test for any way to write it; None for a name that is no known split."""
    return _NAMES.get(text.strip().lower())
