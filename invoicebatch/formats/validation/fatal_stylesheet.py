"""A compiled schematron, rewritten so that it asks only what is fatal, and asks that faster.

Only what the skeleton of ISO Schematron writes is rewritten, as all official schematrons are; any other stylesheet
stays as it is. What fails of a document, with its text and its place, is the same as by the whole stylesheet, in
another order.
"""

import re
from collections.abc import Iterable, Mapping
from itertools import chain
from pathlib import Path
from typing import Final

from lxml import etree

from invoicebatch.errors import InputFileError
from invoicebatch.files.xml import parse_xml

SVRL: Final = "{http://purl.oclc.org/dsdl/svrl}"
ASSERTION: Final = f"{SVRL}failed-assert"
FATAL: Final = ("fatal", "error")
_XSL: Final = "{http://www.w3.org/1999/XSL/Transform}"
_TAGS: Final = frozenset([
    "stylesheet", "output", "template", "apply-templates", "choose", "when", "otherwise", "if", "for-each", "attribute",
    "value-of", "text", "number", "comment", "sequence", "variable", "param", "function", "key",
])  # fmt: skip
_ATTRIBUTES: Final = frozenset([
    "name", "select", "mode", "test", "match", "priority", "as", "count", "level", "use", "version", "indent", "method",
    "omit-xml-declaration", "standalone",
])  # fmt: skip
_READS: Final = re.compile(
    r"\b(doc|document|collection|unparsed-text|transform|static-base-uri)(-available|-lines)?\s*\("
)
_TRACE: Final = (f"{SVRL}fired-rule", f"{SVRL}ns-prefix-in-attribute-values")
_LITERAL: Final = re.compile(r"'[^']*'|\"[^\"]*\"")
_PREDICATE: Final = re.compile(r"\[[^\[\]]*\]")
_STEP: Final = r"(?:[A-Za-z_][\w-]*:[A-Za-z_][\w-]*|\*)"
_PATH: Final = re.compile(rf"\s*(?://?\s*)?(?:{_STEP}\s*//?\s*)*({_STEP})\s*")
_CALL: Final = re.compile(r"[\w*]\s*\(")
_POSITION: Final = re.compile(r"\b(position|last)\s*[(#]")
_ALL_INSIDE: Final = ("*", "@*|*", "*|comment()|processing-instruction()")
_ONE_CODE_OF: Final = re.compile(
    r"(?<=\()not\(contains\(normalize-space\(([\w.@:]+)\), ' '\)\)\s+and\s+"
    r"contains\(' ([^']*) ',\s*concat\(' ', normalize-space\(\1\), ' '\)\)(?=\s*\))"
)


def fatal_stylesheet(stylesheet: Path) -> str:
    """The stylesheet without assertions that only warn and without its trace of what was asked, and the rest made quick.

    Of the 979 assertions of EN 16931 for UBL 698 only warn, most of them of elements that nobody writes.
    Empty where it is none that can be rewritten.
    """
    try:
        root = parse_xml(stylesheet.read_bytes(), str(stylesheet))
    except InputFileError:  # Saxon says what is wrong with it, or takes it
        return ""
    if not _as_the_skeleton_writes(root):
        return ""
    warnings = filter(_only_warns, root.iter(ASSERTION))
    _remove([next(assertion.iterancestors(f"{_XSL}choose")) for assertion in warnings])
    _remove([element for element in root.iter(*_TRACE) if not len(element)])
    _remove([pattern for pattern in root.iter(f"{SVRL}active-pattern") if _asks_nothing(pattern)])
    _visit_at_once(root)
    _look_codes_up(root)
    return etree.tostring(root, encoding="unicode")


def _as_the_skeleton_writes(root: etree._Element) -> bool:
    """Whether it reads no other file, and each assertion has a test of its own."""
    written = [element for element in root.iter() if str(element.tag).startswith(_XSL)]
    templates = [element for element in written if element.tag == f"{_XSL}template"]
    values = [str(value) for element in root.iter() for value in element.attrib.values()]
    return (
        (root.tag, root.get("version")) == (f"{_XSL}stylesheet", "2.0")
        and {str(element.tag).removeprefix(_XSL) for element in written} <= _TAGS
        and {str(name) for element in written for name in element.attrib} <= _ATTRIBUTES
        and not any(str(name).startswith(_XSL) for element in root.iter() for name in element.attrib)
        and not any("(:" in value or _READS.search(value) for value in values)
        and all(re.fullmatch(r"[\w-]+", element.get("mode", "none")) for element in written)
        and all(map(_stands_alone, root.iter(ASSERTION)))
        and all(
            template.get("match") == "/" or (template.get("match") == "text()" and not len(template))
            for template in templates
            if template.get("mode") is None and template.get("match")
        )
    )


def _stands_alone(assertion: etree._Element) -> bool:
    """Whether it is the `otherwise` of an empty `when`, right in a template that matches."""
    parents = list(assertion.iterancestors())[:3]
    within = [str(parent.tag).removeprefix(_XSL) for parent in parents] == ["otherwise", "choose", "template"]
    return (
        within
        and [len(alternative) for alternative in parents[1]] == [0, 1]
        and parents[2].get("match") is not None
    )


def _only_warns(assertion: etree._Element) -> bool:
    """Whether its flag is a plain word that is none of what is fatal."""
    flags = [
        child for child in assertion.iter(f"{_XSL}attribute") if child.get("name") not in ("id", "location")
    ]
    if (
        [dict(flag.attrib) for flag in flags] != [{"name": "flag"}]
        or set(assertion.attrib) - {"test"}
        or len(flags[0])
    ):
        return False
    severity = flags[0].text or ""
    return severity not in FATAL and severity.isalpha()


def _asks_nothing(pattern: etree._Element) -> bool:
    """Whether the trace of a pattern goes through the document in no mode, in which no template asks anything."""
    return not any(step.attrib for step in pattern.iter(f"{_XSL}apply-templates"))


def _visit_at_once(root: etree._Element) -> None:
    """Each pattern goes straight to the elements that it has assertions of, instead of through the whole document.

    The templates of a pattern all go on to what their element contains, so what is visited stays the same, one kind
    of element after the other. Where one does not, or asks of anything but elements or of their position, the
    pattern stays.
    """
    templates, steps = _by_mode(root, "template"), _by_mode(root, "apply-templates")
    for mode in templates.keys() & steps.keys() - {""}:
        of_nodes = [each for each in templates[mode] if each.get("match") != "text()" or len(each)]
        further = [step for template in of_nodes for step in list(template)[-1:] if _goes_on(step, mode)]
        start = [step for step in steps[mode] if step not in further]
        asking = [template for template in of_nodes if next(template.iter(ASSERTION), None) is not None]
        last_steps = [_last_steps(template.get("match", "")) for template in asking]
        if (
            [step.get("select") for step in start] == ["/"]
            and len(further) == len(of_nodes)
            and any(template.get("match") == "@*|node()" for template in of_nodes)
            and all(template.nsmap.items() <= start[0].nsmap.items() for template in asking)
            and all(last_steps)
            and not any(map(_asks_position, asking))
            and not any(map(_hands_over, of_nodes))
        ):
            start[0].set("select", _elements(chain.from_iterable(last_steps), start[0].nsmap))
            _remove(further)


def _by_mode(root: etree._Element, tag: str) -> dict[str, list[etree._Element]]:
    found: dict[str, list[etree._Element]] = {}
    for element in root.iter(f"{_XSL}{tag}"):
        found.setdefault(element.get("mode", ""), []).append(element)
    return found


def _goes_on(step: etree._Element, mode: str) -> bool:
    """Whether it visits all that the element of its template contains."""
    visits = step.tag == f"{_XSL}apply-templates" and step.get("mode") == mode
    return visits and step.get("select") in _ALL_INSIDE


def _hands_over(template: etree._Element) -> bool:
    """Whether it has anything else visited, but for what an assertion says."""
    steps = template.iter(f"{_XSL}apply-templates")
    return sum(next(step.iterancestors(ASSERTION), None) is None for step in steps) > 1


def _last_steps(pattern: str) -> list[str]:
    """Names of the elements that a pattern matches, `*` for any; none where it may match anything else."""
    bare = _bare(pattern)
    paths = [_PATH.fullmatch(path) for path in re.sub("[()]", " ", bare).split("|")]
    return [path[1] for path in paths if path] if all(paths) and not _CALL.search(bare) else []


def _asks_position(template: etree._Element) -> bool:
    """Whether it asks the place of its element among what is visited; in a predicate that is another place."""
    values = (str(value) for element in template.iter() for value in element.attrib.values())
    return any(_POSITION.search(_bare(value)) for value in values)


def _bare(expression: str) -> str:
    """The expression without predicates and without what its literals say."""
    expression = _LITERAL.sub("''", expression)
    while (shorter := _PREDICATE.sub("", expression)) != expression:
        expression = shorter
    return expression


def _elements(steps: Iterable[str], namespaces: Mapping[str | None, str]) -> str:
    """All elements of these names, each once: two prefixes may stand for one namespace."""
    names = {}
    for step in steps:
        prefix, _, name = step.partition(":")
        names[namespaces.get(prefix), name] = f"//{step}"
    return "//*" if "//*" in names.values() else ", ".join(names.values()) or "()"


def _look_codes_up(root: etree._Element) -> None:
    """Whether a value is one code of a list is asked of a map: a search through 8,000 characters takes longer."""
    maps: dict[str, str] = {}

    def of_map(found: re.Match[str]) -> str:
        name = maps.setdefault(found[2], f"invoicebatch-codes-{len(maps)}")
        return f"exists(${name}(normalize-space({found[1]})))"

    for element in root.iter(f"{_XSL}when"):
        element.set("test", _ONE_CODE_OF.sub(of_map, element.get("test", "")))
    for codes, name in maps.items():
        entries = ", ".join(f"'{code}': 1" for code in dict.fromkeys(codes.split(" ")))
        root.insert(0, etree.Element(f"{_XSL}variable", name=name, static="yes", select=f"map {{{entries}}}"))


def _remove(elements: Iterable[etree._Element]) -> None:
    for element in elements:
        if (parent := element.getparent()) is not None:
            parent.remove(element)
