"""Schematrons that are asked for what is fatal alone: the same failures as by the whole stylesheet."""

from collections import Counter
from pathlib import Path

import pytest

from invoicebatch.errors import SettingsError
from invoicebatch.formats.validation.fatal_stylesheet import fatal_stylesheet
from invoicebatch.formats.validation.official import SCHEMATRONS
from invoicebatch.formats.validation.schematron import run_schematron

_NAMESPACES = 'xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:svrl="http://purl.oclc.org/dsdl/svrl"'
DOCUMENT = b"""<a:r xmlns:a="urn:a"><!--c--><a:x k="1"><a:y>EUR</a:y><a:z><a:y> USD </a:y></a:z></a:x>
    <a:y>XXX</a:y><a:x><a:y>EUR USD</a:y><a:x k="2"/></a:x><a:y/></a:r>"""
FLAG = '<xsl:attribute name="flag">{}</xsl:attribute>'
CODES = "((not(contains(normalize-space(.), ' ')) and contains(' EUR USD ', concat(' ', normalize-space(.), ' '))))"


def asserted(name: str, condition: str = "false()", flag: str = FLAG.format("fatal"), said: str = "") -> str:
    """An assertion as the skeleton of ISO Schematron writes it, which says the place of its element."""
    return (
        f'<xsl:choose><xsl:when test="{condition}"/><xsl:otherwise><svrl:failed-assert test="" {said}>'
        f'<xsl:attribute name="id">{name}</xsl:attribute>{flag}<xsl:attribute name="location">'
        '<xsl:value-of select="count(preceding::*) + count(ancestor::*)"/></xsl:attribute>'
        "<svrl:text>No.</svrl:text></svrl:failed-assert></xsl:otherwise></xsl:choose>"
    )


def visit(what: str = "@*|*") -> str:
    return f'<xsl:apply-templates select="{what}" mode="M1"/>'


def template(match: str, priority: int, inside: str, further: str | None = None) -> str:
    """A template of the pattern, which goes on to what its element contains."""
    on = visit() if further is None else further
    return f'<xsl:template match="{match}" mode="M1" priority="{priority}">{inside}{on}</xsl:template>'


def asking(
    match: str, name: str, priority: int = 1, condition: str = "false()", further: str | None = None
) -> str:
    return template(match, priority, asserted(name, condition), further)


def pattern(
    templates: str, start: str = visit("/"), trace: str = "<xsl:apply-templates/>", root: str = ""
) -> str:
    """A stylesheet of one pattern, and its trace."""
    return (
        f'<xsl:stylesheet version="2.0" {_NAMESPACES} xmlns:a="urn:a" xmlns:same="urn:a" {root}>'
        f'<xsl:template match="/"><svrl:output><svrl:active-pattern>{trace}</svrl:active-pattern>'
        f'{start}</svrl:output></xsl:template>{templates}<xsl:template match="text()" priority="-1"/>'
        '<xsl:template match="text()" mode="M1" priority="-1"/>'
        f'<xsl:template match="@*|node()" mode="M1" priority="-2">{visit()}</xsl:template></xsl:stylesheet>'
    )


def asked(folder: Path, sheet: str) -> str:
    """The stylesheet that is asked for what is fatal, which finds what the whole one does; empty: that itself."""
    path = folder / "rules.xslt"
    path.write_text(sheet)
    (every,), (fatal,) = (run_schematron([DOCUMENT], [path], advice) for advice in (True, False))
    assert Counter(fatal) == Counter(failure for failure in every if failure.fatal) != Counter()
    return fatal_stylesheet(path)


@pytest.mark.parametrize(
    ("flag", "said", "is_asked"),
    [
        (FLAG.format("fatal"), "", True),
        (FLAG.format("error"), "", True),
        ("", "", True),
        (FLAG.format("warning"), "", False),
        (FLAG.format("information"), "", False),
        (FLAG.format("{name()}"), "", True),
        (FLAG.format("warning"), 'flag="fatal"', True),
        (FLAG.format("warning") + '<xsl:attribute name="role">fatal</xsl:attribute>', "", True),
        (FLAG.format("warning") + FLAG.format("fatal"), "", True),
        (FLAG.format("<xsl:text>warning</xsl:text>"), "", True),
        ('<xsl:attribute name="flag" select="\'fatal\'"/>', "", True),
        (f'<xsl:if test="true()">{FLAG.format("fatal")}</xsl:if>', "", True),
    ],
)
def test_what_only_warns_is_not_asked(tmp_path: Path, flag: str, said: str, is_asked: bool) -> None:
    text = asked(tmp_path, pattern(template("a:y", 1, asserted("A", "false()", flag, said) + asserted("B"))))
    assert ('name="id">A<' in text) == is_asked
    assert 'name="id">B<' in text


@pytest.mark.parametrize(
    "templates",
    [
        asking("a:x", "X", 2) + asking("a:y", "Y"),
        asking("a:x/a:y | a:z", "Y", 2) + asking("//a:y", "O"),
        asking("a:x[a:x[@k]]", "X", 2) + asking("*", "O"),
        asking("(a:x|a:z)/a:y", "Y", 2) + asking("/a:r", "R"),
        asking("a:y", "Y", 2) + asking("same:y", "Z"),
        asking("a:y[. != '[']|a:z[. != ']']", "L"),
        asking("a:y", "CODE", 1, CODES),
        asking("a:y", "CODE", 1, CODES.replace("' EUR USD '", "'  EUR  '")),
        asking("a:y", "CODE", 1, f"{CODES} or . = 'XXX'"),
        # A template without an assertion of its own still keeps others from its elements.
        template("a:x/a:y", 2, "") + asking("a:y", "O"),
        template("a:x/a:y", 2, asserted("W", flag=FLAG.format("warning"))) + asking("a:y", "O"),
    ],
)
def test_a_pattern_that_goes_straight_to_its_elements_finds_the_same(tmp_path: Path, templates: str) -> None:
    text = asked(tmp_path, pattern(templates))
    assert 'select="//' in text
    assert "active-pattern" not in text
    assert ("codes-0" in text) == ("CODE" in templates)


@pytest.mark.parametrize(
    "templates",
    [
        asking("a:x", "X", 2, further="") + asking("a:y", "Y"),
        asking("/ | a:x", "R"),
        asking("fn:root() | a:x", "R").replace(
            "<xsl:template", '<xsl:template xmlns:fn="http://www.w3.org/2005/xpath-functions"'
        ),
        asking("a:y", "Y", 1, "last() = 2"),
        template("a:x", 2, '<xsl:apply-templates select="a:y" mode="M1"/>') + asking("a:y", "Y"),
        asking("a:x/@k", "K", 2) + asking("a:y", "Y"),
        asking("a:y/text()", "T", 2) + asking("a:y", "Y", further=visit("@*|node()")),
        asking("a:y", "Y", 1, "position() = 2"),
        asking("a:y", "Y", 1, "'[' != '' and position() = 2 and ']' != ''"),
        asking("a:x", "X", 2, further=visit("a:y")) + asking("a:y", "Y"),
        asking("b:y", "Y").replace("<xsl:template", '<xsl:template xmlns:b="urn:a"'),
    ],
)
def test_a_pattern_that_hangs_on_its_way_stays(tmp_path: Path, templates: str) -> None:
    assert 'select="/"' in asked(tmp_path, pattern(templates))


NAMED = "<xsl:template name='n'><xsl:if test='true()'/></xsl:template>"


@pytest.mark.parametrize(
    "sheet",
    [
        pattern(asking("a:y", "Y")).replace('version="2.0"', 'version="3.0"'),
        pattern(asking("a:y", "Y"), root='default-collation="http://www.w3.org/2005/xpath-functions/collation/codepoint"'),
        pattern(asking("a:y", "Y") + asking("a:x", "X", 3).replace('mode="M1"', 'mode="M1 M2"', 1)),
        pattern(asking("a:y", "Y").replace(' mode="M1"', "", 1), start=visit("/")),
        pattern(asking("a:y", "Y") + template("a:x", 2, "<xsl:call-template name='n'/>") + NAMED),
        pattern(template("a:y", 1, asserted("Y") + f'<xsl:if test="true()">{asserted("O")}</xsl:if>')),
        pattern(template("a:y", 1, asserted("Y").replace("</xsl:otherwise>", "<xsl:text/></xsl:otherwise>"))),
        pattern(asking("a:y", "Y") + asking("a:x", "X", 2, further="<xsl:next-match/>")),
        pattern(asking("a:y", "Y", 1, "(: ' :) position() = 2 (: ' :)")),
        pattern(asking("a:y", "Y") + '<xsl:mode name="M1"/>').replace('version="2.0"', 'version="3.0"'),
        pattern(asking("a:y", "Y").replace("<xsl:choose>", '<xsl:choose use-when="true()">')),
    ],
)  # fmt: skip
def test_what_the_skeleton_does_not_write_is_asked_as_it_is(tmp_path: Path, sheet: str) -> None:
    assert asked(tmp_path, sheet) == ""


@pytest.mark.parametrize(
    "condition",
    ["document('codes.xml')//code = 'X'", "document ('codes.xml')//code = 'X'", "doc-available('codes.xml')"],
)
def test_a_stylesheet_that_reads_other_files_finds_them(tmp_path: Path, condition: str) -> None:
    (tmp_path / "codes.xml").write_text("<codes><code>X</code></codes>")
    assert asked(tmp_path, pattern(asking("a:y", "Y", 1, f"not({condition})"))) == ""


def test_a_pattern_of_warnings_alone_visits_nothing(tmp_path: Path) -> None:
    only_warns = template("a:z", 1, asserted("W", flag=FLAG.format("warning"))).replace('"M1"', '"M2"')
    others = '<xsl:template match="@*|node()" mode="M2" priority="-2"><xsl:apply-templates select="*" mode="M2"/></xsl:template>'
    start = visit("/") + visit("/").replace("M1", "M2")
    assert 'select="()"' in asked(tmp_path, pattern(asking("a:y", "Y") + only_warns + others, start))


@pytest.mark.parametrize("operator", ["false() =", "true() ="])
def test_codes_after_an_operator_are_asked_as_they_stand(tmp_path: Path, operator: str) -> None:
    condition = f"{operator} {CODES[2:-2]}"
    assert "codes-0" not in asked(tmp_path, pattern(asking("a:y", "Y", 1, condition) + asking("a:z", "Z")))


def test_a_trace_that_leads_to_assertions_stays(tmp_path: Path) -> None:
    assert "active-pattern" in asked(tmp_path, pattern(asking("a:y", "Y"), start="", trace=visit("/")))


def test_a_stylesheet_with_entities_works_and_a_broken_one_is_named(tmp_path: Path) -> None:
    entities = '<!DOCTYPE xsl:stylesheet [<!ENTITY nbsp "&#160;">]>'
    assert asked(tmp_path, entities + pattern(asking("a:y", "Y"))) == ""
    broken = tmp_path / "broken"
    broken.mkdir()
    with pytest.raises(SettingsError, match=r"rules\.xslt can't be compiled"):
        asked(broken, pattern("<open>"))


def test_a_rule_that_cannot_be_worked_out_fails_its_document_alone(tmp_path: Path) -> None:
    sheet = tmp_path / "rules.xslt"
    sheet.write_text(
        pattern(
            asking("a:y", "Y", 1, "number(.) = 1 or xs:decimal(.) = 1"),
            root='xmlns:xs="http://www.w3.org/2001/XMLSchema"',
        )
    )
    odd, good = run_schematron([DOCUMENT, b'<a:y xmlns:a="urn:a">1</a:y>'], [sheet], advice=False)
    assert [(failure.rule, failure.fatal) for failure in odd] == [("rules", True)]
    assert "can't be worked out" in odd[0].text
    assert good == []


@pytest.mark.parametrize("name", ["en16931-ubl", "br-fr-ubl", "extended-ctc-fr-ubl"])
def test_the_shipped_schematrons_go_straight_to_what_they_ask_of(name: str) -> None:
    text = fatal_stylesheet(SCHEMATRONS[name]())
    assert 'select="//' in text
    assert 'select="/"' not in text
    assert ("(normalize-space(@unitCode)))" in text) == (name != "br-fr-ubl")
