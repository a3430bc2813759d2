"""The command `explain`: a word of the field, an action, or an error by its id."""

import tomllib
from difflib import get_close_matches

from invoicebatch.actions import registry
from invoicebatch.errors import UnknownNameError
from invoicebatch.files.shipped import shipped


def glossary() -> dict[str, dict[str, str]]:
    """Texts by word (`words`) and by error id (`errors`), as shipped."""
    found: dict[str, dict[str, str]] = tomllib.loads((shipped("rules") / "glossary.toml").read_text("utf-8"))
    return found


def explain(*words: str) -> int:
    """Explain a word of the field, an action, or an error by its id (IB-…)."""
    asked = " ".join(words)
    known = {text: meaning for part in glossary().values() for text, meaning in part.items()}
    known |= {name: action.help for name, action in registry().items() if not action.hidden}
    plain = {text.lower().replace("_", " "): text for text in known}
    wanted = asked.lower().replace("_", " ")
    for form in (wanted, wanted.removesuffix("s")):
        if form in plain:
            print(f"{plain[form]}: {known[plain[form]]}")
            return 0
    near = [plain[text] for text in get_close_matches(wanted, plain, n=3)]
    raise UnknownNameError(
        f"There is nothing to explain under {asked!r}.",
        f"Did you mean {', '.join(near)}?" if near else "Known: " + ", ".join(sorted(known, key=str.lower)),
    )
