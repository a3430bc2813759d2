"""XML documents from files, folders and ZIP archives, one by one, bounded in number and size."""

import hashlib
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from invoicebatch.files.limits import (
    ARCHIVE_DOCUMENTS,
    ARCHIVE_RATIO,
    DOCUMENT_BYTES,
    TABLE_BYTES,
    open_bounded,
    words,
)


@dataclass(frozen=True, slots=True)
class Found:
    """A document's name and bytes, or why it can't be read."""

    name: str
    data: bytes = b""
    reason: str = ""

    @property
    def sha256(self) -> str:
        """SHA-256 of its bytes."""
        return hashlib.sha256(self.data).hexdigest()


def documents_in(paths: Iterable[Path]) -> Iterator[Found]:
    """Every document of the given files, folders (with their subfolders) and ZIP archives.

    Raises:
        InputFileError: a path does not exist or can't be read.
    """
    for path in paths:
        if path.is_dir():
            for file in sorted(
                p for p in path.rglob("*") if p.suffix.lower() in (".xml", ".zip") and p.is_file()
            ):
                yield from _file(file, str(file.relative_to(path)))
        else:
            yield from _file(path, path.name)


def _file(path: Path, name: str) -> Iterator[Found]:
    with open_bounded(path, TABLE_BYTES) as file:
        if zipfile.is_zipfile(file):
            yield from _archive(path, name)
        elif path.stat().st_size > DOCUMENT_BYTES:
            yield Found(name, reason=_too_large())
        else:
            file.seek(0)
            yield Found(name, file.read())


def _archive(path: Path, name: str) -> Iterator[Found]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = [m for m in archive.infolist() if not m.is_dir() and not _is_noise(m.filename)]
            if len(members) > ARCHIVE_DOCUMENTS:
                yield Found(name, reason=f"The archive holds more than {ARCHIVE_DOCUMENTS:,} files: split it")
                return
            for member in members:
                yield _member(archive, member, f"{name}/{member.filename}")
    except (zipfile.BadZipFile, NotImplementedError, OSError, UnicodeDecodeError) as error:
        yield Found(name, reason=f"The archive is damaged: {error}")


def _is_noise(filename: str) -> bool:
    return filename.startswith("__MACOSX/") or filename.rpartition("/")[2].startswith(".")


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str) -> Found:
    if not member.filename.lower().endswith(".xml"):
        return Found(name, reason="Only XML documents are read from an archive")
    if member.file_size > DOCUMENT_BYTES:
        return Found(name, reason=_too_large())
    if member.file_size > (1 << 20) and member.file_size > ARCHIVE_RATIO * max(member.compress_size, 1):
        return Found(name, reason="The archive unfolds to far more than it holds, as an archive bomb does")
    try:
        with archive.open(member) as stream:
            data = stream.read(DOCUMENT_BYTES + 1)
    except (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError, OSError, UnicodeDecodeError) as error:
        return Found(name, reason=f"It can't be taken out of the archive: {error}")
    return Found(name, data) if len(data) <= DOCUMENT_BYTES else Found(name, reason=_too_large())


def _too_large() -> str:
    return f"The document is larger than {words(DOCUMENT_BYTES)}"
