"""`payments match write`: the payments that wait, with their proposals, as a sheet to fill in."""

import uuid
from pathlib import Path
from typing import Any

import pandas as pd

from invoicebatch.engine.base import clock
from invoicebatch.engine.payments.incoming import waiting_with_proposals
from invoicebatch.engine.workspace import Workspace
from invoicebatch.errors import InputFileError
from invoicebatch.files.whole import write_whole
from invoicebatch.formats.workbook.matching import write_matching
from invoicebatch.formats.workbook.sheet.model import SheetMeta
from invoicebatch.model.money import to_decimal


def matching_sheet(workspace: Workspace, path: str | Path) -> tuple[Path, int]:
    """Write the payments that wait as a sheet; returns its path and how many they are.

    Raises:
        InputFileError: not .xlsx, or the file exists already.
        StorageError: the folder can't be written.
    """
    target = Path(path)
    if target.suffix.lower() != ".xlsx":
        raise InputFileError(f"{target.name} is no .xlsx", "Name the sheet F.xlsx.")
    payments, found = waiting_with_proposals(workspace.base)
    meta = SheetMeta(
        selection_id=str(uuid.uuid4()), workspace_id=workspace.base.id, made_at=clock.now(),
        user=workspace.base.user, selection="payments to be matched",
    )  # fmt: skip
    rows = _with_words(payments, found)
    return write_whole(target, lambda out: write_matching(out, rows, meta)), len(rows)


def _with_words(payments: pd.DataFrame, found: pd.DataFrame) -> pd.DataFrame:
    """The sheet's rows: the first proposal of each payment in words and as a key, the others in words."""
    words: dict[str, list[dict[str, Any]]] = {}
    for (payment, _), rows in found.groupby(["payment_id", "proposal"], sort=True):
        words.setdefault(str(payment), []).append(
            {
                "proposal": "; ".join(
                    f"{number} {to_decimal(cents)}"
                    for number, cents in zip(rows["number"], rows["cents"], strict=True)
                ),
                "evidence": rows["evidence"].iloc[0],
                "key": ";".join(
                    f"{one}:{cents}:{'x' if beyond else ''}"
                    for one, cents, beyond in zip(
                        rows["invoice_id"], rows["cents"], rows["beyond"], strict=True
                    )
                ),
            }
        )
    listed = [words.get(payment, []) for payment in payments["payment_id"]]
    first = {
        name: pd.Series([one[0][name] if one else None for one in listed], payments.index, dtype="str")
        for name in ("proposal", "evidence", "key")
    }
    others = [
        " | ".join(f"{one['proposal']}: {one['evidence']}" for one in more[1:]) or None for more in listed
    ]
    said = [
        " ".join(text for text in texts if isinstance(text, str))
        for texts in zip(payments["reference"], payments["documents"], payments["text"], strict=True)
    ]
    return payments.assign(**first, others=pd.array(others, dtype="str"), said=pd.array(said, dtype="str"))
