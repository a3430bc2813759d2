"""Check an audit pack: python verify.py PACK.zip [--manifest HASH] [--head HASH].

Needs Python alone. Every file must be there with its hash, no other may be, and every event and change of
an invoice must be the one that was chained when it was written. What is wrong is named, one line each; the
exit code is 1 then. Where a customer was erased, what was erased is said, and that its hash was kept: that is
no fault. The two hashes are those that were printed when the pack was written, or that a colleague
kept: without them a pack that was made anew as a whole can't be told from the first.
"""

import argparse
import hashlib
import json
import sys
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

WHOLE = "The pack is whole: every file, event and change is as it was written."

_TABLES = ("events", "invoice_changes")

_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError)
"""What reading a damaged archive raises, beside faults of the disk."""


class NoPackError(Exception):
    """The file can't be read as an audit pack."""


def check(file: str, manifest_hash: str = "", head: str = "") -> list[str]:
    """What is wrong with a pack, one text each; empty: nothing is.

    Raises:
        NoPackError: it is none.
    """
    try:
        with _opened(file) as pack:
            return list(problems(pack, manifest_hash, head))
    except (OSError, KeyError, TypeError, ValueError, *_DAMAGE) as error:
        raise NoPackError(f"{file} can't be read as an audit pack: {error}") from error


def _opened(file: str) -> zipfile.ZipFile:
    path = Path(file)
    if path.exists() and not path.is_file():  # a device may have no end
        raise OSError("it is no file")
    return zipfile.ZipFile(file)


def problems(pack: zipfile.ZipFile, manifest_hash: str, head: str) -> Iterator[str]:
    """What is wrong with a pack, one text each."""
    raw = pack.read("manifest.json")
    manifest = json.loads(raw)
    if manifest_hash and hashlib.sha256(raw).hexdigest() != manifest_hash:
        yield "manifest.json is not the one whose hash was given"
    yield from _files(pack, manifest)
    yield from _chain(pack, head or manifest["head"])


def erased(file: str) -> list[str]:
    """What was erased of the events and changes of a pack that is whole, one text each.

    Raises:
        NoPackError: it is none.
    """
    try:
        with _opened(file) as pack:
            by = {row["by"]: row["event"]["row"] for row in _lines(pack, "chain/erasures.jsonl")}
            rows = [(table, row) for table in _TABLES for row in _lines(pack, f"chain/{table}.jsonl")]
    except (OSError, KeyError, TypeError, ValueError, *_DAMAGE) as error:
        raise NoPackError(f"{file} can't be read as an audit pack: {error}") from error
    return [
        f"{table}: {' '.join(filter(None, row['row']))[:200]}: erased on {by[row['by']][3][:19]} by {by[row['by']][4]}, hash kept"
        for table, row in rows
        if "kept" in row
    ]


def _files(pack: zipfile.ZipFile, manifest: dict[str, Any]) -> Iterator[str]:
    listed = {file["name"]: file["sha256"] for file in manifest["files"]}
    names = pack.namelist()
    for name in sorted(set(names) - set(listed) - {"manifest.json"}):
        yield f"{name} was added"
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"{name} is there twice"
    for name, sha256 in listed.items():
        if name not in names:
            yield f"{name} is missing"
            continue
        digest = hashlib.sha256()
        try:
            with pack.open(name) as file:
                while block := file.read(1 << 20):
                    digest.update(block)
        except (OSError, *_DAMAGE) as error:
            yield f"{name} can't be read: {error}"
            continue
        if digest.hexdigest() != sha256:
            yield f"{name} was altered"


def _lines(pack: zipfile.ZipFile, name: str) -> Iterator[dict[str, Any]]:
    if name == "chain/erasures.jsonl" and name not in pack.namelist():
        return  # a pack of before anything could be erased
    with pack.open(name) as file:
        for line in file:
            yield json.loads(line)


def _chain(pack: zipfile.ZipFile, head: str) -> Iterator[str]:
    """Batches follow on one another up to the head, and hold every event and change that the pack shows."""
    rows: dict[int, set[str]] = {}
    last, before = 0, ""
    for batch in _lines(pack, "chain/batches.jsonl"):
        number = batch["batch"]
        rows[number] = set(batch["rows"])
        sha256 = hashlib.sha256("".join(sorted(batch["rows"])).encode()).hexdigest()
        if number != last + 1:
            yield f"batches {last + 1} to {number - 1} of the chain are missing"
        elif (
            sha256 != batch["sha256"]
            or hashlib.sha256((before + sha256).encode()).hexdigest() != batch["head"]
        ):
            yield f"batch {number} of the chain was altered"
        last, before = number, batch["head"]
    if before != head:
        yield f"the chain ends in {before or 'nothing'}, not in {head}"
    sealed = dict(_erasures(pack, rows))
    for table in _TABLES:
        for row in _lines(pack, f"chain/{table}.jsonl"):
            found = _hash(table, row["row"])
            kept = row.get("kept", found)
            sound = kept in rows.get(row["batch"], set())
            if "kept" in row:
                left = hashlib.sha256((kept + found).encode()).hexdigest()
                sound = sound and left in sealed.get(row.get("by", ""), set())
            if not sound:
                yield f"{table}: {' '.join(row['row'])[:200]} was altered or added"


def _erasures(pack: zipfile.ZipFile, rows: dict[int, set[str]]) -> Iterator[tuple[str, set[str]]]:
    """By run the rows that it erased, where an event of the chain holds the seal over just these."""
    for one in _lines(pack, "chain/erasures.jsonl"):
        texts = one["event"]["row"]
        chained = _hash("events", texts) in rows.get(one["event"]["batch"], set())
        seal = hashlib.sha256("".join(sorted(one["rows"])).encode()).hexdigest()
        if chained and texts[0] == one["by"] and json.loads(texts[-1]).get("sealed") == seal:
            yield one["by"], set(one["rows"])


def _hash(table: str, texts: list[str]) -> str:
    return hashlib.sha256((table + "".join("\x1f" + text for text in texts)).encode()).hexdigest()


def main() -> int:
    """Run the check from the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pack")
    parser.add_argument("--manifest", default="", help="hash of manifest.json, as printed")
    parser.add_argument("--head", default="", help="head of the chain, as printed")
    given = parser.parse_args()
    try:
        found = check(given.pack, given.manifest, given.head)
    except NoPackError as error:
        found = [str(error)]
    print("\n".join(found or [*erased(given.pack), WHOLE]))  # noqa: T201 - a command of its own
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
