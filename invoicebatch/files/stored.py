"""Stored documents: found inside the archive, their bytes checked against the hash they were stored with."""

import hashlib
from enum import StrEnum
from pathlib import Path
from typing import Final

import pandas as pd

from invoicebatch.errors import DocumentError
from invoicebatch.files.publish import sha256_of

DOCUMENTS: Final = "documents"
"""Folder of the stored documents, in the data folder; it may be a link to a folder elsewhere."""
CLOSED: Final = "archive"
"""Folder of what is closed and out of the live state, in the data folder; it may be such a link, too."""


class DocumentState(StrEnum):
    """What is found where a document was stored."""

    SOUND = "sound"
    MISSING = "missing"
    UNREADABLE = "not readable"
    CHANGED = "changed since it was stored"
    OUTSIDE = "outside the archive"

    @property
    def sentence(self) -> str:
        """The state as what a document "is" or "was"."""
        return f"was {self}" if self is DocumentState.CHANGED else f"is {self}"


def document_state(archive: Path, path: str, sha256: str, *further: Path) -> DocumentState:
    """What is found at the path of a stored document.

    Args:
        archive: the data folder.
        path: relative to the archive, or absolute inside it or a further folder.
        sha256: of the bytes that were stored.
        further: other folders that it may lie in, such as the one a run publishes in.
    """
    file = (archive / path).resolve()
    folders = (archive, archive / DOCUMENTS, archive / CLOSED, *further)  # they may be links elsewhere
    if not any(file.is_relative_to(folder.resolve()) for folder in folders):
        return DocumentState.OUTSIDE
    try:
        if not file.is_file():
            return DocumentState.MISSING
        return DocumentState.SOUND if sha256_of(file) == sha256 else DocumentState.CHANGED
    except OSError:
        return DocumentState.UNREADABLE


def stored_document(archive: Path, path: str, sha256: str, *further: Path) -> Path:
    """The file of a stored document; arguments as of `document_state`.

    Raises:
        DocumentError: it is missing, changed, not readable, or lies elsewhere.
    """
    state = document_state(archive, path, sha256, *further)
    if state is not DocumentState.SOUND:
        raise _unsound(path, state)
    return archive / path


def document_bytes(file: Path, sha256: str) -> bytes:
    """The bytes of a stored document, as they were stored.

    Raises:
        DocumentError: it is missing, changed or not readable.
    """
    try:
        data = file.read_bytes()
    except FileNotFoundError as error:
        raise _unsound(file, DocumentState.MISSING) from error
    except OSError as error:
        raise _unsound(file, DocumentState.UNREADABLE) from error
    if hashlib.sha256(data).hexdigest() != sha256:
        raise _unsound(file, DocumentState.CHANGED)
    return data


def _unsound(path: Path | str, state: DocumentState) -> DocumentError:
    return DocumentError(
        f"document {path} {state.sentence}", "Restore it from a backup, or regenerate the invoice."
    )


def stored_path(data: Path, path: Path) -> str:
    """How the state names a file or folder: from the data folder where it lies there, so that both may move to any system."""
    return path.relative_to(data).as_posix() if path.is_relative_to(data) else str(path)


def whole_paths(data: Path, paths: "pd.Series[str]") -> "pd.Series[str]":
    """Paths as the state names them, from the root of the machine on; a missing one stays missing."""
    return paths.map(lambda path: str(data / path), na_action="ignore").astype("str")
