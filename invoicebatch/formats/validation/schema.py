"""XSD validation of written documents: UBL 2.1 and Factur-X."""

from typing import Any

from lxml import etree

from invoicebatch.files.xml import parse_xml
from invoicebatch.formats.validation.official import ubl_schema


def schema_error(document: bytes) -> str:
    """What the UBL 2.1 XSD says against a document, in one line; empty: nothing.

    Raises:
        InputFileError: not well-formed XML.
    """
    root = parse_xml(document, "the written document")
    schema = ubl_schema(etree.QName(root).localname)
    if schema.validate(root):
        return ""
    log: Any = schema.error_log
    return f"XSD: {log.last_error.message}"
