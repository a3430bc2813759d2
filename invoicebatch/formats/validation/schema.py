"""XSD validation of written documents: UBL 2.1, Factur-X and our own XML."""

from functools import lru_cache
from typing import Any

from lxml import etree

from invoicebatch.files.xml import parse_xml, split_name
from invoicebatch.formats.validation.official import facturx_schema, ubl_schema
from invoicebatch.formats.xml_export import schema_bytes
from invoicebatch.model.en16931.derive.profiles import FACTURX_EXTENDED


def schema_error(document: bytes) -> str:
    """What its XSD says against a UBL 2.1 or CII (Factur-X, EN 16931 or EXTENDED) document, in one line; empty: nothing.

    Raises:
        InputFileError: not well-formed XML.
    """
    root = parse_xml(document, "the written document")
    _, name = split_name(root)
    if name != "CrossIndustryInvoice":
        return _error(ubl_schema(name), root)
    return _error(facturx_schema("EXTENDED" if FACTURX_EXTENDED.encode() in document else "EN16931"), root)


def own_schema_error(document: bytes) -> str:
    """What our XSD says against a document of our simple XML; empty: nothing.

    Raises:
        InputFileError: not well-formed XML.
    """
    return _error(_own_schema(), parse_xml(document, "the written document"))


@lru_cache(maxsize=1)
def _own_schema() -> etree.XMLSchema:
    return etree.XMLSchema(parse_xml(schema_bytes(), "the schema"))


def _error(schema: etree.XMLSchema, root: etree._Element) -> str:
    if schema.validate(root):
        return ""
    log: Any = schema.error_log
    return f"XSD: {log.last_error.message}"
