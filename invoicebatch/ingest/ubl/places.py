"""Where the description has a place for an element: by its name, and by the constants that tell it from its like.

What is then taken from the element is not decided here.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from lxml import etree

from invoicebatch.files.xml import split_name
from invoicebatch.model.en16931.cii import NAMESPACES as CII_NAMESPACES
from invoicebatch.model.en16931.description import Const, Content, Node, Same
from invoicebatch.model.en16931.ubl import NAMESPACES

Terms = Mapping[str, Any]
"""The terms of the document so far."""

_NAMESPACES: Final = {**NAMESPACES, **CII_NAMESPACES}
_PREFIXES: Final = {uri: prefix for prefix, uri in _NAMESPACES.items()}
_BOOLEANS: Final = {"0": "false", "1": "true"}


@lru_cache(maxsize=1024)
def tag(name: str) -> str:
    """The name as lxml has it, of one with a prefix."""
    prefix, local = name.split(":")
    return f"{{{_NAMESPACES[prefix]}}}{local}"


def name_of(element: etree._Element) -> str:
    """The name with its prefix, where that is known."""
    namespace, name = split_name(element)
    prefix = _PREFIXES.get(namespace)
    return f"{prefix}:{name}" if prefix else name


@lru_cache(maxsize=4096)
def _candidates(node: Node, name: str) -> tuple[Node, ...]:
    """Children of that name, the most particular first."""
    found = [child for child in node.children if child.name == name]
    return tuple(sorted(found, key=lambda child: -len(_constraints(child))))


@lru_cache(maxsize=4096)
def _constraints(node: Node) -> tuple[tuple[str, str, Content], ...]:
    """Path from the element, attribute (or none) and the value that must stand there."""
    found: list[tuple[str, str, Content]] = []
    for child in node.children:
        path = tag(child.name)
        for name, content in child.attributes.items():
            if isinstance(content, Const | Same):
                found.append((path, name, content))
        found += [(p, "", c) for p, c in _constants(child, path)]
    return tuple(found)


@lru_cache(maxsize=4096)
def _demands(node: Node, child: Node) -> tuple[tuple[str, str, Content], ...]:
    """What must stand in an element, and in its own attributes where they alone tell it from another of its name."""
    if len(_candidates(node, child.name)) == 1:
        return _constraints(child)
    own = ((".", name, content) for name, content in child.attributes.items() if not isinstance(content, str))
    return (*_constraints(child), *own)


def _constants(node: Node, path: str) -> Iterator[tuple[str, Const]]:
    """Constant texts of a subtree that holds nothing else."""
    if isinstance(node.content, Const):
        yield path, node.content
    elif node.content is None and not node.group and len(node.children) == 1:
        child = node.children[0]
        yield from _constants(child, f"{path}/{tag(child.name)}")


def described_place(
    node: Node, element: etree._Element, terms: Terms, used: Mapping[Node, etree._Element]
) -> Node | None:
    """The description's place for an element; a type code that is left out counts as the expected one."""
    free = [c for c in _candidates(node, name_of(element)) if c not in used]
    for candidate in free:
        if all(_agrees(found, element, terms, False) for found in _demands(node, candidate)):
            return candidate
    loose = (c for c in free if all(_agrees(found, element, terms, True) for found in _demands(node, c)))
    return next(loose, None)


def earlier_place(
    node: Node,
    element: etree._Element,
    terms: Terms,
    used: Mapping[Node, etree._Element],
    chosen: Node | None,
) -> Node | None:
    """The place that an element would have had, were it not taken already."""
    least = -1 if chosen is None else len(_demands(node, chosen))
    for candidate in _candidates(node, name_of(element)):
        found = _demands(node, candidate)
        if (
            candidate in used
            and len(found) > least
            and all(_agrees(each, element, terms, False) for each in found)
        ):
            return candidate
    return None


def _agrees(constraint: tuple[str, str, Content], element: etree._Element, terms: Terms, loose: bool) -> bool:
    path, attribute, expected = constraint
    found = element.find(path)
    if found is None:
        return isinstance(expected, Same) or (loose and path.endswith("DocumentTypeCode"))
    text = ((found.get(attribute) if attribute else found.text) or "").strip()
    if isinstance(expected, Same):
        tells = path == "." or str(element.tag).endswith("}TaxTotal")
        return not tells or text == terms.get(expected.term)
    return isinstance(expected, Const) and _BOOLEANS.get(text, text).upper() == expected.text.upper()
