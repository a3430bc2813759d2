"""A backup as one ZIP file: every file of a workspace with its hash, restored only where each hash is right.

Stored documents never change, so a later backup may leave out those that an earlier one holds.
"""

import hashlib
import json
import os
import shutil
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO, Any, Final

from invoicebatch.errors import InputFileError
from invoicebatch.files.publish import inside, sha256_of, storage_error, sync_path

MANIFEST: Final = "backup.json"
FORM: Final = "invoicebatch backup 1"
_BLOCK: Final = 1 << 20
_MOST_FILES_BYTES: Final = 1 << 30
"""A list of files longer than this is none of ours."""


@dataclass(frozen=True, slots=True)
class BackedUp:
    """One file of a backup.

    Attributes:
        name: its path in the workspace.
        sha256: hash of its bytes.
        size: bytes.
        held_by: name of the earlier backup that holds its bytes; empty: this one does.
    """

    name: str
    sha256: str
    size: int
    held_by: str = ""


def write_backup(
    target: Path, files: Iterable[tuple[str, Path]], about: Mapping[str, str], earlier: Path | None = None
) -> list[BackedUp]:
    """Write files to a new ZIP, readable by its owner alone; it has its name once it is whole on disk.

    Args:
        target: the file; it must not be there.
        files: name in the workspace, and where it is; what has vanished meanwhile is left out.
        about: kept beside the list of files.
        earlier: a backup whose files need not be held again.

    Raises:
        InputFileError: the target exists, or the earlier file is no backup.
        StorageError: the disk failed.
    """
    held = {file.name: file for file in read_manifest(earlier)[1]} if earlier else {}
    by = earlier.name if earlier else ""
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(part, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600), "w+b") as handle:
            written = _write(
                handle, files, about, {n: replace(f, held_by=f.held_by or by) for n, f in held.items()}
            )
        sync_path(part)
        os.link(part, target)
        sync_path(target.parent)
    except FileExistsError as error:
        raise InputFileError(
            f"{target} exists already.", "Give a new name; no backup is overwritten."
        ) from error
    except OSError as error:
        raise storage_error(target, error) from error
    finally:
        part.unlink(missing_ok=True)
    return written


def _write(
    handle: IO[bytes],
    files: Iterable[tuple[str, Path]],
    about: Mapping[str, str],
    held: Mapping[str, BackedUp],
) -> list[BackedUp]:
    written: dict[str, BackedUp] = {}
    with zipfile.ZipFile(handle, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, path in files:
            if name in written:
                continue
            try:
                before = held.get(name)
                same = before and path.stat().st_size == before.size and sha256_of(path) == before.sha256
                written[name] = before if before and same else _pack(archive, name, path)
            except FileNotFoundError:
                continue  # published or removed since it was listed
        rows = [asdict(file) for file in written.values()]
        archive.writestr(MANIFEST, json.dumps({"form": FORM, **about, "files": rows}, ensure_ascii=False))
    return list(written.values())


def _pack(archive: zipfile.ZipFile, name: str, path: Path) -> BackedUp:
    with path.open("rb") as source, archive.open(f"files/{name}", "w", force_zip64=True) as sink:
        return _copy(name, source, sink)


def _copy(name: str, source: IO[bytes], sink: IO[bytes]) -> BackedUp:
    digest, size = hashlib.sha256(), 0
    while block := source.read(_BLOCK):
        digest.update(block)
        sink.write(block)
        size += len(block)
    return BackedUp(name, digest.hexdigest(), size)


def read_manifest(file: Path) -> tuple[dict[str, Any], list[BackedUp]]:
    """What a backup says about itself, and its files.

    Raises:
        InputFileError: the file is no backup of ours, or can't be read.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            whole = archive.getinfo(MANIFEST).file_size <= _MOST_FILES_BYTES
            about = json.loads(archive.read(MANIFEST) if whole else "{}")
        if about.pop("form", "") != FORM:
            raise KeyError("it has no list of files of this version")  # noqa: TRY301 - told with the others
        return about, [BackedUp(**row) for row in about.pop("files")]
    except (OSError, zipfile.BadZipFile, KeyError, TypeError, ValueError) as error:
        raise InputFileError(
            f"{file} is not a backup that can be read: {error}", "Choose another file."
        ) from error


def restore_backup(file: Path, target: Path) -> list[BackedUp]:
    """Write a backup's files to a new folder; it has its name once every file is whole and its hash right.

    Args:
        file: the backup; earlier ones that it names lie beside it.
        target: the folder; it must not be there, or be empty.

    Raises:
        InputFileError: the file is no backup, one is missing or damaged, or the folder is not empty.
        StorageError: the disk failed.
    """
    _, files = read_manifest(file)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise InputFileError(f"{target} is not an empty folder.", "Restore into a new folder.")
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        part.mkdir(parents=True, mode=0o700)
        for holder in dict.fromkeys(each.held_by for each in files):
            held = [each for each in files if each.held_by == holder]
            _unpack(inside(file.parent, holder) if holder else file, held, part)
        if target.exists():
            target.rmdir()
        part.rename(target)
        sync_path(target.parent)
    except OSError as error:
        raise storage_error(target, error) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return files


def _unpack(holder: Path, files: list[BackedUp], folder: Path) -> None:
    try:
        with zipfile.ZipFile(holder) as archive:
            for file in files:
                path = inside(folder, file.name)
                path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                with archive.open(f"files/{file.name}") as source, path.open("xb") as sink:
                    path.chmod(0o600)
                    if _copy(file.name, source, sink) != replace(file, held_by=""):
                        raise InputFileError(
                            f"{holder}: {file.name} is damaged: its hash is another.", "Use another backup."
                        )
                sync_path(path)
    except (zipfile.BadZipFile, KeyError, FileNotFoundError, EOFError) as error:
        raise InputFileError(
            f"{holder} does not hold what it should: {error}",
            "Use another backup; keep earlier ones beside it.",
        ) from error
