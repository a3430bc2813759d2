"""ZIP archives written as a stream, the same bytes for the same files, under names that are unique anywhere.

Nothing is read here but the files handed over, and nothing is written but the given stream.
"""

import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from invoicebatch.files.names import safe_name

__all__ = ["Entry", "copy_file", "safe_name", "unique_name", "unique_names", "write_zip"]

_DATE: Final = (1980, 1, 1, 0, 0, 0)
_BLOCK: Final = 1 << 20
_TEXTS: Final = (".csv", ".xml")


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of an archive: its name inside, with ``/`` between folders, and what it holds."""

    name: str
    content: bytes | Path


def unique_names(names: Iterable[str]) -> list[str]:
    """The same names, later ones numbered where they would fall together on any system."""
    used: set[str] = set()
    return [unique_name(name, used) for name in names]


def unique_name(name: str, used: set[str]) -> str:
    """The name, numbered where it would fall together with one that is used; it is used then."""
    stem, dot, suffix = name.rpartition(".")
    candidate, count = name, 1
    while candidate.casefold() in used:
        count += 1
        candidate = f"{stem} ({count}){dot}{suffix}" if dot else f"{name} ({count})"
    used.add(candidate.casefold())
    return candidate


def write_zip(entries: Iterable[Entry], out: BinaryIO) -> None:
    """Write a ZIP: CSV and XML deflated, all else stored; ZIP64 where needed.

    PDFs and workbooks are compressed inside, and storing keeps the disk's speed. Memory use does
    not grow with the number or size of the files.

    Args:
        entries: files in order, names unique.
        out: an open binary stream; it need not be seekable.
    """
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for entry in entries:
            info = zipfile.ZipInfo(entry.name, _DATE)
            info.external_attr = 0o644 << 16
            info.create_system = 3
            if isinstance(entry.content, bytes):
                deflated = entry.name.endswith(_TEXTS)
                info.compress_type = zipfile.ZIP_DEFLATED if deflated else zipfile.ZIP_STORED
                archive.writestr(info, entry.content)
            else:
                _copy(archive, info, entry.content)


def _copy(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path) -> None:
    info.file_size = path.stat().st_size
    with path.open("rb") as source, archive.open(info, "w") as target:
        while block := source.read(_BLOCK):
            target.write(block)


def copy_file(path: Path, out: BinaryIO) -> None:
    """Write a file's bytes to a stream."""
    with path.open("rb") as source:
        while block := source.read(_BLOCK):
            out.write(block)
