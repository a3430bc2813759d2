"""What went wrong while a document was made, in words: the field, the template, the file and line.

Reads the compiler's diagnostics; nothing is rendered here.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import Any, Final

import pandas as pd

from invoicebatch.formats.pdf.fonts import CJK_MISSING, unset

_PLACE: Final = re.compile(r"┌─ (?:.*[/\\])?([^/\\:\n]+):(\d+):\d+")
_GLYPH: Final = re.compile(r'the text `"(.+?)"` could not be displayed')
_ESCAPE: Final = re.compile(r"\\u\{([0-9a-f]+)\}")
_FIELD: Final = re.compile(r'(?:does not contain key|has no (?:field|method)|missing key) [`"\']+(\w+)')


def describe(message: str, hints: list[str], diagnostic: str, template: str, content: Any) -> str:
    """One sentence for a failed row.

    Args:
        message: what the compiler says.
        hints: what it advises.
        diagnostic: the same with file, line and every further error.
        template: name of the template.
        content: what the document was to say, to find the field of a character.
    """
    characters = list(dict.fromkeys(_character(found) for found in _GLYPH.findall(diagnostic or message)))
    if characters:
        return _uncovered(characters, content)
    place = _PLACE.search(diagnostic or "")
    where = f"{place[1]} line {place[2]}" if place else "unknown place"
    field = _FIELD.search(message)
    named = f" (field {field[1]})" if field else ""
    hint = f"; {hints[0]}" if hints else ""
    return f"template {template}, {where}{named}: {message}{hint}"


def _character(found: str) -> str:
    text = _ESCAPE.sub(lambda match: chr(int(match[1], 16)), found)
    return text.replace('\\"', '"').replace("\\\\", "\\")


def _uncovered(characters: list[str], content: Any) -> str:
    parts = []
    for character in characters[:3]:
        fields = [path for path, text in _texts(content) if character in text]
        name = unicodedata.name(character[0], "control character")
        shown = f"'{character}' " if character.isprintable() else ""
        at = f"{fields[0]} has" if fields else "the document has"
        parts.append(f"{at} the character {shown}(U+{ord(character[0]):04X} {name})")
    missing = f"; {CJK_MISSING}" if unset(pd.DataFrame({"text": characters})).any() else ""
    return f"{', '.join(parts)} that no font of the template can show{missing}"


def _texts(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, part in value.items():
            yield from _texts(part, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for number, part in enumerate(value, 1):
            yield from _texts(part, f"{path} {number}")
