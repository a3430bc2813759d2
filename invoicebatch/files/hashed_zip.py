"""A ZIP file with a list of all that is in it, each file with its hash; whole on disk or not there at all."""

import hashlib
import json
import os
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO, Final

from invoicebatch.files.publish import sha256_of
from invoicebatch.files.whole import write_whole

_BLOCK: Final = 1 << 20

Entry = tuple[str, Path | bytes]
"""Name in the ZIP, and its bytes or the file that holds them."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One file of the list.

    Attributes:
        name: its path.
        sha256: hash of its bytes.
        size: bytes.
        held_by: name of the earlier ZIP that holds its bytes; empty: this one does.
    """

    name: str
    sha256: str
    size: int
    held_by: str = ""


def write_hashed_zip(
    target: Path,
    entries: Iterable[Entry],
    about: Mapping[str, Any],
    *,
    manifest: str,
    held: Mapping[str, Listed] | None = None,
) -> tuple[list[Listed], str]:
    """Write a new ZIP, for its owner alone; returns its list and the SHA-256 of the manifest.

    Args:
        target: the file; it must not be there.
        entries: what goes in, each name once; a file that has vanished meanwhile is left out.
        about: kept in the manifest beside the list, `files`.
        manifest: name of the manifest in the ZIP.
        held: by name, files that need not be written where they are still the same.

    Raises:
        InputFileError: the target exists.
        StorageError: the disk failed.
    """
    listed: dict[str, Listed] = {}
    sealed: list[str] = []

    def write(handle: BinaryIO) -> None:
        os.fchmod(handle.fileno(), 0o600)
        with zipfile.ZipFile(handle, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for name, source in entries:
                if name not in listed and (one := _add(archive, name, source, (held or {}).get(name))):
                    listed[name] = one
            rows = [asdict(one) for one in listed.values()]
            text = json.dumps({**about, "files": rows}, ensure_ascii=False, indent=1).encode()
            archive.writestr(manifest, text)
            sealed.append(hashlib.sha256(text).hexdigest())

    write_whole(target, write)
    return list(listed.values()), sealed[0]


def _add(archive: zipfile.ZipFile, name: str, source: Path | bytes, held: Listed | None) -> Listed | None:
    if isinstance(source, bytes):
        archive.writestr(name, source)
        return Listed(name, hashlib.sha256(source).hexdigest(), len(source))
    try:
        if held and source.stat().st_size == held.size and sha256_of(source) == held.sha256:
            return held
        with source.open("rb") as opened, archive.open(name, "w", force_zip64=True) as sink:
            return copy(name, opened, sink)
    except FileNotFoundError:
        return None  # published or removed since it was listed


def copy(name: str, source: IO[bytes], sink: IO[bytes]) -> Listed:
    """Copy a file's bytes and say what they were."""
    digest, size = hashlib.sha256(), 0
    while block := source.read(_BLOCK):
        digest.update(block)
        sink.write(block)
        size += len(block)
    return Listed(name, digest.hexdigest(), size)
