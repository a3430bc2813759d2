"""File names: whatever a number or customer is called, the file opens on every system and stays in its folder."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from invoicebatch.actions import registry
from invoicebatch.files.names import run_folder, safe_name


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026/000123", "2026-000123"),
        ("../../etc/passwd", "-..-etc-passwd"),
        ("C:\\invoices\\1", "C-invoices-1"),
        ("con", "_con"),
        ("NUL.pdf", "_NUL.pdf"),
        ("com1", "_com1"),
        ("console", "console"),
        ("aux .txt", "_aux .txt"),
        ("COM¹", "_COM¹"),
        ("CONIN$", "_CONIN$"),
        ("lpt9.tar.gz", "_lpt9.tar.gz"),
        ("invoice . ", "invoice"),
        ("a. . ", "a"),
        ("..", "_"),
        ("", "_"),
        ("a\x00b\nc", "a-b-c"),
        ("Łódź & Søn", "Łódź & Søn"),
        ("e\u0301", "é"),
    ],
)
def test_only_what_no_system_takes_is_replaced(text: str, expected: str) -> None:
    assert safe_name(text) == expected


@given(st.text())
@example("東" * 150)
@example("🧾" * 120)
@example("\ud800")
@example("x" * 119 + ".")
def test_any_text_becomes_a_name_that_every_file_system_takes(text: str) -> None:
    name = safe_name(text)
    assert name not in ("", ".", "..")
    assert not set(name) & set('<>:"/\\|?*\x00\n')
    assert name == name.strip(" ").rstrip(".")
    assert len(f"{name} (9999).part".encode()) <= 255
    assert safe_name(name) == name


def test_the_longest_names_can_be_written(tmp_path: Path) -> None:
    for text in ("東" * 300, "🧾" * 300, "é" * 300, "x" * 300):
        (tmp_path / f"{safe_name(text)}.pdf").write_bytes(b"x")
    assert len(list(tmp_path.iterdir())) == 4


def test_a_workspace_near_the_root_stays_below_what_windows_takes() -> None:
    """260 characters with the ending zero: sixty for where the workspace lies, the rest for what we add to it."""
    started = datetime(2026, 11, 22, 15, 30, 12, tzinfo=UTC)
    longest = max(registry(), key=len)
    of_run = run_folder(Path("data/runs"), started, longest, "a" * 32) / f"output.{'a' * 32}.part.ipynb"
    of_document = (
        Path("data/documents") / safe_name("NL" * 20) / "2026" / f"{safe_name('F' * 60)}-1234567-v12.pdf"
    )
    assert max(len(str(of_run)), len(str(of_document))) + 60 < 259
