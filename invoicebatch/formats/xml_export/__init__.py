"""A simple XML of our own: the terms of EN 16931 under their names, one element a term, one document a file.

Its schema is `invoice-1.xsd` beside this file, made from the same list of terms; a new term is an
optional element at the end of its group, so what reads version 1 goes on reading it.
"""

from importlib.resources import files

from invoicebatch.formats.serializer import serialize
from invoicebatch.formats.xml_export.schema import DESCRIPTION, NAMESPACE, SCHEMA_FILE
from invoicebatch.model.en16931.frames import Groups


def write_xml(groups: Groups) -> list[bytes]:
    """One XML document an invoice, in order.

    Args:
        groups: frames of terms, as `derive` gives them.

    Raises:
        RenderError: a text holds a character that XML can't hold.
    """
    return serialize(DESCRIPTION, groups)


def schema_bytes() -> bytes:
    """The shipped schema."""
    return files(__package__).joinpath(SCHEMA_FILE).read_bytes()


__all__ = ["NAMESPACE", "schema_bytes", "write_xml"]
