"""Documents of an export as files: one by its number, several in one ZIP, which is written as they are made."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain

from invoicebatch.files.names import safe_name
from invoicebatch.formats.archive.zip import Entry, unique_name, write_zip
from invoicebatch.model.changes import Artefact, Prepared, RowFailure


@dataclass(frozen=True, slots=True)
class Document:
    """The XML document of an invoice."""

    invoice_id: int
    number: str
    content: bytes


def document_files(made: Iterable[Document | RowFailure], selected: int, archive: str) -> Iterator[Prepared]:
    """`<number>.xml` where one invoice was selected, else the ZIP; nothing where there is no document.

    Args:
        made: documents, and rows that have none; those after the first document are made while the ZIP is
            written, so that none is held, and what failed of them is told after it.
        selected: invoices selected, also those that failed.
        archive: name of the ZIP.
    """
    waiting = iter(made)
    for item in waiting:
        if isinstance(item, RowFailure):
            yield item
        elif selected == 1:
            yield Artefact(f"{safe_name(item.number)}.xml", item.content, invoice_id=item.invoice_id)
        else:
            failed: list[RowFailure] = []
            entries = _entries(chain([item], waiting), failed)
            yield Artefact(archive, partial(write_zip, entries))
            yield from failed
            return


def _entries(made: Iterable[Document | RowFailure], failed: list[RowFailure]) -> Iterator[Entry]:
    used: set[str] = set()
    for item in made:
        if isinstance(item, RowFailure):
            failed.append(item)
        else:
            yield Entry(unique_name(f"{safe_name(item.number)}.xml", used), item.content)
