"""Many stored PDFs into one: batches in parallel, then one file with bookmarks and page labels.

Bytes in, bytes out; which documents, in which order and under which names is decided elsewhere.
"""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, Literal

if TYPE_CHECKING:
    from invoicebatch.formats.merged.with_pikepdf import Part


Engine = Literal["pikepdf", "pypdf"]

BATCH: Final = 100
"""Documents a job."""

MAX_DOCUMENTS: Final = 10_000
"""Documents a file: merging takes memory for every page, so a larger selection becomes several files."""


@dataclass(frozen=True, slots=True)
class MergeJob:
    """Some documents to put one after the other: a title and a verified file for each."""

    titles: tuple[str, ...]
    paths: tuple[Path, ...]
    engine: Engine = "pikepdf"


def merge_jobs(
    titles: Sequence[str], paths: Sequence[Path], engine: Engine = "pikepdf", size: int = BATCH
) -> Iterator[MergeJob]:
    """Documents in batches of `size`, in order."""
    for start in range(0, len(paths), size):
        end = start + size
        yield MergeJob(tuple(titles[start:end]), tuple(paths[start:end]), engine)


def merge_batch(job: MergeJob) -> "Part":
    """One batch as a PDF, with the page count of each document; picklable by name.

    A file that is no readable PDF is left out and named in `Part.faults`.
    """
    documents = [path.read_bytes() for path in job.paths]
    if job.engine == "pypdf":
        from invoicebatch.formats.merged import with_pypdf

        return with_pypdf.merge_batch(job.titles, documents)
    from invoicebatch.formats.merged import with_pikepdf

    return with_pikepdf.merge_batch(job.titles, documents)


def write_merged(parts: "Sequence[Part]", out: BinaryIO, title: str, engine: Engine = "pikepdf") -> None:
    """Write the parts as one PDF/A-2b with a bookmark and page labels for each document.

    Args:
        parts: of `merge_batch`, in order.
        out: an open binary stream.
        title: of the document information.
        engine: `pikepdf`, or `pypdf` at four to eight times its time.
    """
    if engine == "pypdf":
        from invoicebatch.formats.merged import with_pypdf

        with_pypdf.write_merged(parts, out, title)
    else:
        from invoicebatch.formats.merged import with_pikepdf

        with_pikepdf.write_merged(parts, out, title)


def merge(titles: Sequence[str], paths: Sequence[Path], title: str, engine: Engine = "pikepdf") -> bytes:
    """The whole merge in this process, for a handful of documents."""
    out = io.BytesIO()
    write_merged([merge_batch(job) for job in merge_jobs(titles, paths, engine)], out, title, engine)
    return out.getvalue()
