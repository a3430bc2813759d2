"""A mapping as it is written down: keys with their values, and beside them what is not sure."""

import json
import keyword
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

MARK = "# ?"
"""Begins every comment that says what is not sure."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One key of a mapping.

    Attributes:
        key: a column of ours, or an option of the section.
        value: as it stands in TOML.
        doubt: what is not sure; empty: nothing.
        open: a proposal only, written as a comment: nobody but the reader knows.
    """

    key: str
    value: str
    doubt: str = ""
    open: bool = False

    def lines(self) -> Iterable[str]:
        """The entry as it is written, its doubt above it."""
        if self.doubt:
            yield f"{MARK} {self.doubt}"
        yield f"{'# ' if self.open else ''}{self.key} = {self.value}"


@dataclass(slots=True)
class Section:
    """One section of a mapping under its name, with what is not sure of it as a whole above; open: all a proposal."""

    name: str
    entries: list[Entry] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    open: bool = False

    def add(self, key: str, value: str, doubt: str = "", *, open: bool = False) -> None:  # noqa: A002
        """Add a key."""
        self.entries.append(Entry(key, value, doubt, open))

    def has(self, key: str) -> bool:
        """Whether a key is set."""
        return any(entry.key == key and not entry.open for entry in self.entries)

    @property
    def doubts(self) -> list[str]:
        """What is not sure in this section."""
        return [
            *self.comments,
            *(f"[{self.name}] {one.key}: {one.doubt}" for one in self.entries if one.doubt),
        ]

    def lines(self) -> Iterable[str]:
        """The section as it is written."""
        yield from (f"{MARK} {comment}" for comment in self.comments)
        body = [f"[{self.name}]", *(line for entry in self.entries for line in entry.lines())]
        yield from (f"# {line}" if self.open and not line.startswith("#") else line for line in body)
        yield ""


def text(value: str) -> str:
    """A text in TOML."""
    return json.dumps(value, ensure_ascii=False)


def constant(value: str) -> str:
    """The same in every row."""
    return f"{{ constant = {text(value)} }}"


def derived(expression: str) -> str:
    """An expression."""
    return f"{{ derived = {text(expression)} }}"


def translated(header: str, words: Mapping[str, str]) -> str:
    """A column whose words stand for values of ours."""
    pairs = ", ".join(f"{text(word)} = {text(value)}" for word, value in words.items())
    return f"{{ column = {text(header)}, values = {{ {pairs} }} }}"


def column(header: str) -> str:
    """A header as it stands in an expression."""
    plain = header.isidentifier() and not keyword.iskeyword(header)
    return header if plain else f"column({header!r})"
