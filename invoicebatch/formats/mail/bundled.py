"""Documents on their way into shared messages: which go together, and the files of those merged into one."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

import pandas as pd

from invoicebatch.files.names import safe_name
from invoicebatch.formats.merged.merge import MergeJob, merge_batch, write_merged
from invoicebatch.model.action import Context
from invoicebatch.model.changes import Artefact, Prepared, RowFailure
from invoicebatch.model.outbox.payload import Attachment
from invoicebatch.model.outbox.rows import file_attachments
from invoicebatch.model.outbox.together import Bundle

MERGED: Final = "merged/"
"""Folder, in that of the run, of files that hold several documents."""

_BASE64: Final = 78 / 57
_UBL: Final = 8_000
_UBL_LINE: Final = 2_000
_LETTER: Final = 32_000
_ROW: Final = 1_000


def room(megabytes: float) -> float:
    """Bytes that attachments may have in a mail of so many megabytes: they are encoded, and it has a text."""
    return max(megabytes * 1_000_000 - _LETTER, 0) / _BASE64


def sizes_of(rows: pd.DataFrame, more: Mapping[int, int]) -> dict[int, int]:
    """Bytes that each document brings into a mail: its PDF, what goes along and its line of the table.

    Args:
        rows: verified rows with their `file`.
        more: bytes of further attachments by invoice id.
    """
    files = zip(rows["invoice_id"].tolist(), rows["file"], strict=True)
    return {row: file.stat().st_size + more.get(row, 0) + _ROW for row, file in files}


def ubl_size(lines: int, attached: int) -> int:
    """Bytes that an electronic invoice is counted as, made or not: more than nearly every one has.

    Args:
        lines: of the invoice.
        attached: bytes of its own attachments, which it holds too.
    """
    return _UBL + _UBL_LINE * lines + attached * 3 // 2


def expected_sizes(rows: pd.DataFrame, context: Context, *, ubl: bool) -> dict[int, int]:
    """What `sizes_of` will say, before any file is made or read.

    Args:
        rows: invoice_id, document_path.
        context: where the documents are.
        ubl: whether an electronic invoice goes along.
    """
    data = context.root / context.settings.data
    reads = {"attachments": ["invoice_id", "content_base64"], **({"lines": ["invoice_id"]} if ubl else {})}
    files = zip(rows["invoice_id"].tolist(), rows["document_path"], strict=True)
    sizes = {row: _file_size(data / path) + _ROW for row, path in files}
    for piece in context.pieces(rows["invoice_id"].to_numpy("int64"), ["invoice_id"], reads):
        attached = _decoded(piece["attachments"])
        lines = piece["lines"]["invoice_id"].value_counts().to_dict() if ubl else {}
        for row in piece.invoices["invoice_id"].tolist():
            own = attached.get(row, 0)
            sizes[row] += own + (ubl_size(lines.get(row, 0), own) if ubl else 0)
    return sizes


def _file_size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0


def _decoded(rows: pd.DataFrame) -> dict[int, int]:
    """Bytes of base64 texts once decoded, by invoice id."""
    texts = rows["content_base64"].fillna("")
    sizes = texts.str.len() * 3 // 4 - texts.str.count("=")
    summed = sizes.groupby(rows["invoice_id"]).sum()
    return dict(zip(summed.index.tolist(), summed.tolist(), strict=True))


def merged_name(numbers: Iterable[str], bundle: Bundle) -> str:
    """Name of the file that holds a bundle's documents, after the first and the last of their numbers."""
    known = list(numbers)
    return f"{MERGED}{bundle.ids[0]}/{safe_name(f'{known[0]}_{known[-1]}')}.pdf"


def merged_files(rows: pd.DataFrame, found: Iterable[Bundle], context: Context) -> Iterator[Prepared]:
    """Each bundle's documents as one PDF; one that can't be read as a PDF fails alone.

    Args:
        rows: verified rows with their `file`.
        found: what to merge.
        context: for the process pool.
    """
    numbers, paths = (rows.set_index("invoice_id")[name].to_dict() for name in ("number", "file"))
    chosen = list(found)
    jobs = [
        MergeJob(tuple(numbers[each] for each in ids), tuple(paths[each] for each in ids))
        for ids in (bundle.ids for bundle in chosen)
    ]
    for bundle, part in zip(chosen, context.map(merge_batch, jobs), strict=True):
        for position, reason in part.faults:
            yield RowFailure(bundle.ids[position], reason)
        if part.pages:
            name = merged_name(part.titles, bundle)
            title = f"{part.titles[0]} – {part.titles[-1]}"
            yield Artefact(name, partial(write_merged, [part], title=title), invoice_id=bundle.ids[0])


def attachments(
    good: pd.DataFrame, files: pd.DataFrame
) -> Callable[[Bundle, list[int]], tuple[Attachment, ...]]:
    """What goes along with a bundle: its merged file, else each stored document, and the files of each.

    Args:
        good: overview rows.
        files: files made for them, see `Batch.files`.
    """
    merged = files["name"].str.startswith(f"run/{MERGED}") if len(files) else pd.Series(dtype="bool")
    one, own = file_attachments(files[merged]), file_attachments(files[~merged])
    columns = ("invoice_id", "number", "document_path", "document_sha256")
    documents = list(zip(*(good[name].tolist() for name in columns), strict=True))

    def of(bundle: Bundle, at: list[int]) -> tuple[Attachment, ...]:
        chosen = [documents[each] for each in at]
        paths = tuple(path for _, _, path, _ in chosen)
        held = tuple(each.model_copy(update={"merged_from": paths}) for each in one.get(bundle.ids[0], ()))
        stored = tuple(_stored(*rest) for _, *rest in chosen if isinstance(rest[1], str))
        return (*(held or stored), *(each for row, *_ in chosen for each in own.get(row, ())))

    return of


def _stored(number: str, path: str, sha256: Any) -> Attachment:
    return Attachment.pdf(path, sha256, safe_name(number))
