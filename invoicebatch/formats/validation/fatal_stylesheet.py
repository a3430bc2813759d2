"""A compiled schematron, rewritten so that it asks only what is fatal, and asks that faster.

What fails of a document, with its text and its place, is the same as by the whole stylesheet, in another order.
All of it follows the code that the skeleton of ISO Schematron writes; what looks otherwise stays as it is.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from lxml import etree

from invoicebatch.errors import InputFileError
from invoicebatch.files.xml import parse_xml

SVRL: Final = "{http://purl.oclc.org/dsdl/svrl}"
ASSERTION: Final = f"{SVRL}failed-assert"
FATAL: Final = ("fatal", "error")
_XSL: Final = "{http://www.w3.org/1999/XSL/Transform}"
_READS: Final = re.compile(r"\b(doc|document|collection|unparsed-text|transform)(-available|-lines)?\s*\(")
_LEADS_ELSEWHERE: Final = [
    f"{_XSL}{name}"
    for name in (
        *("import", "include", "import-schema", "use-package", "source-document", "stream"),
        *("next-match", "apply-imports"),
    )
]
_TRACE: Final = (f"{SVRL}fired-rule", f"{SVRL}ns-prefix-in-attribute-values")
_PREDICATE: Final = re.compile(r"\[[^\[\]]*\]")
_NAME: Final = r"[A-Za-z_][\w-]*:[A-Za-z_][\w-]*"
_OF_ELEMENTS: Final = re.compile(rf"[\s/|()]*(({_NAME}|\*)([\s/|()]+|$))+")
_LAST_STEP: Final = re.compile(rf"({_NAME}|\*)(?=[\s)]*(?:\||$))")
_POSITION: Final = re.compile(r"\b(position|last)\s*\(")
_ALL_INSIDE: Final = ("*", "@*|*", "*|comment()|processing-instruction()", "@*|node()")
_ONE_CODE_OF: Final = re.compile(
    r"not\(contains\(normalize-space\(([\w.@:]+)\), ' '\)\)\s+and\s+"
    r"contains\(' ([^']*) ',\s*concat\(' ', normalize-space\(\1\), ' '\)\)"
)


def fatal_stylesheet(stylesheet: Path) -> str:
    """The stylesheet without assertions that only warn and without its trace of what was asked, and the rest made quick.

    Of the 979 assertions of EN 16931 for UBL 698 only warn, most of them of elements that nobody writes.
    Empty where it reads other files, which it finds by its own place.
    """
    try:
        root = parse_xml(stylesheet.read_bytes(), str(stylesheet))
    except InputFileError:  # Saxon says what is wrong with it, or takes it
        return ""
    expressions = (str(value) for element in root.iter() for value in element.attrib.values())
    if any(root.iter(*_LEADS_ELSEWHERE)) or root.get("expand-text") or any(map(_READS.search, expressions)):
        return ""
    _remove([_test_of(assertion) for assertion in root.iter(ASSERTION) if _only_warns(assertion)])
    _remove([*root.iter(*_TRACE), *_traced_patterns(root)])
    _visit_at_once(root)
    _look_codes_up(root)
    return etree.tostring(root, encoding="unicode")


def _only_warns(assertion: etree._Element) -> bool:
    """Whether its flag, or else its role, is a plain word that is none of what is fatal."""
    said = {name: assertion.get(name, "") for name in ("flag", "role")}
    for child in assertion.iter(f"{_XSL}attribute"):
        worked_out = len(child) or child.get("select") or child.getparent() is not assertion
        said[str(child.get("name"))] = "fatal" if worked_out else child.text or ""
    severity = said["flag"] or said["role"] or "fatal"
    return severity not in FATAL and severity.isalpha()


def _test_of(assertion: etree._Element) -> etree._Element | None:
    """The `xsl:choose` or `xsl:if` that asks for nothing but this assertion."""
    parent = assertion.getparent()
    if parent is None or len(parent) > 1:
        return None
    if parent.tag == f"{_XSL}if":
        return parent
    choice = parent.getparent()
    if parent.tag != f"{_XSL}otherwise" or choice is None:
        return None
    return choice if not any(len(other) for other in choice if other is not parent) else None


def _traced_patterns(root: etree._Element) -> list[etree._Element]:
    """The elements that trace a pattern: each goes through the whole document, in a mode that asks nothing."""
    modeless = {
        template.get("match") for template in root.iter(f"{_XSL}template") if not template.get("mode")
    }
    return list(root.iter(f"{SVRL}active-pattern")) if modeless <= {None, "/", "text()"} else []


def _visit_at_once(root: etree._Element) -> None:
    """Each pattern goes straight to the elements that it has assertions of, instead of through the whole document.

    The templates of a pattern all go on to what their element contains, so what is visited stays the same, one kind
    of element after the other. Where one does not, or asks of anything but elements or of their position, the
    pattern stays.
    """
    templates, steps = _by_mode(root, "template"), _by_mode(root, "apply-templates")
    if any(re.search(r"[\s#]", mode) for mode in templates):  # a template of several modes
        return
    for mode in templates.keys() & steps.keys() - {""}:
        of_nodes = [template for template in templates[mode] if template.get("match") != "text()"]
        further = [step for template in of_nodes for step in list(template)[-1:] if _goes_on(step, mode)]
        start = [step for step in steps[mode] if step not in further]
        asking = [template for template in of_nodes if next(template.iter(ASSERTION), None) is not None]
        patterns = [_without_predicates(template.get("match", "")) for template in asking]
        if (
            [step.get("select") for step in start] == ["/"]
            and len(further) == len(of_nodes)
            and any(template.get("match") == "@*|node()" for template in of_nodes)
            and all(template.nsmap.items() <= start[0].nsmap.items() for template in asking)
            and all(map(_OF_ELEMENTS.fullmatch, patterns))
            and not any(map(_asks_position, asking))
        ):
            last_steps = [step for pattern in patterns for step in _LAST_STEP.findall(pattern)]
            start[0].set("select", _elements(last_steps, start[0].nsmap))
            _remove(further)


def _elements(steps: list[str], namespaces: Mapping[str | None, str]) -> str:
    """All elements of these names, each once: two prefixes may stand for one namespace."""
    names = {(namespaces.get(step.partition(":")[0], ""), step.partition(":")[2]): step for step in steps}
    return ", ".join(f"//{name}" for name in (["*"] if "*" in steps else names.values())) or "()"


def _by_mode(root: etree._Element, tag: str) -> dict[str, list[etree._Element]]:
    found: dict[str, list[etree._Element]] = {}
    for element in root.iter(f"{_XSL}{tag}"):
        found.setdefault(element.get("mode", ""), []).append(element)
    return found


def _goes_on(step: etree._Element, mode: str) -> bool:
    """Whether it visits all that the element of its template contains."""
    visits = step.tag == f"{_XSL}apply-templates" and step.get("mode") == mode and not len(step)
    return visits and step.get("select") in _ALL_INSIDE


def _asks_position(template: etree._Element) -> bool:
    """Whether it asks the place of its element among what is visited; in a predicate that is another place."""
    values = (str(value) for element in template.iter() for value in element.attrib.values())
    return any(_POSITION.search(_without_predicates(value)) for value in values)


def _without_predicates(expression: str) -> str:
    while (shorter := _PREDICATE.sub("", expression)) != expression:
        expression = shorter
    return expression


def _look_codes_up(root: etree._Element) -> None:
    """Whether a value is one code of a list is asked of a map: a search through 8,000 characters takes longer."""
    maps: dict[str, str] = {}

    def of_map(found: re.Match[str]) -> str:
        name = maps.setdefault(found[2], f"codes-{len(maps)}")
        return f"exists(${name}(normalize-space({found[1]})))"

    for element in root.iter(f"{_XSL}when", f"{_XSL}if"):
        element.set("test", _ONE_CODE_OF.sub(of_map, element.get("test", "")))
    for codes, name in maps.items():
        entries = ", ".join(f"'{code}': 1" for code in dict.fromkeys(codes.split(" ")))
        root.insert(0, etree.Element(f"{_XSL}variable", name=name, static="yes", select=f"map {{{entries}}}"))


def _remove(elements: Iterable[etree._Element | None]) -> None:
    for element in elements:
        if element is not None and (parent := element.getparent()) is not None:
            parent.remove(element)
