"""The index that German tax auditors' programs read tables by: GoBD, formerly GDPdU, description standard of 2004.

It says of each CSV file where it is, what its columns are called and of which type they are; the files are others'.
"""

from collections.abc import Iterable, Iterator, Mapping
from importlib.resources import files
from itertools import takewhile
from typing import Any, Final

import pyarrow as pa
from lxml import etree
from lxml.builder import E  # type: ignore[import-not-found]  # the stubs leave it out

from invoicebatch.model.schema import TABLES

DTD: Final = "gdpdu-01-09-2004.dtd"
"""Name of the grammar that lies beside the index."""


def grammar() -> bytes:
    """The grammar of the index, to be put beside it."""
    return files(__package__).joinpath(DTD).read_bytes()


def index_xml(tables: Mapping[str, tuple[str, pa.Schema]], supplier: str, location: str, about: str) -> bytes:
    """The index of some tables that were written by `files.csv_text`.

    Args:
        tables: by name of a table of the schema: its CSV file's path from the index, and its columns.
        supplier: whose data it is.
        location: where they are.
        about: which data, and of when.
    """
    root = E.DataSet(
        E.Version("1.0"),
        E.DataSupplier(E.Name(supplier), E.Location(location), E.Comment(about)),
        E.Media(E.Name("1"), *(_table(name, *written) for name, written in tables.items())),
    )
    kind = f'<!DOCTYPE DataSet SYSTEM "{DTD}">'
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True, doctype=kind)


def _table(name: str, url: str, schema: pa.Schema) -> Any:
    """The first line of the file names the columns, so its rows begin at the second."""
    return E.Table(
        E.URL(url),
        E.Name(name),
        E.Description(TABLES[name].meaning),
        E.UTF8(),
        E.DecimalSymbol("."),
        E.DigitGroupingSymbol(","),
        E.Range(E.From("2")),
        E.VariableLength(
            E.ColumnDelimiter(","),
            E.RecordDelimiter("\r\n"),
            E.TextEncapsulator('"'),
            *_columns(name, schema),
        ),
    )


def _columns(name: str, schema: pa.Schema) -> Iterator[Any]:
    """Columns in the order of the file, which a reader takes them by: a key is told where it comes first."""
    table = TABLES[name]
    meanings = {column.name: column.meaning for column in table.columns}
    first = list(takewhile(lambda column: column in table.key, schema.names))
    key: Iterable[str] = first if set(first) == set(table.key) else ()
    for field in schema:
        described = [E.Description(meanings[field.name])] if field.name in meanings else []
        make = E.VariablePrimaryKey if field.name in key else E.VariableColumn
        yield make(E.Name(field.name), *described, _type(field.type))


def _type(kind: pa.DataType) -> Any:
    if pa.types.is_decimal(kind):
        return E.Numeric(E.Accuracy(str(kind.scale)))
    if pa.types.is_integer(kind):
        return E.Numeric(E.Accuracy("0"))
    if pa.types.is_date(kind):
        return E.Date(E.Format("YYYY-MM-DD"))
    return E.AlphaNumeric()
