"""Merging with pypdf: the same result as `with_pikepdf`, in pure Python and more time.

The selectable engine of `merged`; nothing else calls it.
"""

import hashlib
import io
from collections.abc import Sequence
from typing import BinaryIO

from pypdf import PdfReader, PdfWriter
from pypdf.errors import PyPdfError
from pypdf.generic import (
    ArrayObject,
    ByteStringObject,
    DictionaryObject,
    IndirectObject,
    NameObject,
    NumberObject,
    StreamObject,
    TextStringObject,
)

from invoicebatch.formats.merged.pdfa_metadata import xmp
from invoicebatch.formats.merged.with_pikepdf import Part, one_language


def merge_batch(titles: Sequence[str], documents: Sequence[bytes]) -> Part:
    """One PDF of some PDFs; identical objects are kept once."""
    writer = PdfWriter()
    kept, pages, faults = [], [], []
    languages: set[str] = set()
    for position, (title, data) in enumerate(zip(titles, documents, strict=True)):
        try:
            reader = PdfReader(io.BytesIO(data))
            count = len(reader.pages)
            writer.append(reader, import_outline=False)
        except (PyPdfError, ValueError, KeyError) as error:
            faults.append((position, f"the document can't be read as a PDF: {error}"))
            continue
        _take_output_intent(writer, reader)
        languages.add(str(reader.root_object.get("/Lang", "")))
        kept.append(title)
        pages.append(count)
    _clean(writer)
    _share(writer)
    writer.compress_identical_objects()
    return Part(_bytes(writer), tuple(kept), tuple(pages), tuple(faults), frozenset(languages))


def write_merged(parts: Sequence[Part], out: BinaryIO, title: str) -> None:
    """All parts as one file with bookmarks, page labels and the claim to be PDF/A-2b."""
    writer = PdfWriter()
    for part in parts:
        if part.pages:
            reader = PdfReader(io.BytesIO(part.pdf))
            writer.append(reader, import_outline=False)
            _take_output_intent(writer, reader)
    titles = [name for part in parts for name in part.titles]
    counts = [count for part in parts for count in part.pages]
    _navigation(writer, titles, counts)
    writer.add_metadata({"/Title": title, "/Producer": "invoicebatch"})
    language = one_language(parts)
    if language:
        writer.root_object[NameObject("/Lang")] = TextStringObject(language)
    packet = StreamObject()
    packet.set_data(xmp(title, language))
    packet.update({NameObject("/Type"): NameObject("/Metadata"), NameObject("/Subtype"): NameObject("/XML")})
    writer.root_object[NameObject("/Metadata")] = writer._add_object(packet)  # noqa: SLF001
    writer._ID = _identifier(parts)  # noqa: SLF001
    writer.write(out)


def _take_output_intent(writer: PdfWriter, reader: PdfReader) -> None:
    key = NameObject("/OutputIntents")
    intents = reader.root_object.get(key)
    if intents is not None and key not in writer.root_object:
        writer.root_object[key] = intents.get_object().clone(writer)


def _clean(writer: PdfWriter) -> None:
    # Tags of single documents can't be joined: without their tree these keys would dangle.
    for page in writer.pages:
        for key in ("/StructParents", "/Tabs", "/AF"):
            page.pop(key, None)
        for annotation in page.get("/Annots") or []:
            annotation.get_object().pop("/StructParent", None)


def _share(writer: PdfWriter) -> None:
    """Fonts, pictures and colour profiles with the same bytes become one object."""
    first: dict[bytes, IndirectObject] = {}
    same: dict[int, IndirectObject] = {}
    for item in writer._objects:  # noqa: SLF001
        if isinstance(item, StreamObject) and item.indirect_reference is not None:
            head = sorted((str(key), repr(value)) for key, value in item.items() if key != "/Length")
            digest = hashlib.sha256(repr(head).encode() + item._data).digest()  # noqa: SLF001
            kept = first.setdefault(digest, item.indirect_reference)
            same[item.indirect_reference.idnum] = kept
    for item in writer._objects:  # noqa: SLF001
        _point_to(item, same)


def _point_to(item: object, same: dict[int, IndirectObject]) -> None:
    if isinstance(item, DictionaryObject):
        children = list(item.items())
    elif isinstance(item, ArrayObject):
        children = list(enumerate(item))
    else:
        return
    for key, child in children:
        if not isinstance(child, IndirectObject):
            _point_to(child, same)
        elif child.idnum in same:
            item[key] = same[child.idnum]


def _identifier(parts: Sequence[Part]) -> ArrayObject:
    # PDF/A wants one; drawn from the content, so that the same input gives the same bytes.
    digest = hashlib.sha256(b"".join(hashlib.sha256(part.pdf).digest() for part in parts)).digest()
    return ArrayObject([ByteStringObject(digest[:16]), ByteStringObject(digest[:16])])


def _navigation(writer: PdfWriter, titles: Sequence[str], counts: Sequence[int]) -> None:
    labels, start = ArrayObject(), 0
    for title, count in zip(titles, counts, strict=True):
        writer.add_outline_item(title=title, page_number=start)
        label = DictionaryObject(
            {NameObject("/P"): TextStringObject(f"{title} – "), NameObject("/S"): NameObject("/D")}
        )
        labels += [NumberObject(start), label]
        start += count
    tree = DictionaryObject({NameObject("/Nums"): labels})
    writer.root_object[NameObject("/PageLabels")] = writer._add_object(tree)  # noqa: SLF001
    writer.page_mode = "/UseOutlines"


def _bytes(writer: PdfWriter) -> bytes:
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()
