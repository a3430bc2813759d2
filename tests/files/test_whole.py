"""Writing one file: whole or not at all, and over nothing unless asked."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO

import pytest

from invoicebatch.errors import InputFileError, StorageError
from invoicebatch.files.layout import lay_out
from invoicebatch.files.whole import make_folders, name_whole, remove, temporary_folder, write_whole


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_text_bytes_and_functions_are_written_into_folders_that_are_made(tmp_path: Path) -> None:
    text = write_whole(tmp_path / "a/b/text.txt", "grün")
    data = write_whole(tmp_path / "a/data.bin", b"\x00\xff")
    called = write_whole(tmp_path / "a/called.bin", lambda out: out.write(b"called"))
    assert text.read_bytes() == "grün".encode()
    assert data.read_bytes() == b"\x00\xff"
    assert called.read_bytes() == b"called"
    assert names(tmp_path / "a") == ["b", "called.bin", "data.bin"]


def test_a_name_that_is_taken_is_refused_and_its_file_left_alone(tmp_path: Path) -> None:
    path = write_whole(tmp_path / "sheet.xlsx", b"somebody's work")
    with pytest.raises(InputFileError, match="exists already"):
        write_whole(path, b"other")
    assert path.read_bytes() == b"somebody's work"
    assert names(tmp_path) == ["sheet.xlsx"]


def test_a_name_that_is_taken_while_the_file_is_written_is_refused_too(tmp_path: Path) -> None:
    path = tmp_path / "sheet.xlsx"

    def slow(out: BinaryIO) -> None:
        out.write(b"ours")
        path.write_bytes(b"theirs")

    with pytest.raises(InputFileError, match="exists already"):
        write_whole(path, slow)
    assert path.read_bytes() == b"theirs"
    assert names(tmp_path) == ["sheet.xlsx"]


def test_keep_replace_and_number(tmp_path: Path) -> None:
    path = write_whole(tmp_path / "a.txt", "first")
    assert write_whole(path, "second", on_clash="keep") == path
    assert path.read_text() == "first"
    assert write_whole(path, "second", on_clash="number").name == "a (2).txt"
    assert write_whole(path, "second", on_clash="number").name == "a (3).txt"
    assert path.read_text() == "first"
    assert write_whole(path, "third", on_clash="replace") == path
    assert path.read_text() == "third"


def test_many_at_once_never_share_a_number(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        wrote = list(
            pool.map(lambda n: write_whole(tmp_path / "a.txt", str(n), on_clash="number"), range(40))
        )
    assert len(set(wrote)) == 40
    assert {int(path.read_text()) for path in wrote} == set(range(40))


def test_nothing_is_left_of_a_file_whose_writing_fails(tmp_path: Path) -> None:
    path = write_whole(tmp_path / "a.txt", "first")

    def broken(out: BinaryIO) -> None:
        out.write(b"half")
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        write_whole(path, broken, on_clash="replace")
    assert path.read_text() == "first"
    assert names(tmp_path) == ["a.txt"]


def test_a_half_written_file_lies_in_the_scratch_folder(tmp_path: Path) -> None:
    seen: list[list[str]] = []

    def look(out: BinaryIO) -> None:
        out.write(b"mail")
        seen.append([path.parent.name for path in tmp_path.rglob("*.part")])

    write_whole(tmp_path / "new/1.eml", look, scratch=tmp_path / "tmp")
    assert seen == [["tmp"]]
    assert names(tmp_path / "tmp") == []


@pytest.mark.parametrize("on_clash", ["refuse", "number", "keep"])
def test_a_disk_without_hard_links_is_written_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, on_clash: str
) -> None:
    def no_links(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    path = write_whole(tmp_path / "a.txt", "x", on_clash=on_clash)  # type: ignore[arg-type]
    assert path.read_text() == "x"
    assert names(tmp_path) == ["a.txt"]


def test_another_programs_file_gets_its_name(tmp_path: Path) -> None:
    part = tmp_path / "output.part.ipynb"
    for expected in ("output.ipynb", "output (2).ipynb"):
        part.write_text("{}")
        assert name_whole(part, tmp_path / "output.ipynb", on_clash="number").name == expected
    assert names(tmp_path) == ["output (2).ipynb", "output.ipynb"]


@pytest.mark.parametrize(
    "act",
    [
        lambda path: write_whole(path / "a.txt", "x"),
        make_folders,
        remove,
        lambda path: temporary_folder(path).__enter__(),
    ],
)
def test_a_folder_that_can_not_be_written_is_named(tmp_path: Path, act: object) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="can't be written"):
        act(tmp_path / "file" / "folder")  # type: ignore[operator]


def test_a_file_that_is_gone_can_be_removed(tmp_path: Path) -> None:
    path = write_whole(tmp_path / "a.txt", "x")
    remove(path)
    remove(path)
    assert names(tmp_path) == []


def test_laying_out_again_leaves_edited_files_alone_and_completes_the_rest(tmp_path: Path) -> None:
    lay_out(tmp_path)
    rules = tmp_path / "rules" / "actions.toml"
    edited = rules.read_text() + "\n# ours\n"
    rules.write_text(edited)
    remove(tmp_path / "rules" / "facts.toml")
    lay_out(tmp_path)
    assert rules.read_text() == edited
    assert (tmp_path / "rules" / "facts.toml").is_file()
    assert not list(tmp_path.rglob("*.part"))
