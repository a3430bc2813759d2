"""Numbers with their nouns, as people write them."""


def counted(count: int, noun: str, plural: str = "") -> str:
    """A number and what it counts.

    >>> counted(1, "run"), counted(1200, "run"), counted(2, "reply", "replies")
    ('1 run', '1,200 runs', '2 replies')
    """
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"
