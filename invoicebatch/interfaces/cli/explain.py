"""The command `explain`: a word of the field, an action, a condition or an error by its id; and problems with their solutions."""

import tomllib
from collections.abc import Mapping
from difflib import get_close_matches

from invoicebatch.actions import registry
from invoicebatch.errors import UnknownNameError
from invoicebatch.files.glossary import glossary
from invoicebatch.files.shipped import shipped


def problems() -> list[dict[str, str]]:
    """What goes wrong, and what to do: name, solution, and where it is of rows the filter that finds them."""
    found: list[dict[str, str]] = tomllib.loads((shipped("rules") / "problems.toml").read_text("utf-8"))[
        "problem"
    ]
    return found


def explain(*words: str) -> int:
    """Explain a word of the field, an action, a condition of a rule, or an error by its id (IB-…)."""
    asked = " ".join(words)
    texts = {text: meaning for part in glossary().values() for text, meaning in part.items()}
    known = {_plain(text): text for text in (*registry(), *texts)}
    wanted = _plain(asked)
    for form in (wanted, wanted.removesuffix("s")):
        if form in known and (meaning := _meaning(texts, known[form])):
            print(f"{known[form]}: {meaning}")
            return 0
    near = [known[form] for form in get_close_matches(wanted, known, n=3) if _meaning(texts, known[form])]
    raise UnknownNameError(
        f"There is nothing to explain under {asked!r}.",
        f"Did you mean {', '.join(near)}?" if near else "Known: " + ", ".join(sorted(texts, key=str.lower)),
    )


def _meaning(texts: Mapping[str, str], word: str) -> str:
    """What a word of the glossary or an action means; empty: an action that is not on the bar."""
    if word in texts:
        return texts[word]
    action = registry()[word]  # imported only where it is asked for
    return "" if action.hidden else action.help


def _plain(text: str) -> str:
    return text.lower().replace("_", " ")
