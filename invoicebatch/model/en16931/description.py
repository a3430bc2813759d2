"""The small language in which a syntax is described: nested tuples that read like the document.

A description says where each business term stands; writers and readers both follow it. A tuple is
``(element, content…)`` where content is a term's id, `Const`, `Same`, a dict of attributes, a child
tuple or an `Each`. An element appears when a term inside it has a value, or when it is constant.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Const:
    """A fixed value."""

    text: str


@dataclass(frozen=True, slots=True)
class Same:
    """A value that repeats a document term, such as the currency of an amount."""

    term: str


@dataclass(frozen=True, slots=True)
class Compact:
    """A date written without hyphens (UN/CEFACT format 102)."""

    term: str


@dataclass(frozen=True, slots=True)
class Each:
    """An element that stands once for each row of a group."""

    group: str
    element: tuple[Any, ...]


Content = str | Const | Same | Compact


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One element of a description; compared by identity, so it can be a key.

    Attributes:
        name: prefixed name, such as `cbc:ID`.
        content: its text; None where it holds elements.
        attributes: text by attribute name.
        children: elements inside it, in order.
        group: the group it repeats, for an `Each`.
    """

    name: str
    content: Content | None = None
    attributes: Mapping[str, Content] = field(default_factory=dict)
    children: tuple["Node", ...] = ()
    group: str = ""

    def walk(self) -> Iterator["Node"]:
        """This element and all inside it, repeated groups included."""
        yield self
        for child in self.children:
            yield from child.walk()


def describe(element: tuple[Any, ...], group: str = "") -> Node:
    """The element tree of a description in tuples."""
    name, *parts = element
    content: Content | None = None
    attributes: Mapping[str, Content] = {}
    children: list[Node] = []
    for part in parts:
        match part:
            case dict():
                attributes = part
            case tuple():
                children.append(describe(part))
            case Each():
                children.append(describe(part.element, part.group))
            case _:
                content = part
    return Node(name, content, attributes, tuple(children), group)
