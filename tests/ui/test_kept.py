"""What answers are made of is kept, within a number of bytes."""

from gradviz.ui.kept import Kept


def test_a_value_is_made_once_while_it_is_kept() -> None:
    kept, made = Kept(10), []

    def get(key: str, size: int = 4) -> str:
        return kept.get(key, lambda: made.append(key) or key, lambda value: size)

    assert [get("a"), get("b"), get("a")] == ["a", "b", "a"]
    assert made == ["a", "b"]
    get("c")
    assert get("a") == "a"
    assert made == ["a", "b", "c"], "b was used longest ago"
    get("b")
    assert made[-1] == "b"


def test_what_is_too_large_is_handed_on_and_drives_nothing_out() -> None:
    kept, made = Kept(10), []
    kept.get("a", lambda: made.append("a"), lambda value: 4)
    kept.get("large", lambda: made.append("large"), lambda value: 11)
    kept.get("large", lambda: made.append("large"), lambda value: 11)
    kept.get("a", lambda: made.append("a"), lambda value: 4)
    assert made == ["a", "large", "large"]
