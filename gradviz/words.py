"""How numbers are written in sentences that people read."""


def counted(number: int, one: str, many: str | None = None) -> str:
    """Return a number with what it counts, such as "1 photograph" or "2,476 photographs".

    Parameters
    ----------
    number
        How many there are.
    one
        What follows 1; it may hold a verb, such as "image is".
    many
        What follows every other number; by default `one` and an s.
    """
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"
