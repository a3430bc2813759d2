"""Schematrons that are asked for what is fatal alone."""

from pathlib import Path

import pytest

from invoicebatch.errors import SettingsError
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
