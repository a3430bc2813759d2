"""The settings as people write them, on the machine they have."""

from pathlib import Path

import pytest

from invoicebatch.errors import SettingsError
from invoicebatch.settings import FILE, load_settings


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (r"'C:\billing\templates'", r"C:\billing\templates"),
        ('"C:/billing/templates"', "C:/billing/templates"),
        (r'"C:\\billing\\templates"', r"C:\billing\templates"),
        (r"'\\server\share\templates'", r"\\server\share\templates"),
    ],
)
def test_a_path_of_windows_is_read_as_it_is_written(tmp_path: Path, written: str, read: str) -> None:
    (tmp_path / FILE).write_text(f"[documents]\ntemplate = {written}\n")
    assert load_settings(tmp_path).documents.template == read


@pytest.mark.parametrize(
    "written", [r'"C:\billing"', r'"C:\templates"', r'"C:\Users\ann"', r'"D:\data\new"', r'"\\server\share"']
)
def test_a_backslash_that_toml_reads_otherwise_is_never_a_path(tmp_path: Path, written: str) -> None:
    (tmp_path / FILE).write_text(f"[documents]\ntemplate = {written}\n")
    with pytest.raises(SettingsError, match="single quotes"):
        load_settings(tmp_path)


def test_windows_line_ends_are_line_ends(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b'[documents]\r\nlanguage = "nl"\r\n')
    assert load_settings(tmp_path).documents.language == "nl"


@pytest.mark.parametrize(
    ("name", "written"), [("EINVOICE__SCHEMATRON", "nonsense"), ("PAYMENT", "{"), ("EXECUTOR", "processes=2")]
)
def test_a_variable_that_is_no_json_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, written: str
) -> None:
    monkeypatch.setenv(f"INVOICEBATCH_{name}", written)
    with pytest.raises(SettingsError, match=f"INVOICEBATCH_{name.partition('__')[0]}") as caught:
        load_settings(tmp_path)
    assert "JSON" in caught.value.hint
