"""What counts as a tick, as none, and as neither, in the cells that people fill in."""

from typing import Any, Final

YES: Final = frozenset(
    {
        "x", "✓", "✔", "☑", "✅", "v", "y", "yes", "true", "1", "ok", "run", "on",
        "j", "ja", "waar", "o", "oui", "vrai", "wahr", "si", "sí", "sì", "verdadero", "vero",
    }
)  # fmt: skip
NO: Final = frozenset(
    {"", "-", "–", "☐", "✗", "✘", "n", "no", "false", "0", "off", "nee", "onwaar", "non", "faux", "nein", "falsch"}
)  # fmt: skip


def tick(value: Any) -> bool | None:
    """Whether a cell is ticked; None where it can't be told.

    >>> tick(True), tick(" X "), tick("WAHR"), tick(1.0), tick(None), tick("nee"), tick("later")
    (True, True, True, True, False, False, None)
    """
    if value is None or isinstance(value, bool):
        return bool(value)
    if isinstance(value, (int, float)):
        return bool(value) if value in (0, 1) else None
    word = str(value).replace("\u00a0", " ").strip().removeprefix("'").removeprefix("=").removesuffix("()")
    word = word.strip().casefold()
    return True if word in YES else False if word in NO else None
