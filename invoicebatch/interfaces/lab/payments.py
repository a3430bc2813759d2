"""The payments beside the invoices: bundles that go out, payments that came in, and what can be done with each.

What is done with a bundle is a run like any other, over the invoices of its waiting payments.
"""

import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from invoicebatch.engine.plan.report import NextStep
from invoicebatch.errors import InvoicebatchError, UsageError
from invoicebatch.interfaces.lab.detail_view import send_file
from invoicebatch.interfaces.lab.run_dialog import Runs, in_thread
from invoicebatch.interfaces.lab.session import Session
from invoicebatch.interfaces.lab.tables import table
from invoicebatch.model.counted import counted
from invoicebatch.model.money import to_cents
from invoicebatch.model.words import words

BUNDLES: Final = {
    "part": "part", "account": "account", "state": "status", "collection_date": "date", "items": "payments",
    "total_cents": "total_cents", "scheme": "scheme", "currency": "currency", "created_by": "bundled_by",
    "released_by": "released_by", "description": "description",
}  # fmt: skip
"""Columns of the bundles as they are shown, where there is anything in them."""

PAYMENTS: Final = ["number", "name", "payee_check", "amount_cents", "iban", "mandate_id", "status", "reason"]
"""Columns of a bundle's payments as they are shown, where there is anything in them."""

_MOST: Final = 500


class PaymentTabs:
    """The two tabs of one grid; each answers when its work is done, so that nothing else waits for it."""

    def __init__(self, session: Session, runs: Runs) -> None:
        self._session, self._runs = session, runs
        session.extend(
            {
                "outgoing": lambda _: self._later(self._outgoing),
                "bundle": lambda message: self._later(lambda: self._bundle(message["bundle"])),
                "bundle_action": self._act,
                "bundle_rows": self._rows,
                "bundle_file": self._file,
                "incoming": lambda _: self._later(self._incoming),
                "book": lambda message: self._later(lambda: self._book(message["ticks"])),
                "set_aside": lambda message: self._later(lambda: self._set_aside(message)),
                "unmatch": lambda message: self._later(lambda: self._unmatch(message["payment"])),
            }
        )

    @property
    def _payments(self) -> Any:
        return self._session.backend.payments

    def _later(self, work: Callable[[], None]) -> None:
        def do() -> None:
            try:
                work()
            except InvoicebatchError as error:
                self._session.tell(error)
            except Exception as error:  # noqa: BLE001 - a thread has nobody else to tell
                self._session.tell(InvoicebatchError(f"{type(error).__name__}: {error}"))

        in_thread(do)

    def _outgoing(self) -> None:
        bundles = self._payments.outgoing()
        shown = table("outgoing", _filled(bundles.rename(columns=BUNDLES)[list(BUNDLES.values())]), _MOST)
        ids = bundles["bundle_id"].head(_MOST).tolist()
        self._session.send({"kind": "outgoing", "table": shown, "bundles": ids}, [])

    def _bundle(self, bundle: str) -> None:
        view, offers = self._payments.show(bundle), self._payments.offers(bundle)
        payments = view.payments[PAYMENTS]
        history = view.history[["at", "what", "by", "payments"]]
        history = history.assign(what=history["what"].map(words))
        tables = [table("payments", _filled(payments)), table("history", _filled(history))]
        file = view.bundle["file"].iloc[0]
        told = {
            "bundle": bundle,
            "about": self._payments.in_words(bundle),
            "offers": offers.to_dict("records"),
            "tables": tables,
            "file": Path(file).name if isinstance(file, str) else "",
            "currency": view.bundle["currency"].iloc[0],
        }
        self._session.send({"kind": "bundle", **told}, [])

    def _act(self, message: Mapping[str, Any]) -> None:
        bundle, name = str(message["bundle"]), str(message["action"])
        offers = self._payments.offers(bundle).set_index("action")
        if name not in offers.index or offers["reason"][name]:
            raise UsageError(f"{name} is not for this payment bundle now", "Look at the bundle again.")
        command = shlex.join(["invoicebatch", *name.split("."), bundle])
        about = self._payments.in_words(bundle)
        label, rows = f"{offers['label'][name]}, {about}", int(offers["payments"][name])
        step = NextStep(name, label, command, rows, on_bar=False, arguments=(bundle,))
        self._runs.ask(step, self._payments.waiting(bundle).to_numpy(np.int64))

    def _rows(self, message: Mapping[str, Any]) -> None:
        payments = self._payments.items(str(message["bundle"]))
        label = f"Payment bundle {str(message['bundle'])[:8]}"
        self._session.select_ids(payments["invoice_id"].unique(), label=label)

    def _file(self, message: Mapping[str, Any]) -> None:
        file = self._payments.show(str(message["bundle"])).bundle["file"].iloc[0]
        if not isinstance(file, str):
            raise UsageError("This bundle has no bank file yet.", "Write it first.")
        send_file(self._session, Path(file).name, Path(file).read_bytes())

    def _incoming(self) -> None:
        payments = self._payments.incoming()
        first = pd.concat(
            [rows.head(_MOST) for _, rows in payments.groupby("status", sort=False)] or [payments]
        )
        counts = payments["status"].value_counts().to_dict()
        self._session.send(
            {"kind": "incoming", "counts": counts, "rows": [_told(row) for row in first.to_dict("records")]},
            [],
        )

    def _book(self, ticks: list[list[Any]]) -> None:
        """Book what was ticked as it was shown then; what is another now, the engine refuses."""
        shown = [
            {"payment_id": payment, "proposal": proposal, "number": number, "cents": to_cents(amount)}
            for payment, proposal, documents in ticks
            for number, amount in documents
        ]
        if not shown:
            raise UsageError("Nothing is ticked that could be booked.", "Look at the payments again.")
        booked = self._payments.book(pd.DataFrame(shown))
        said = f"{counted(len(booked.payments), 'payment')} booked."
        for row in booked.refused.head(5).to_dict("records"):
            said += f" Payment {row['payment_id'][:8]} was not: {row['reason']}."
        self._done(said)

    def _set_aside(self, message: Mapping[str, Any]) -> None:
        payment, reason = str(message["payment"]), str(message["reason"] or "")
        self._payments.set_aside(payment, reason)
        self._done(
            f"Payment {payment[:8]} is set aside." if reason else f"Payment {payment[:8]} waits again."
        )

    def _unmatch(self, payment: str) -> None:
        report = self._payments.unmatch(payment)
        self._done(f"Payment {payment[:8]} is taken off {counted(len(report.done), 'document')}.")

    def _done(self, said: str) -> None:
        self._session.reload()
        self._session.send({"kind": "told", "message": said}, [])
        self._incoming()


def _filled(frame: pd.DataFrame) -> pd.DataFrame:
    """Without the columns in which nothing stands."""
    return frame.dropna(axis=1, how="all")


def _told(row: Mapping[Any, Any]) -> dict[str, Any]:
    """A payment that came in, as the browser shows it."""
    proposals: dict[int, dict[str, Any]] = {}
    for one in row["proposals"]:
        found = proposals.setdefault(
            one["proposal"], {"proposal": one["proposal"], "evidence": one["evidence"], "documents": []}
        )
        found["documents"].append([one["number"], one["amount"]])
    said = (row["reference"], row["text"])
    return {
        "payment": row["payment_id"],
        "day": row["booked_on"].date().isoformat(),
        "payer": row["payer"] if isinstance(row["payer"], str) else "",
        "iban": row["payer_iban"] if isinstance(row["payer_iban"], str) else "",
        "said": " · ".join(text for text in said if isinstance(text, str)),
        "cents": int(row["amount_cents"]),
        "left": int(row["left_cents"]),
        "currency": row["currency"],
        "status": row["status"],
        "aside": row["set_aside"] if isinstance(row["set_aside"], str) else "",
        "proposals": list(proposals.values()),
        "booked": [[one["number"], one["amount"]] for one in row["booked"]],
    }
