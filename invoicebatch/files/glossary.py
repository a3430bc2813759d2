"""The words of the product and of its field, as shipped in rules/glossary.toml: for `explain`, and beside what they name."""

import tomllib
from functools import cache

from invoicebatch.files.shipped import shipped


@cache
def glossary() -> dict[str, dict[str, str]]:
    """Texts by word (`words`), by error id (`errors`) and by condition of a rule (`reasons`), as shipped."""
    found: dict[str, dict[str, str]] = tomllib.loads((shipped("rules") / "glossary.toml").read_text("utf-8"))
    return found


def meaning(*names: str) -> str:
    """What the first of these words that the glossary has means; empty: it has none of them."""
    words = {word.lower(): text for word, text in glossary()["words"].items()}
    return next((words[name.lower()] for name in names if name.lower() in words), "")
