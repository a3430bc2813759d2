"""Merging with pikepdf: object streams, shared resources, an outline and page labels.

The default engine of `merged`; nothing else calls it.
"""

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any, BinaryIO

import pikepdf
from pikepdf import Array, Dictionary, Name, String

from invoicebatch.formats.merged.pdfa_metadata import xmp


@dataclass(frozen=True, slots=True)
class Part:
    """A batch of documents as one PDF.

    Attributes:
        pdf: its bytes.
        titles: of the documents in it.
        pages: page count of each.
        languages: in which they are, such as `nl`; empty for one that does not say.
        faults: position in the batch and reason of each file that could not be read.
    """

    pdf: bytes
    titles: tuple[str, ...]
    pages: tuple[int, ...]
    faults: tuple[tuple[int, str], ...] = field(default=())
    languages: frozenset[str] = field(default=frozenset())


def one_language(parts: Sequence[Part]) -> str:
    """The language of all parts; empty where there are several, or one does not say."""
    languages = frozenset[str]().union(*(part.languages for part in parts))
    return next(iter(languages)) if len(languages) == 1 else ""


def merge_batch(titles: Sequence[str], documents: Sequence[bytes]) -> Part:
    """One PDF of some PDFs; identical fonts, pictures and colour profiles are kept once."""
    merged = pikepdf.Pdf.new()
    kept, pages, faults, sources = [], [], [], []
    languages: set[str] = set()
    for position, (title, data) in enumerate(zip(titles, documents, strict=True)):
        try:
            source = pikepdf.open(io.BytesIO(data))
            merged.pages.extend(source.pages)
        except (pikepdf.PdfError, pikepdf.PasswordError) as error:
            faults.append((position, f"the document can't be read as a PDF: {error}"))
            continue
        sources.append(source)
        languages.add(str(source.Root.get("/Lang", "")))
        kept.append(title)
        pages.append(len(source.pages))
    if sources:
        _take_output_intent(merged, sources[0])
    _clean(merged)
    return Part(_save(merged), tuple(kept), tuple(pages), tuple(faults), frozenset(languages))


def write_merged(parts: Sequence[Part], out: BinaryIO, title: str) -> None:
    """All parts as one file with bookmarks, page labels and the claim to be PDF/A-2b."""
    merged = pikepdf.Pdf.new()
    sources = [pikepdf.open(io.BytesIO(part.pdf)) for part in parts if part.pages]
    for source in sources:
        merged.pages.extend(source.pages)
    if sources:
        _take_output_intent(merged, sources[0])
    _share(merged)
    titles = [title for part in parts for title in part.titles]
    counts = [count for part in parts for count in part.pages]
    _navigation(merged, titles, counts)
    language = one_language(parts)
    if language:
        merged.Root.Lang = language
    metadata = merged.make_stream(xmp(title, language), Type=Name.Metadata, Subtype=Name.XML)
    merged.Root.Metadata = metadata
    merged.docinfo["/Title"] = title
    merged.docinfo["/Producer"] = "invoicebatch"
    _write(merged, out)


def _take_output_intent(merged: pikepdf.Pdf, source: pikepdf.Pdf) -> None:
    intents = source.Root.get("/OutputIntents")
    if intents is not None:
        merged.Root.OutputIntents = Array(
            [merged.copy_foreign(merged_intent) for merged_intent in _indirect(source, intents)]
        )


def _indirect(source: pikepdf.Pdf, intents: Any) -> list[Any]:
    return [item if item.is_indirect else source.make_indirect(item) for item in intents]


def _clean(merged: pikepdf.Pdf) -> None:
    # Tags of single documents can't be joined: without their tree these keys would dangle.
    for page in merged.pages:
        for key in ("/StructParents", "/Tabs", "/AF"):
            if key in page.obj:
                del page.obj[key]
        for annotation in page.obj.get("/Annots", []):
            if "/StructParent" in annotation:
                del annotation["/StructParent"]
    _share(merged)


def _share(merged: pikepdf.Pdf) -> None:
    """Fonts, pictures and colour profiles with the same bytes become one object."""
    known: dict[bytes, Any] = {}
    seen: set[tuple[int, int]] = set()
    for page in merged.pages:
        if "/Resources" in page.obj:
            _share_in(page.obj.Resources, known, seen)
    if "/OutputIntents" in merged.Root:
        _share_in(merged.Root.OutputIntents, known, seen)


def _share_in(container: Any, known: dict[bytes, Any], seen: set[tuple[int, int]]) -> None:
    if container.is_indirect:
        if container.objgen in seen:
            return
        seen.add(container.objgen)
    is_array = isinstance(container, Array)
    for key, child in enumerate(container) if is_array else list(container.items()):
        if isinstance(child, (Array, Dictionary, pikepdf.Stream)):
            _share_in(child, known, seen)
        if isinstance(child, pikepdf.Stream):
            shared = known.setdefault(_fingerprint(child), child)
            if shared.objgen != child.objgen:
                container[key] = shared


def _fingerprint(stream: pikepdf.Stream) -> bytes:
    head = Dictionary({key: value for key, value in stream.items() if key != "/Length"})
    return hashlib.sha256(head.unparse() + stream.read_raw_bytes()).digest()


def _navigation(merged: pikepdf.Pdf, titles: Sequence[str], counts: Sequence[int]) -> None:
    starts = [0, *accumulate(counts)][:-1]
    pages = list(merged.pages)
    items = [
        merged.make_indirect(Dictionary(Title=String(title), Dest=Array([pages[start].obj, Name.Fit])))
        for title, start in zip(titles, starts, strict=True)
    ]
    labels: list[Any] = []
    for title, start in zip(titles, starts, strict=True):
        labels += [start, Dictionary(P=String(f"{title} – "), S=Name.D)]
    merged.Root.PageLabels = Dictionary(Nums=Array(labels))
    if not items:
        return
    outline = merged.make_indirect(
        Dictionary(Type=Name.Outlines, First=items[0], Last=items[-1], Count=len(items))
    )
    for item, before, after in zip(items, [None, *items], [*items[1:], None], strict=False):
        item.Parent = outline
        if before is not None:
            item.Prev = before
        if after is not None:
            item.Next = after
    merged.Root.Outlines = outline
    merged.Root.PageMode = Name.UseOutlines


def _save(merged: pikepdf.Pdf) -> bytes:
    out = io.BytesIO()
    _write(merged, out)
    return out.getvalue()


def _write(merged: pikepdf.Pdf, out: BinaryIO) -> None:
    merged.save(
        out,
        object_stream_mode=pikepdf.ObjectStreamMode.generate,
        deterministic_id=True,
        min_version="1.7",
        force_version="1.7",
    )
