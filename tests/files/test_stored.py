"""Stored documents: only the bytes that were stored are handed out, from nowhere but the archive."""

import hashlib
from pathlib import Path, PureWindowsPath

import pytest

from invoicebatch.errors import DocumentError
from invoicebatch.files.stored import (
    DocumentState,
    document_bytes,
    document_state,
    stored_document,
    stored_path,
)

BYTES = b"%PDF-1.7 the document"
SHA256 = hashlib.sha256(BYTES).hexdigest()


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    for place in ("data/documents", "run"):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "a.pdf").write_bytes(BYTES)
    (tmp_path / "secret.pdf").write_bytes(BYTES)
    return tmp_path / "data"


def test_the_file_that_was_stored_is_given(archive: Path) -> None:
    file = stored_document(archive, "documents/a.pdf", SHA256)
    assert file.read_bytes() == BYTES
    assert document_state(archive, "documents/a.pdf", SHA256) == "sound"


def test_bytes_are_those_that_were_stored_or_none(archive: Path) -> None:
    file = archive / "documents/a.pdf"
    assert document_bytes(file, SHA256) == BYTES
    file.write_bytes(BYTES + b" ")
    with pytest.raises(DocumentError, match=r"a\.pdf was changed since it was stored"):
        document_bytes(file, SHA256)
    file.unlink()
    with pytest.raises(DocumentError, match=r"a\.pdf is missing"):
        document_bytes(file, SHA256)
    file.mkdir()
    with pytest.raises(DocumentError, match=r"a\.pdf is not readable"):
        document_bytes(file, SHA256)


def test_a_changed_or_missing_one_is_told_by_its_name(archive: Path) -> None:
    (archive / "documents/a.pdf").write_bytes(BYTES + b" ")
    with pytest.raises(DocumentError, match=r"documents/a\.pdf was changed since it was stored"):
        stored_document(archive, "documents/a.pdf", SHA256)
    with pytest.raises(DocumentError, match=r"documents/b\.pdf is missing"):
        stored_document(archive, "documents/b.pdf", SHA256)
    assert document_state(archive, "documents/a.pdf", SHA256) == "changed since it was stored"
    assert document_state(archive, "documents", SHA256) == "missing"


@pytest.mark.parametrize(
    "path", ["../secret.pdf", "documents/../../secret.pdf", "{root}/secret.pdf", "link/secret.pdf"]
)
def test_no_path_leads_out_of_the_archive_even_with_the_right_bytes(archive: Path, path: str) -> None:
    (archive / "link").symlink_to(archive.parent)
    path = path.format(root=archive.parent)
    assert document_state(archive, path, SHA256) is DocumentState.OUTSIDE
    with pytest.raises(DocumentError, match="is outside the archive"):
        stored_document(archive, path, SHA256)


def test_a_runs_own_folder_is_allowed_where_it_is_named(archive: Path) -> None:
    run = archive.parent / "run"
    assert document_state(archive, str(run / "a.pdf"), SHA256) is DocumentState.OUTSIDE
    assert stored_document(archive, str(run / "a.pdf"), SHA256, run).read_bytes() == BYTES
    assert document_state(archive, str(archive.parent / "secret.pdf"), SHA256, run) is DocumentState.OUTSIDE


def test_the_state_names_a_file_alike_on_every_system() -> None:
    """A workspace that was made on Windows goes on elsewhere: its state, its backups and its audit packs."""
    data = PureWindowsPath(r"C:\billing\data")
    path = data / "documents" / "NL" / "2026" / "F1-v1.pdf"
    assert stored_path(data, path) == "documents/NL/2026/F1-v1.pdf"  # type: ignore[arg-type]
    assert PureWindowsPath(data / stored_path(data, path)) == path  # type: ignore[arg-type]
