"""One invoice with all that belongs to it, as a person looks at it: every face shows this. Nothing changes."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import pandas as pd
from markupsafe import Markup

from invoicebatch.engine.documents import preview, versions
from invoicebatch.engine.history import COLUMNS, events_of
from invoicebatch.engine.history_words import called
from invoicebatch.engine.plan.checks import faults_by_default, passing
from invoicebatch.engine.plan.records import records
from invoicebatch.engine.plan.selection import Selection
from invoicebatch.errors import InvoicebatchError
from invoicebatch.files.stored import stored_document
from invoicebatch.formats.pdf.pictures import page_pictures
from invoicebatch.formats.pdf.template import load_template
from invoicebatch.model.markup import joined, picture, table
from invoicebatch.model.payments.ledger import movements
from invoicebatch.model.shown import Frame, ShowsFrames, Tables
from invoicebatch.store import Session

_LINE: Final = ["line_no", "name", "quantity", "unit", "price", "net_cents", "vat_rate", "credited_by"]
_VAT: Final = ["vat_category", "vat_rate", "taxable_cents", "tax_cents", "exemption_reason"]
_ALLOWANCE: Final = ["line_no", "reason", "is_charge", "amount_cents", "vat_rate"]
_READING: Final = ["meter_id", "register", "date_from", "date_to", "value_from", "value_to", "usage", "unit", "method"]  # fmt: skip
_VERSION: Final = ["document_version", "created_at", "reason", "sent_at", "state"]
_MESSAGE: Final = ["created_at", "channel", "recipient", "status", "answer"]
_ANSWER: Final = ["answered_at", "status", "reason", "asked"]
_ITEM: Final = ["collection_date", "part", "scheme", "amount_cents", "status", "reason", "iban"]
_FACTS: Final = [
    "number", "kind", "customer_name", "status", "payment_status", "shipping_status", "currency", "total_cents",
    "outstanding_cents", "invoice_date", "due_date",
]  # fmt: skip
_RESOLUTION: Final = 110


@dataclass(frozen=True)
class Detail(ShowsFrames):
    """An invoice and what belongs to it; in a notebook it shows itself.

    Attributes:
        selection: the invoice alone.
        invoice: one row, all overview columns.
        parts: frames by title, in the order people read them, none of them empty: lines, allowances, vat, payments
            (what made its outstanding amount), bank_files (its payments there), readings, usage (the readings
            summed by `period`, else by register), versions, history, messages,
            answers (of the buyer). Amounts end in `_cents`, rates are percents.
    """

    selection: Selection
    invoice: pd.DataFrame
    parts: Tables

    @cached_property
    def actions(self) -> pd.DataFrame:
        """Action, label str; applies bool; reason str: why it does not, every reason."""
        return Frame(_actions(self.selection))

    @property
    def name(self) -> str:
        """What people call it: its number, else its reference."""
        row = self.invoice.iloc[0]
        return str(row["external_id"] if pd.isna(row["number"]) else row["number"])

    @property
    def facts(self) -> pd.DataFrame:
        """The columns of its row that people ask for first."""
        return self.invoice[_FACTS]

    @cached_property
    def pdf(self) -> bytes | None:
        """Its current document; None: it has none yet.

        Raises:
            DocumentError: the stored file is missing, changed or not readable.
        """
        row = self.invoice.iloc[0]
        if pd.isna(row["document_path"]):
            return None
        data = self.selection.workspace.data
        return stored_document(data, str(row["document_path"]), str(row["document_sha256"])).read_bytes()

    @cached_property
    def page(self) -> bytes:
        """The first page as a PNG: of its document, else of the one that would be made now.

        Raises:
            RenderError: it can't be made; what is missing is named.
            DocumentError: the stored file is missing, changed or not readable.
        """
        if self.pdf is not None:
            return page_pictures(self.pdf, _RESOLUTION, limit=1)[0]
        invoice_id = int(self.invoice["invoice_id"].iloc[0])
        return preview(self.selection.workspace, invoice_id).pages(_RESOLUTION)[0]

    def to_dict(self) -> dict[str, Any]:
        """The detail as the command line's JSON."""
        parts = {name: records(frame) for name, frame in self.parts.items()}
        return {"invoice": records(self.invoice)[0], **parts, "actions": records(self.actions)}

    def _repr_html_(self) -> Markup:
        rest = Tables({**self.parts, "actions": self.actions})
        head = Markup("<h3>{}</h3>").format(self.name)
        return joined([head, self._picture(), table(self.facts), rest._repr_html_()])

    def _picture(self) -> Markup:
        try:
            return picture(self.page, f"First page of {self.name}")
        except InvoicebatchError as error:
            return Markup("<p>{}</p>").format(error.message)


def read_detail(selection: Selection) -> Detail:
    """Look at the invoice of a selection of one."""
    invoice = selection.frame
    [invoice_id] = selection.ids.tolist()
    with selection.workspace.store.read() as session:
        parts = _parts(session, invoice_id, invoice["currency"].iloc[0])
    parts |= {
        "versions": versions(selection.workspace, invoice_id)[_VERSION],
        "history": _history(pd.DataFrame(events_of(selection.workspace, invoice_id), columns=list(COLUMNS))),
    }
    order = ("lines", "allowances", "vat", "payments", "bank_files", "readings", "usage", "versions", "messages", "answers", "history")  # fmt: skip
    return Detail(selection, invoice, Tables({name: parts[name] for name in order if len(parts[name])}))


def _parts(session: Session, invoice_id: int, currency: str) -> dict[str, pd.DataFrame]:
    key = pd.Series([invoice_id])

    def of(name: str, columns: list[str], order: str) -> pd.DataFrame:
        rows = _in_words(session.rows_of(name, "invoice_id", key))
        return rows.sort_values(order, ignore_index=True)[columns]

    readings = of("measurements", _READING, "date_from")
    messages = session.rows_of("outbox", "message_id", session.messages_carrying(key))
    parts = {
        "lines": of("lines", _LINE, "line_no"),
        "allowances": of("allowance_charges", _ALLOWANCE, "allowance_no"),
        "vat": of("vat_breakdown", _VAT, "vat_rate"),
        "payments": _movements(session, key),
        "bank_files": _bank_files(session, key),
        "readings": readings,
        "usage": _usage(readings),
        "messages": messages.sort_values("created_at", ignore_index=True)[_MESSAGE],
        "answers": of("buyer_answers", _ANSWER, "answered_at"),
    }
    return {name: _in_currency(frame, currency) for name, frame in parts.items()}


def _in_words(rows: pd.DataFrame) -> pd.DataFrame:
    """Rates in percent instead of basis points, and units by their names instead of codes."""
    if "vat_rate_bp" in rows:
        rows = rows.assign(vat_rate=rows["vat_rate_bp"].astype("Float64") / 100)
    if "unit" in rows:
        rows = rows.assign(
            unit=rows["unit"].map(load_template(()).wording("en").unit, na_action="ignore").astype("str")
        )
    return rows


def _in_currency(frame: pd.DataFrame, currency: str) -> pd.DataFrame:
    """Amounts say their currency, so that each face writes them with its decimals."""
    money = any(name.endswith("_cents") for name in frame.columns)
    return frame.assign(currency=currency) if money else frame


def _movements(session: Session, key: "pd.Series[int]") -> pd.DataFrame:
    """What made the outstanding amount, by day; their sum is it."""
    own = session.rows_of("invoices", "invoice_id", key)
    also = [session.rows_of("invoices", "credit_of", key), session.rows_of("invoices", "invoice_id", own["credit_of"].dropna())]  # fmt: skip
    documents = pd.concat([own, *also], ignore_index=True).drop_duplicates("invoice_id")
    moves = movements(documents, session.rows_of("payments", "invoice_id", key))
    mine = moves[moves["invoice_id"] == key.iloc[0]].sort_values("day", kind="stable", ignore_index=True)
    return mine.assign(open_cents=mine["amount_cents"].cumsum())[
        ["day", "what", "amount_cents", "open_cents"]
    ]


def _bank_files(session: Session, key: "pd.Series[int]") -> pd.DataFrame:
    items = session.rows_of("bundle_items", "invoice_id", key)
    bundles = session.rows_of("payment_bundles", "bundle_id", items["bundle_id"])
    about = bundles[["bundle_id", "collection_date", "part"]]
    return items.merge(about, on="bundle_id").sort_values("collection_date", ignore_index=True)[_ITEM]


def _usage(readings: pd.DataFrame) -> pd.DataFrame:
    """Usage by period and unit, by register where there is one period or they overlap: what a chart shows."""
    first, last = (readings[name].dt.strftime("%Y-%m-%d") for name in ("date_from", "date_to"))
    periods = readings[["date_from", "date_to"]].drop_duplicates()
    apart = (
        len(periods) > 1
        and (periods["date_from"].iloc[1:].to_numpy() >= periods["date_to"].iloc[:-1].to_numpy()).all()
    )
    by = first + " – " + last if apart else readings["register"].fillna(readings["meter_id"])
    rows = pd.DataFrame(
        {"period": by, "unit": readings["unit"], "usage": readings["usage"].astype("Float64")}
    )
    return rows.groupby(["period", "unit"], sort=False)["usage"].sum().reset_index()


def _history(events: pd.DataFrame) -> pd.DataFrame:
    """Newest first: when, who, what, what it changed, in words."""
    shown = events[["at", "user", "event"]].assign(
        event=events["event"].map(called).astype("str"), changed=events["told"].map("; ".join).astype("str")
    )
    return shown.iloc[::-1].reset_index(drop=True)


def _actions(selection: Selection) -> pd.DataFrame:
    """Each action of the bar, and why it does not apply: by the rules, else by its own checks."""
    workspace, evaluation = selection.workspace, selection.evaluation
    rows = []
    for name, action in workspace.offered().items():
        reason = str(evaluation.all_reasons(name).iloc[0])
        if not reason:
            reason = "; ".join(faults_by_default(workspace, action, passing(evaluation, name)))
        rows.append([name, action.title, not reason, reason])
    frame = pd.DataFrame(rows, columns=["action", "label", "applies", "reason"])
    return frame.astype({"action": "str", "label": "str", "applies": "bool", "reason": "str"})
