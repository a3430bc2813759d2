"""Schematrons that are asked for what is fatal alone: the same failures as by the whole stylesheet."""

from collections import Counter
from pathlib import Path

import pytest

from invoicebatch.errors import SettingsError
from invoicebatch.formats.validation.fatal_stylesheet import fatal_stylesheet
from invoicebatch.formats.validation.official import SCHEMATRONS
from invoicebatch.formats.validation.schematron import run_schematron

_NAMESPACES = 'xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:svrl="http://purl.oclc.org/dsdl/svrl"'


def asserted(name: str, severity: str, inside: str = "") -> str:
    """An assertion that always fails, as the skeleton of ISO Schematron writes it."""
    return (
        '<xsl:choose><xsl:when test="false()"/><xsl:otherwise>'
        f'<svrl:failed-assert id="{name}" {severity}>{inside}<svrl:text>No.</svrl:text></svrl:failed-assert>'
        "</xsl:otherwise></xsl:choose>"
    )


def fatal(folder: Path, body: str, prolog: str = "") -> list[str]:
    """The rules that a stylesheet finds broken when it is asked for what is fatal."""
    sheet = folder / "rules.xslt"
    sheet.write_text(
        f'{prolog}<xsl:stylesheet version="2.0" {_NAMESPACES}><xsl:template match="/"><svrl:output>{body}'
        "</svrl:output></xsl:template></xsl:stylesheet>"
    )
    (found,) = run_schematron([b"<a/>"], [sheet], advice=False)
    return [failure.rule for failure in found]


ATTRIBUTE = '<xsl:attribute name="flag">{}</xsl:attribute>'


@pytest.mark.parametrize(
    ("severity", "inside", "asked"),
    [
        ('flag="fatal"', "", True),
        ('role="error"', "", True),
        ("", "", True),
        ('flag="warning"', "", False),
        ('role="information"', "", False),
        ("", ATTRIBUTE.format("warning"), False),
        ("", ATTRIBUTE.format("fatal"), True),
        ('role="warning"', ATTRIBUTE.format("<xsl:text>fatal</xsl:text>"), True),
        ('role="warning"', '<xsl:attribute name="flag" select="\'fatal\'"/>', True),
        ('flag="{name(.)}"', "", True),
        ('role="warning"', f'<xsl:if test="true()">{ATTRIBUTE.format("fatal")}</xsl:if>', True),
    ],
)
def test_what_may_be_fatal_is_asked(tmp_path: Path, severity: str, inside: str, asked: bool) -> None:
    found = fatal(tmp_path, asserted("A", severity, inside) + asserted("B", 'flag="fatal"'))
    assert found == (["A", "B"] if asked else ["B"])


def test_an_alternative_that_asks_for_more_is_kept(tmp_path: Path) -> None:
    both = asserted("A", 'flag="warning"').replace('<xsl:when test="false()"/>', f'<xsl:when test="true()">{asserted("B", "")}</xsl:when>')  # fmt: skip
    assert fatal(tmp_path, both) == ["B"]


@pytest.mark.parametrize(
    "condition",
    ["document('codes.xml')//code = 'X'", "document ('codes.xml')//code = 'X'", "doc-available('codes.xml')"],
)
def test_a_stylesheet_that_reads_other_files_finds_them(tmp_path: Path, condition: str) -> None:
    (tmp_path / "codes.xml").write_text("<codes><code>X</code></codes>")
    test = f'<xsl:if test="{condition}">{asserted("A", "")}</xsl:if>'
    assert fatal(tmp_path, test + asserted("B", 'flag="warning"')) == ["A", "B"]


def test_a_stylesheet_with_entities_works_and_a_broken_one_is_named(tmp_path: Path) -> None:
    entities = '<!DOCTYPE xsl:stylesheet [<!ENTITY nbsp "&#160;">]>'
    assert fatal(tmp_path, asserted("A", ""), entities) == ["A"]
    (tmp_path / "broken").mkdir()
    with pytest.raises(SettingsError, match=r"rules\.xslt can't be compiled"):
        fatal(tmp_path / "broken", "<open>")


def pattern(templates: str, visits: str = "@*|*", start: str = "/") -> str:
    """A stylesheet of one pattern, as the skeleton of ISO Schematron writes it, and its trace."""
    return (
        f'<xsl:stylesheet version="2.0" {_NAMESPACES} xmlns:a="urn:a" xmlns:same="urn:a">'
        '<xsl:template match="/"><svrl:output><svrl:active-pattern><xsl:apply-templates/></svrl:active-pattern>'
        f'<xsl:apply-templates select="{start}" mode="M1"/></svrl:output></xsl:template>{templates}'
        '<xsl:template match="text()" mode="M1" priority="-1"/>'
        f'<xsl:template match="@*|node()" mode="M1" priority="-2">{visit(visits)}</xsl:template></xsl:stylesheet>'
    )


def visit(visits: str = "@*|*") -> str:
    return f'<xsl:apply-templates select="{visits}" mode="M1"/>'


def asking(match: str, name: str, priority: int, condition: str = "false()", after: str | None = None) -> str:
    place = 'flag="fatal" location="{count(preceding::*) + count(ancestor::*)}"'
    failed = asserted(name, place).replace("false()", condition)
    return f'<xsl:template match="{match}" mode="M1" priority="{priority}">{failed}{visit() if after is None else after}</xsl:template>'


DOCUMENT = b"""<a:r xmlns:a="urn:a"><!--c--><a:x k="1"><a:y>EUR</a:y><a:z><a:y> USD </a:y></a:z></a:x>
    <a:y>XXX</a:y><a:x><a:y>EUR USD</a:y><a:x k="2"/></a:x><a:y/></a:r>"""
CODES = "((not(contains(normalize-space(.), ' ')) and contains(' EUR USD ', concat(' ', normalize-space(.), ' '))))"


@pytest.mark.parametrize(
    ("templates", "rewritten"),
    [
        (asking("a:x", "X", 2) + asking("a:y", "Y", 1), True),
        (asking("a:x/a:y | a:z", "Y", 2) + asking("//a:y", "O", 1), True),
        (asking("a:x[a:x[@k]]", "X", 2) + asking("*", "O", 1), True),
        (asking("(a:x|a:z)/a:y", "Y", 2) + asking("/a:r", "R", 1), True),
        (asking("a:y", "Y", 2) + asking("same:y", "Z", 1), True),
        (asking("a:y", "CODE", 1, CODES), True),
        (asking("a:y", "CODE", 1, CODES.replace("' EUR USD '", "'  EUR  '")), True),
        # A template without an assertion of its own still keeps others from its elements.
        (asking("a:x/a:y", "Y", 2).replace("<xsl:choose>", "<xsl:if test=\"false()\"><xsl:choose>").replace("</xsl:choose>", "</xsl:choose></xsl:if>") + asking("a:y", "O", 1), True),
        (f'<xsl:template match="a:x/a:y" mode="M1" priority="2">{visit()}</xsl:template>' + asking("a:y", "O", 1), True),
        # What stays as it is.
        (asking("a:x", "X", 2, after="") + asking("a:y", "Y", 1), False),
        (asking("a:x/@k", "K", 2) + asking("a:y", "Y", 1), False),
        (asking("comment()", "C", 2) + asking("a:y", "Y", 1), False),
        (asking("a:y", "Y", 1, "position() = 2"), False),
        (asking("a:x", "X", 2, after=visit("a:y")) + asking("a:y", "Y", 1), False),
        (asking("a:y", "Y", 1).replace("a:y", "b:y").replace("<xsl:template", '<xsl:template xmlns:b="urn:a"'), False),
        (asking("a:y", "Y", 1) + asking("a:x", "X", 3).replace('mode="M1"', 'mode="M1 M2"', 1), False),
    ],
)  # fmt: skip
def test_a_pattern_that_goes_straight_to_its_elements_finds_the_same(
    tmp_path: Path, templates: str, rewritten: bool
) -> None:
    sheet = tmp_path / "rules.xslt"
    sheet.write_text(pattern(templates, "@*|*|comment()" if "comment()" in templates else "@*|*"))
    assert ('select="/"' not in fatal_stylesheet(sheet)) == rewritten
    assert "active-pattern" not in fatal_stylesheet(sheet)
    (every,), (only_fatal,) = (run_schematron([DOCUMENT], [sheet], advice) for advice in (True, False))
    assert Counter(only_fatal) == Counter(every) != Counter()


def test_a_trace_in_which_something_is_asked_stays(tmp_path: Path) -> None:
    sheet = tmp_path / "rules.xslt"
    sheet.write_text(pattern(asking("a:y", "Y", 1).replace(' mode="M1"', "", 1)))
    (every,), (only_fatal,) = (run_schematron([DOCUMENT], [sheet], advice) for advice in (True, False))
    assert len(every) == 5
    assert only_fatal == every


@pytest.mark.parametrize("name", ["en16931-ubl", "br-fr-ubl", "extended-ctc-fr-ubl"])
def test_the_shipped_schematrons_go_straight_to_what_they_ask_of(name: str) -> None:
    text = fatal_stylesheet(SCHEMATRONS[name]())
    assert 'select="/"' not in text
    assert ("(normalize-space(@unitCode)))" in text) == (name != "br-fr-ubl")
