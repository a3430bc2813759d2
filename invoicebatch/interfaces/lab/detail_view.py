"""One invoice beside the grid: what the browser draws of it, read in a thread; actions and first page follow."""

import threading
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from invoicebatch.engine.detail import Detail
from invoicebatch.errors import InvoicebatchError
from invoicebatch.interfaces.lab.columns import column
from invoicebatch.interfaces.lab.session import Session
from invoicebatch.interfaces.lab.tables import table

FACTS: Final = (
    "customer_name", "customer_id", "status", "payment_status", "shipping_status", "export_status", "total_cents",
    "outstanding_cents", "invoice_date", "due_date", "days_overdue", "account_name", "order_reference", "review_reasons",
    "failure", "busy_action",
)  # fmt: skip
"""What stands beside the page, where it is there."""

CHUNK: Final = 4 * 1024 * 1024
"""Bytes of a file sent to the browser at a time."""


class Details:
    """The detail of one row at a time; a later one takes the place of an earlier one."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._reading = threading.Thread()
        self._last: tuple[int, Detail] | None = None
        session.extend({"detail": self._open, "document": self._document, "customer": self._customer})

    def wait(self) -> None:
        """Wait for what is being read."""
        if self._reading.is_alive():
            self._reading.join()

    def _open(self, message: Mapping[str, Any]) -> None:
        at, order = int(message["at"]), self._session.view.order
        if at < len(order):
            invoice_id = int(self._session.view.ids[order[at]])
            self._reading = threading.Thread(target=self._read, args=(at, invoice_id))
            self._reading.start()

    def _read(self, at: int, invoice_id: int) -> None:
        try:
            detail = self._session.backend.detail(invoice_id)
            self._last = invoice_id, detail
            self._session.send({"kind": "detail", "at": at, **describe(detail)}, [])
            actions = detail.actions.to_dict("records")
            self._session.send({"kind": "detailactions", "id": invoice_id, "actions": actions}, [])
        except Exception as error:  # noqa: BLE001 - a thread has nobody else to tell
            self._session.tell(InvoicebatchError(getattr(error, "message", "") or str(error)))
            return
        self._send_page(invoice_id, detail)

    def _send_page(self, invoice_id: int, detail: Detail) -> None:
        """The picture; without one, why there is none."""
        try:
            page, why = [detail.page], ""
        except Exception as error:  # noqa: BLE001 - whatever a stored file does, the rest is shown
            page, why = [], getattr(error, "message", "") or str(error)
        self._session.send({"kind": "detailpage", "id": invoice_id, "why": why}, page)

    def _document(self, message: Mapping[str, Any]) -> None:
        """The document of the invoice that is asked for, whichever was read last."""
        invoice_id, last = int(message["id"]), self._last
        detail = last[1] if last and last[0] == invoice_id else self._session.backend.detail(invoice_id)
        if detail.pdf is None:
            raise InvoicebatchError("This invoice has no document yet.")
        send_file(self._session, f"{detail.name}.pdf", detail.pdf, show=True)

    def _customer(self, message: Mapping[str, Any]) -> None:
        rows = self._session.rows_of(np.array([message["id"]]))
        for customer in rows["customer_id"].dropna():
            self._session.filter_by("customer_id", str(customer))


def send_file(session: Session, name: str, content: bytes, *, show: bool = False) -> None:
    """Send a file to the browser in parts; to be shown, else to be kept."""
    parts = [content[at : at + CHUNK] for at in range(0, len(content), CHUNK)] or [b""]
    for number, part in enumerate(parts):
        told = {"kind": "file", "name": name, "part": number, "parts": len(parts), "show": show}
        session.send(told, [part])


def describe(detail: Detail) -> dict[str, Any]:
    """The detail as JSON: facts, tables, bars of the usage."""
    row = detail.invoice.iloc[0]
    parts = {name: frame for name, frame in detail.parts.items() if name != "usage"}
    usage = detail.parts.get("usage", pd.DataFrame())
    return {
        "id": int(row["invoice_id"]),
        "name": detail.name,
        "title": f"{column('kind').choices[str(row['kind'])]} {detail.name}",
        "currency": str(row["currency"]),
        "stored": bool(pd.notna(row["document_path"])),
        "facts": table("facts", _filled(detail.invoice[[key for key in FACTS if key in detail.invoice]])),
        "parts": [
            table(name, _filled(frame.drop(columns="currency", errors="ignore")))
            for name, frame in parts.items()
        ],
        "usage": table("usage", usage) if len(usage) > 1 else None,
    }


def _filled(frame: pd.DataFrame) -> pd.DataFrame:
    """Without the columns that are empty throughout."""
    filled = [name for name in frame.columns if frame[name].astype("str").fillna("").ne("").any()]
    return frame[filled]
