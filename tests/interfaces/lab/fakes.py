"""A backend without a workspace: a seeded frame, a few actions, and runs that fail where told to."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from threading import Event
from typing import Literal

import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from invoicebatch.interfaces.lab.columns import OFFERED
from invoicebatch.model.action import Action, Params
from invoicebatch.model.money import to_decimal
from invoicebatch.model.schema import OVERVIEW
from tests.waiting import LIMIT

TODAY = date(2026, 11, 22)
STREETS = (
    "Bakery de Vries",
    "Hotel Zeezicht",
    "Garage Jansen",
    "Café Müller",
    "Studio O'Brien",
    "Ærø Ferries",
)


def frame(rows: int = 2000, seed: int = 7) -> pd.DataFrame:
    """A seeded overview of `rows` invoices."""
    rng = np.random.default_rng(seed)
    ids = np.arange(1, rows + 1)
    empty = {key: OVERVIEW[key].column for key in OFFERED if OVERVIEW[key].column.dtype != "int64"}
    columns = {key: pd.Series([None] * rows, dtype=column.dtype) for key, column in empty.items()}
    status = rng.choice(
        ["empty", "approval_failed", "approved", "generation_failed", "created"],
        rows,
        p=[0.3, 0.04, 0.16, 0.03, 0.47],
    )
    total = np.where(rng.random(rows) < 0.06, -1, 1) * rng.integers(500, 900_000, rows)
    numbered = np.isin(status, ["created", "generation_failed"])
    days = np.datetime64("2026-09-01", "s") + rng.integers(0, 80, rows).astype("timedelta64[D]")
    dated = np.where(status == "empty", np.datetime64("NaT", "s"), days)
    customer = rng.integers(0, max(2, rows // 8), rows)
    paid = numbered & (rng.random(rows) < 0.4)
    columns |= {
        "invoice_id": pd.Series(ids, dtype="int64"),
        "external_id": pd.Series([f"SUB-{i:06d}" for i in ids], dtype="str"),
        "number": pd.Series(
            [f"2026-{i:06d}" if n else None for i, n in zip(ids, numbered, strict=True)], dtype="str"
        ),
        "customer_id": pd.Series([f"C{c:05d}" for c in customer], dtype="str"),
        "customer_name": pd.Series([f"{STREETS[c % 6]} {c}" for c in customer], dtype="str"),
        "currency": pd.Series(["EUR"] * rows, dtype="str"),
        "total_cents": pd.Series(total, dtype="int64"),
        "net_total_cents": pd.Series(total * 100 // 121, dtype="int64"),
        "outstanding_cents": pd.Series(np.where(paid, 0, total), dtype="int64"),
        "invoice_date": pd.Series(dated).astype("datetime64[s]"),
        "due_date": pd.Series(dated + np.timedelta64(14, "D")).astype("datetime64[s]"),
        "failure": pd.Series(
            np.where(status == "approval_failed", "The customer has no address", None), dtype="str"
        ),
    }
    choices = {
        "status": status,
        "kind": np.where(total < 0, "credit_note", "invoice"),
        "shipping_status": np.where(
            numbered, rng.choice(["to_send", "sent", "failed"], rows, p=[0.3, 0.65, 0.05]), "to_send"
        ),
        "export_status": np.where(paid, "exported", "unexported"),
        "payment_status": np.where(
            paid, "paid", np.where(numbered & (rng.random(rows) < 0.3), "overdue", "open")
        ),
    }
    columns |= {key: pd.Series(values).astype(OVERVIEW[key].column.dtype) for key, values in choices.items()}
    return pd.DataFrame({key: columns[key] for key in OFFERED if key in columns})


class Approve(Params):
    """Approve."""

    invoice_date: date = Field(description="Date on the invoice")


class Bank(Params):
    """Bank file."""

    collection_date: date = Field(description="Moved to the next banking day")
    scheme: Literal["CORE", "B2B"] | None = None


class PlanParams(Params):
    """Payment plan."""

    instalments: int | None = Field(None, ge=2, le=24, description="How many")
    amount: Decimal | None = Field(None, gt=0, decimal_places=2, description="Amount each")
    first_date: date

    @model_validator(mode="after")
    def one_of(self) -> "PlanParams":
        if (self.instalments is None) == (self.amount is None):
            raise ValueError("Give the number of instalments or the amount, not both")
        return self


class Export(Params):
    """Export."""

    mark_as_exported: bool = Field(False, description="Mark the written rows as exported")
    sheet_names: list[str] = Field(default_factory=list)


class Reason(Params):
    """With a reason."""

    reason: str = Field(min_length=3, description="Kept in the audit row")


def _nothing(*_):
    raise NotImplementedError


def action(name: str, label: str, params: type[Params] = Params, **flags) -> Action:
    return Action(
        name=name,
        label=label,
        help=f"{label}: what it does in one sentence.",
        params=params,
        transform=_nothing,
        **flags,
    )


ACTIONS = {
    one.name: one
    for one in (
        action("approve", "Approve", Approve),
        action("create", "Create"),
        action("download.document", "PDF"),
        action("download.merged", "Merged PDF"),
        action("assign.bank_file", "Outgoing bank file", Bank),
        action("assign.payment_plan", "Payment plan", PlanParams),
        action("regenerate", "Regenerate"),
        action("export.invoices", "Invoices", Export),
        action("export.lines", "Lines", Export),
        action("mark_as.shipped", "Shipped"),
        action("mark_as.exported", "Exported"),
        action("send_via.email", "E-mail"),
        action("credit", "Credit", confirm=True),
        action("delete", "Delete", Reason, confirm=True, irreversible=True),
    )
}


def conditions(data: pd.DataFrame) -> dict[str, list[tuple[np.ndarray, str]]]:
    status = data["status"].astype(str)
    created = (status == "created").to_numpy(), "not created"
    owes = (data["outstanding_cents"] > 0).to_numpy(), "nothing outstanding"
    return {
        "approve": [(status.isin(["empty", "approval_failed"]).to_numpy(), "already approved")],
        "create": [((status == "approved").to_numpy(), "not approved")],
        "download.document": [created],
        "download.merged": [created],
        "assign.bank_file": [created, ((data["outstanding_cents"] != 0).to_numpy(), "nothing outstanding")],
        "assign.payment_plan": [owes],
        "regenerate": [(status.isin(["created", "generation_failed"]).to_numpy(), "no document yet")],
        "export.invoices": [],
        "export.lines": [],
        "mark_as.shipped": [((data["shipping_status"] != "sent").to_numpy(), "already sent")],
        "mark_as.exported": [((data["export_status"] != "exported").to_numpy(), "already exported")],
        "send_via.email": [created],
        "credit": [
            (status.isin(["approved", "created"]).to_numpy(), "not approved yet"),
            ((data["kind"] != "credit_note").to_numpy(), "is a credit note itself"),
        ],
        "delete": [((status == "empty").to_numpy(), "only an empty document can be deleted")],
    }


@dataclass
class FakeEvaluation:
    bits: dict[str, np.ndarray]

    def eligible(self, name: str) -> np.ndarray:
        return self.bits[name]


@dataclass
class FakePlan:
    action: str
    ids: np.ndarray
    params: dict
    preview: dict[str, pd.DataFrame]
    refused: pd.DataFrame

    @property
    def eligible(self) -> int:
        return len(self.ids)


@dataclass
class FakeReport:
    run_id: str
    done: pd.DataFrame
    refused: pd.DataFrame
    failed: pd.DataFrame
    files: pd.DataFrame
    totals: dict[str, str] = field(default_factory=dict)
    unfinished: int = 0


class FakeBackend:
    """Runs change the frame in memory; `fail` ids fail, a chunk waits for `gate`."""

    def __init__(self, rows: int = 2000, folder=None) -> None:
        self.data = frame(rows)
        self.changed = 0
        self.fail: set[int] = set()
        self.gate = Event()
        self.gate.set()
        self.ran: list[FakePlan] = []
        self.views: list[dict] = []
        self.folder = folder
        self.actions = ACTIONS
        self.where = ""
        self.location = "/books"

    def version(self):
        return self.changed

    def head(self, rows):
        return self.data.head(rows).copy(), len(self.data)

    def load(self):
        return self.data.copy()

    def evaluate(self, data):
        return FakeEvaluation({name: self._mask(data, rules) for name, rules in conditions(data).items()})

    @staticmethod
    def _mask(data, rules):
        mask = np.ones(len(data), dtype=bool)
        for holds, _ in rules:
            mask &= holds
        return mask

    def blocked(self, data, mask, picked):
        if not picked:
            return {"assign.payment_plan": "Pick the invoices one by one; all at once is refused"}
        if len(set(data["customer_id"][mask])) > 1:
            return {"assign.payment_plan": "The invoices are of more than one customer"}
        return {}

    def reasons(self, name, data, picked):
        return [(str(reason), int(rows)) for reason, rows in self._why(name, data).value_counts().items()]

    def failing(self, name, data, picked, reason):
        return (self._why(name, data) == reason).to_numpy()

    def _why(self, name, data):
        found = pd.Series([""] * len(data), dtype="str")
        for holds, reason in reversed(conditions(data)[name]):
            found = found.mask(~holds, reason)
        return found

    def defaults(self, name):
        return {
            "approve": {"invoice_date": TODAY},
            "assign.bank_file": {"collection_date": date(2026, 11, 27)},
            "assign.payment_plan": {"first_date": date(2026, 12, 1)},
        }.get(name, {})

    def choices(self, name):
        return {}

    def parts(self, name):
        return ["collections", "refunds"] if name == "assign.bank_file" else []

    def today(self):
        return TODAY

    def plan(self, name, ids, params, picked):
        rows = self.data[self.data["invoice_id"].isin(ids)].reset_index(drop=True)
        reasons = self._why(name, rows)
        good = rows[reasons == ""]
        refused = pd.DataFrame({"invoice_id": rows["invoice_id"], "reason": reasons})[
            reasons != ""
        ].reset_index(drop=True)
        return FakePlan(name, good["invoice_id"].to_numpy(), params, self._preview(name, good), refused)

    @staticmethod
    def _preview(name, good):
        if name != "assign.bank_file":
            return {}
        due = good[good["outstanding_cents"] > 0]
        sums = {
            "part": "collections",
            "account": "NL",
            "invoices": len(due),
            "outstanding_cents": due["outstanding_cents"].sum(),
        }
        return {"groups": pd.DataFrame([sums])}

    def apply(self, plan, progress, cancel):
        self.ran.append(plan)
        done: list[int] = []
        chunk = max(1, len(plan.ids) // 8)
        for start in range(0, len(plan.ids), chunk):
            if cancel.is_set():
                break
            self.gate.wait(LIMIT)
            done += plan.ids[start : start + chunk].tolist()
            progress("committing", len(done), len(plan.ids))
        failed = [one for one in done if one in self.fail]
        good = [one for one in done if one not in self.fail]
        if plan.action == "approve":
            self.data.loc[self.data["invoice_id"].isin(good), "status"] = "approved"
        if plan.action == "delete":
            self.data = self.data[~self.data["invoice_id"].isin(good)].reset_index(drop=True)
        self.changed += 1
        files = pd.DataFrame({"path": [], "size": []})
        if plan.action.startswith("export") and self.folder:
            path = self.folder / "invoices.xlsx"
            path.write_bytes(b"sheet" * 1000)
            files = pd.DataFrame({"path": [str(path)], "size": [5000]})
        numbered = plan.refused.assign(number=plan.refused["invoice_id"].map("SUB-{:06d}".format))
        failures = pd.DataFrame(
            {
                "invoice_id": failed,
                "number": [f"SUB-{one:06d}" for one in failed],
                "reason": "The customer has no postcode: add it, then approve again",
            }
        )
        totals = {
            "total": str(to_decimal(self.data.loc[self.data["invoice_id"].isin(good), "total_cents"].sum()))
        }
        self.rest = [int(one) for one in plan.ids if one not in set(done)]
        return FakeReport(
            "run-1", pd.DataFrame({"invoice_id": good}), numbered, failures, files, totals, len(self.rest)
        )

    def resume(self, run_id, progress, cancel):
        plan = self.ran[-1]
        rest = FakePlan(plan.action, np.array(self.rest), plan.params, {}, plan.refused)
        return self.apply(rest, progress, cancel)

    def read_views(self):
        return self.views

    def write_views(self, views):
        self.views = views

    def save_notebook(self, name, content):
        path = self.folder / f"{name}.ipynb"
        path.write_text(content)
        return str(path)

    def save_ids(self, ids):
        path = self.folder / "selection.txt"
        path.write_text("\n".join(map(str, ids.tolist())))
        return str(path)
