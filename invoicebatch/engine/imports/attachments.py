"""Attachments of invoices from a folder: a file belongs to the invoice whose number its name, or its folder's, begins with."""

import base64
import re
import uuid
from collections.abc import Mapping
from mimetypes import guess_type
from pathlib import Path
from typing import Final

import pandas as pd

from invoicebatch.engine.base import clock
from invoicebatch.engine.base.workspace_base import WorkspaceBase
from invoicebatch.engine.run.record import Record, record
from invoicebatch.errors import InputFileError
from invoicebatch.files.names import safe_name
from invoicebatch.formats.validation.official import code_lists

COLUMNS: Final = ("file", "number", "outcome")
TAKEN: Final = "taken"
KNOWN: Final = "known already"
LARGEST_MB: Final = 10
"""Largest attachment; our own caution, as for the PDF inside a document."""

_SAME_NAME: Final = "another file of this name is attached already: give it another name"
_COMPARED: Final = ("invoice_id", "attachment_no", "filename", "content_base64")
_AFTER_NUMBER: Final = re.compile(r"[-_. ]|$")


def import_attachments(workspace: WorkspaceBase, folder: Path) -> pd.DataFrame:
    """Keep the files of a folder with their invoices; the same file again changes nothing.

    Returns:
        One row a file: file, number, and outcome str: `taken`, `known already`, or why it was not taken.

    Raises:
        InputFileError: no such folder.
    """
    if not folder.is_dir():
        raise InputFileError(f"{folder} is not a folder.", "Give the folder your attachments are stored in.")
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    with workspace.store.write() as session:
        invoices = session.overview(["number"], clock.today()).dropna()
        by_name = {
            safe_name(str(number)): group["invoice_id"].tolist()
            for number, group in invoices.groupby("number")
        }
        owners = [_owner(path, folder, by_name) for path in files]
        found = pd.Series([one for _, ids in owners for one in ids], dtype="int64")
        held = session.rows_of("attachments", "invoice_id", found, _COMPARED)
        kept = zip(held["invoice_id"], held["filename"], held["content_base64"], strict=True)
        seen = {(invoice, name): content for invoice, name, content in kept}
        counts = held.groupby("invoice_id")["attachment_no"].max().to_dict()
        rows, outcomes = [], []
        for path, (name, ids) in zip(files, owners, strict=True):
            reason, content = _judged(path, name, ids)
            if not reason and (ids[0], path.name) in seen:
                reason = KNOWN if seen[ids[0], path.name] == content else _SAME_NAME
            outcomes.append((str(path.relative_to(folder)), name, reason or TAKEN))
            if not reason:
                number = counts[ids[0]] = counts.get(ids[0], 0) + 1
                seen[ids[0], path.name] = content
                rows.append((ids[0], number, path.stem, path.name, guess_type(path.name)[0], content))
        if rows:
            columns = ["invoice_id", "attachment_no", "reference", "filename", "mime_code", "content_base64"]
            added = pd.DataFrame(rows, columns=columns)
            session.insert("attachments", added)
            words = f"{len(rows)} attachments"
            made = Record(str(uuid.uuid4()), "attachments", words, workspace.user, {"folder": str(folder)})
            record(session, made, added["invoice_id"])
    return pd.DataFrame(outcomes, columns=list(COLUMNS)).astype("str")


def _owner(path: Path, folder: Path, by_name: Mapping[str, list[int]]) -> tuple[str, list[int]]:
    """The longest number that the file's name, or the folder's it lies in, begins with, and its invoices."""
    names = [path.stem, path.parent.name] if path.parent != folder else [path.stem]
    for name in names:
        fits = [n for n in _beginnings(name) if n in by_name]
        if fits:
            return fits[0], by_name[fits[0]]
    return "", []


def _beginnings(name: str) -> list[str]:
    """What stands before each separator of a name, and all of it, the longest first."""
    ends = {found.start() for found in _AFTER_NUMBER.finditer(name)}
    return [name[:end] for end in sorted(ends, reverse=True) if end]


def _judged(path: Path, name: str, ids: list[int]) -> tuple[str, str]:
    """Why a file can't be taken (empty: it can), and its base64 text."""
    if not ids:
        return "its name begins with no invoice number", ""
    if len(ids) > 1:
        return f"{len(ids)} documents have the number {name}", ""
    if guess_type(path.name)[0] not in code_lists()["BR-CL-24"][0]:
        return "its media type is none that an electronic invoice may hold (BR-CL-24)", ""
    if path.stat().st_size > LARGEST_MB << 20:
        return f"it is larger than {LARGEST_MB} MB", ""
    content = base64.b64encode(path.read_bytes()).decode()
    return ("" if content else "it is empty"), content
