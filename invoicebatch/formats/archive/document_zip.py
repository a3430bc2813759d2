"""Documents of an export as files: one by its number, several in one ZIP, held packed until they are written."""

import zlib
from collections.abc import Iterator

from invoicebatch.files.names import safe_name
from invoicebatch.formats.archive.zip import Entry, unique_names, write_zip
from invoicebatch.model.changes import Artefact


class Documents:
    """XML documents gathered one by one and given out as one artefact."""

    def __init__(self) -> None:
        self._ids: list[int] = []
        self._names: list[str] = []
        self._packed: list[bytes] = []

    def add(self, invoice_id: int, number: str, document: bytes) -> None:
        """Keep one document under its number."""
        self._ids.append(invoice_id)
        self._names.append(f"{safe_name(number)}.xml")
        self._packed.append(zlib.compress(document, 1))

    def artefacts(self, selected: int, archive: str) -> Iterator[Artefact]:
        """`<number>.xml` where one invoice was selected, else the ZIP; nothing where there is no document.

        Args:
            selected: invoices selected, also those that failed.
            archive: name of the ZIP.
        """
        if not self._packed:
            return
        if selected == 1:
            yield Artefact(self._names[0], zlib.decompress(self._packed[0]), invoice_id=self._ids[0])
            return
        files = list(zip(unique_names(self._names), self._packed, strict=True))
        yield Artefact(
            archive, lambda out: write_zip((Entry(name, zlib.decompress(data)) for name, data in files), out)
        )
