"""A state machine: what people do with a workspace in any order, crashes included, beside a plain model of it."""

import re
import shutil
import tempfile
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
from hypothesis import assume
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, precondition, rule

from invoicebatch.engine.base import clock
from invoicebatch.engine.plan.plan import Plan
from invoicebatch.engine.plan.report import Report
from invoicebatch.errors import NothingEligibleError, UsageError
from invoicebatch.interfaces.api import Workspace, open_workspace
from invoicebatch.model.payments.reference import dutch
from invoicebatch.model.status import TRANSITIONS
from tests.conftest import _money_frames, fill
from tests.copies import made_once
from tests.crash.dying import crash_at
from tests.crash.invariants import breaches, unclaimed_in
from tests.engine.payments.received import credit
from tests.ingest.bank.bank_files import camt, entry, returned, statement, transaction

NOW = "2026-11-26T10:00:00"
SETTINGS = "lock_timeout = 30\n[executor]\nprocesses = 1\nchunk_rows = 2\n"
POINTS = st.integers(1, 24)
ACTIONS = st.sampled_from(
    ["approve", "create", "withdraw_approval", "delete", "credit", "send_via.email", "assign.bank_file", "approve",
     "create", "create", "send_via.email", "assign.bank_file", "assign.bank_file"]
)  # fmt: skip
DAY = {"invoice_date": date(2026, 11, 22)}
PARAMS: dict[str, dict[str, Any]] = {"approve": DAY, "credit": DAY, "send_via.email": {"anyway": True}}
ALLOWED = {
    (str(a), str(b)) for pairs in TRANSITIONS.values() for a, b in pairs
} | {("empty", "gone")}  # fmt: skip


IN_ORDER = re.compile("in doubt|may or may not have arrived| events for |approve was done twice")
"""What the checks of a workspace at rest name, and is lawful here: doubts, answers, a withdrawn approval."""


@dataclass
class Document:
    """What the model knows of a document."""

    status: str = "empty"
    total: int = 0
    paid: int = 0
    credited: int = 0
    sent: bool = False
    note: bool = False
    has_note: bool = False
    bundle: str = ""
    back: bool = False

    @property
    def open_cents(self) -> int:
        return self.total - self.paid - self.credited


@dataclass
class Bundled:
    """What the model knows of a payment bundle."""

    written: bool = False
    settled: bool = False
    items: dict[int, int] = field(default_factory=dict)


BEGUN = range(1, 6)


def _begin(workspace: Workspace) -> None:
    """Five documents of three customers on direct debit, three of them created."""
    frames = _money_frames(
        len(BEGUN), None, {"status": "empty", "number": None, "invoice_date": pd.NaT, "due_date": pd.NaT}
    )
    cents = frames["invoices"]["invoice_id"] * 10_000
    tax = cents * 21 // 100
    frames["invoices"] = frames["invoices"].assign(
        line_total_cents=cents, net_total_cents=cents, vat_total_cents=tax, total_cents=cents + tax, outstanding_cents=cents + tax,
    )  # fmt: skip
    each = frames["lines"]["invoice_id"] * 5_000
    frames["lines"] = frames["lines"].assign(net_cents=each, price=(each // 100).map(str).astype(object))
    frames["vat_breakdown"] = frames["vat_breakdown"].assign(taxable_cents=cents, tax_cents=tax)
    fill(workspace, frames)
    accounts = pd.DataFrame({"company_account_id": ["NL"], "email": ["billing@example.com"]})
    with workspace.store.write() as session:
        session.update("company_accounts", accounts, clock.now())
    for action in ("approve", "create"):
        workspace.select(ids=[1, 2, 3]).plan(action, **PARAMS.get(action, {})).apply()


class Invoicing(RuleBasedStateMachine):
    """Imports, plans, runs, crashes, payments; the model is a dictionary."""

    plans = Bundle("plans")
    steps = 0

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="machine-"))
        made_once(self.folder / "ws", "machine", _begin, new_id=False)
        (self.folder / "ws/invoicebatch.toml").write_text(SETTINGS)
        self.ws: Workspace = open_workspace(self.folder / "ws")
        self.model = {i: Document(status="created" if i < 4 else "empty", total=i * 12_100) for i in BEGUN}
        self.paid_by_bank: dict[str, Bundled] = {}
        self.open: dict[str, str] = {}
        """Runs that a crash left unfinished, with their action."""
        self.finished = set(self.ws.runs.list()["run_id"])
        """Runs of which the model knows what they did."""
        self.before: dict[int, str] = {}
        self.held: set[int] = set()
        self.looks = 0
        self.names = 0
        self.sheets = 0

    def teardown(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    # -- what people do --

    @rule(prices=st.lists(st.integers(1, 500), min_size=1, max_size=3))
    def import_documents(self, prices: list[int]) -> None:
        names = [f"D{self.names + at}" for at in range(len(prices))]
        self.names += len(prices)
        self._bring(dict(zip(names, prices, strict=True)))
        found = self._rows().set_index("external_id")
        for name, price in zip(names, prices, strict=True):
            self.model[int(found.loc[name, "invoice_id"])] = Document(total=price * 121)

    @precondition(lambda self: self.model)
    @rule(data=st.data(), price=st.integers(1, 500))
    def edit(self, data: st.DataObject, price: int) -> None:
        """The billing system corrects a document; what is approved or held by a run stays as it is."""
        chosen = data.draw(st.sampled_from(self._there(notes=False)))
        busy = chosen in self.held
        self._bring({str(self._row(chosen)["external_id"]): price})
        if self.model[chosen].status == "empty" and not busy:
            self.model[chosen].total = price * 121

    @precondition(lambda self: self.model)
    @rule(target=plans, data=st.data(), action=ACTIONS)
    def plan(self, data: st.DataObject, action: str) -> Plan:
        """A plan that lies for a while."""
        return self._planned(data, action)

    @precondition(lambda self: self.model)
    @rule(data=st.data(), action=ACTIONS, at=st.none() | st.none() | POINTS)
    def act(self, data: st.DataObject, action: str, at: int | None) -> None:
        """A plan that is applied at once."""
        self._applied(self._planned(data, action), at)

    def _planned(self, data: st.DataObject, action: str) -> Plan:
        there = self._there()
        fit = [i for i in there if self._allows(action, i)]
        some = data.draw(st.sampled_from([fit, fit, there])) or there
        ids = data.draw(st.sets(st.sampled_from(some), min_size=1))
        return self.ws.select(ids=sorted(ids)).plan(action, **PARAMS.get(action, {}))

    @rule(plan=consumes(plans), at=st.none() | POINTS)
    def apply(self, plan: Plan, at: int | None) -> None:
        """Apply a plan that may be old by now; the process may die on the way."""
        self._applied(plan, at)

    def _applied(self, plan: Plan, at: int | None) -> None:
        held, model_allows = (
            self.held,
            {i for i in plan.rows["invoice_id"] if self._allows(plan.action.name, i)},
        )
        done: list[Report] = []
        try:
            with crash_at(at or 1 << 30):
                done.append(plan.apply())
        except (NothingEligibleError, UsageError):
            return
        if not done:
            self._note_crash()
            return
        if plan.run_id in self.finished:  # the same plan is the same run, which did it
            return
        if self.open.pop(plan.run_id, None) is None:  # else it went on where it was cut off
            self._check(plan, done[0], model_allows - held)
        self._effect(done[0])

    def _check(self, plan: Plan, report: Report, allowed: set[int]) -> None:
        did = set(report.done["invoice_id"])
        assert did <= allowed, f"{plan.action.name} was done to {did - allowed}, which it may not"

    @precondition(lambda self: self.open)
    @rule(at=st.none() | POINTS)
    def resume(self, at: int | None) -> None:
        with crash_at(at or 1 << 30):
            self.ws.runs.resume()
        self._note_crash()

    @rule(again=st.booleans())
    def settle_doubts(self, again: bool) -> None:
        """A person asks the other side, and sends again or marks as sent; nothing else was sent twice."""
        box = self.ws.outbox.list(status="in_doubt")
        box = box[~box["run_id"].isin(self.open)]
        if box.empty:
            return
        if again:
            self.ws.outbox.resend(box["message_id"].tolist())
        else:
            self.ws.outbox.mark_sent(box["message_id"].tolist())
        for invoice_id in box["invoice_id"]:
            self.model[int(invoice_id)].sent = True

    @precondition(lambda self: any(not b.written and b.items for b in self.paid_by_bank.values()))
    @rule(at=st.none() | POINTS)
    def write_bundle(self, at: int | None) -> None:
        bundle = next(key for key, b in self.paid_by_bank.items() if not b.written and b.items)
        if set(self.paid_by_bank[bundle].items) & self.held:
            return
        done: list[Report] = []
        with crash_at(at or 1 << 30):
            done.append(self.ws.payments.write(bundle))
        if done:
            self._effect(done[0])
        else:
            self._note_crash()

    @precondition(
        lambda self: any(b.written and not b.settled and b.items for b in self.paid_by_bank.values())
    )
    @rule(back=st.booleans(), at=st.none() | POINTS)
    def bank_reports(self, back: bool, at: int | None) -> None:
        """The bank books a bundle, and may return its first payment; a report that was cut off is read again."""
        key = next(key for key, b in self.paid_by_bank.items() if b.written and not b.settled and b.items)
        bundle = self.paid_by_bank[key]
        if set(bundle.items) & self.held:
            return
        items = self.ws.payments.items(key)
        items = items[items["status"].astype("str").eq("pending")]
        told = "".join(
            transaction(end, f"{cents / 100:.2f}")
            for end, cents in zip(items["end_to_end_id"], items["amount_cents"], strict=True)
        )
        total = int(items["amount_cents"].sum())
        entries = [entry(f"{total / 100:.2f}", "CRDT", told, day="2026-11-24")]
        if back:
            first = items.iloc[0]
            amount = f"{first['amount_cents'] / 100:.2f}"
            gone = transaction(first["end_to_end_id"], amount, "DBIT", returned("MS03"))
            entries.append(entry(amount, "DBIT", gone, day="2026-11-25"))
        self._read(entries, at)
        bundle.settled = True
        for row in items.to_dict("records"):
            document = self.model[int(row["invoice_id"])]
            document.paid += int(row["amount_cents"])
            document.bundle = ""
        if back:
            document = self.model[int(items.iloc[0]["invoice_id"])]
            document.paid -= int(items.iloc[0]["amount_cents"])
            document.back = True

    @precondition(lambda self: any(self._owes(i) for i in self.model))
    @rule(data=st.data(), part=st.sampled_from([100, 50]), at=st.none() | POINTS)
    def customer_pays(self, data: st.DataObject, part: int, at: int | None) -> None:
        """A transfer with the reference of a document: booked once, also where the report is read twice."""
        chosen = data.draw(st.sampled_from([i for i in sorted(self.model) if self._owes(i)]))
        document = self.model[chosen]
        cents = max(1, document.open_cents * part // 100)
        number = str(self._row(chosen)["number"])
        reference = dutch("".join(filter(str.isdigit, number)))
        self.sheets += 1
        self._read(
            [
                credit(
                    f"{cents / 100:.2f}", reference=reference, bank=f"B{self.sheets}", iban=f"NL{self.sheets}"
                )
            ],
            at,
        )
        document.paid += cents

    # -- what the model makes of it --

    def _read(self, entries: list[str], at: int | None) -> None:
        """Read a statement; where the process dies, resume and read it again, as a person does."""
        self.sheets += 1
        path = self.folder / f"S{self.sheets}.xml"
        path.write_text(camt(statement(*entries, name=f"S{self.sheets}")))
        read: list[object] = []
        with crash_at(at or 1 << 30):
            read.append(self.ws.payments.read(path))
        if not read:
            self.ws.runs.resume()
            self._note_crash()
            self.ws.payments.read(path)

    def _owes(self, invoice_id: int) -> bool:
        document = self.model[invoice_id]
        free = invoice_id not in self.held and not document.bundle and not document.note
        return free and document.status == "created" and document.open_cents > 0 and not document.has_note

    def _allows(self, action: str, invoice_id: int) -> bool:
        d = self.model.get(invoice_id)
        if d is None:
            return False
        late = d.status in ("approved", "created")
        return {
            "approve": d.status == "empty",
            "create": d.status == "approved",
            "withdraw_approval": d.status == "approved" and not d.note and not d.has_note,
            "delete": d.status == "empty",
            "credit": late and not d.note and not d.has_note,
            "send_via.email": d.status == "created" and not d.sent,
            "assign.bank_file": d.status == "created" and d.open_cents != 0 and not d.bundle,
        }[action]

    def _effect(self, report: Report) -> None:
        """What the rows that a run did are now."""
        self.finished.add(report.run_id)
        for invoice_id in map(int, report.done["invoice_id"]):
            document = self.model[invoice_id]
            match report.action:
                case "approve":
                    document.status = "approved"
                case "create":
                    document.status = "created"
                case "withdraw_approval":
                    document.status = "empty"
                case "delete":
                    del self.model[invoice_id]
                case "send_via.email":
                    document.sent = True
                case "credit":
                    self._credited(invoice_id)
                case "payments.write":
                    self.paid_by_bank[document.bundle].written = True
        if report.action == "assign.bank_file":
            self._bundled()

    def _credited(self, invoice_id: int) -> None:
        document = self.model[invoice_id]
        document.credited = document.open_cents  # what was paid is owed by the note
        document.has_note = True
        if document.bundle:
            self.paid_by_bank[document.bundle].items.pop(invoice_id)
            document.bundle = ""
        notes = self._rows()
        note = notes[notes["credit_of"].eq(invoice_id)].iloc[0]
        status = str(note["status"])
        self.model[int(note["invoice_id"])] = Document(
            status=status, total=-document.total, credited=-document.credited, note=True
        )

    def _bundled(self) -> None:
        for bundle in self.ws.payments.list()["bundle_id"]:
            if bundle in self.paid_by_bank:
                continue
            items = self.ws.payments.items(bundle)
            held = {int(i): int(c) for i, c in zip(items["invoice_id"], items["amount_cents"], strict=True)}
            self.paid_by_bank[bundle] = Bundled(items=held)
            for invoice_id, cents in held.items():
                assert abs(self.model[invoice_id].open_cents) == cents
                self.model[invoice_id].bundle = bundle

    def _bring(self, prices: dict[str, int]) -> None:
        files = {
            "invoices.csv": "external_id,customer_id\n"
            + "".join(f"{n},K{sum(map(ord, n)) % 3}\n" for n in prices),
            "lines.csv": "external_id,line_no,name,quantity,price,vat_rate\n"
            + "".join(f"{n},1,Gas,1,{price}.00,21\n" for n, price in prices.items()),
        }
        for name, text in files.items():
            (self.folder / name).write_text(text)
        self.ws.import_files([self.folder / name for name in files])

    def _note_crash(self) -> None:
        """What a process left that died: runs to be resumed, and one that it had finished and not told of."""
        runs = self.ws.runs.list().set_index("run_id")
        status = runs["status"].astype("str").to_dict()
        in_turn = dict.fromkeys([*self.open, *status])
        self.open = {run: runs.loc[run, "action"] for run in in_turn if status[run] in ("running", "queued")}
        for run in in_turn:
            if status[run] == "finished" and run not in self.finished:
                report = self.ws.runs.report(run)
                if report.planned:  # what was brought in, the model knows
                    self._effect(report)

    def _there(self, *, notes: bool = True) -> list[int]:
        """Documents that can be chosen; a run that is open may have deleted others already."""
        found = {int(i) for i in self._rows()["invoice_id"]} & set(self.model)
        chosen = sorted(i for i in found if notes or not self.model[i].note)
        assume(chosen)
        return chosen

    def _rows(self) -> pd.DataFrame:
        with self.ws.store.read() as session:
            return session.whole("invoices")

    def _row(self, invoice_id: int) -> "pd.Series[Any]":
        rows = self._rows()
        return rows[rows["invoice_id"].eq(invoice_id)].iloc[0]

    # -- what always holds --

    @invariant()
    def all_holds(self) -> None:
        """What is stored is read once, then looked at from all sides."""
        type(self).steps += 1
        self.looks += 1
        names = ("invoices", "claims", "run_rows", "runs", "issued_numbers", "live_bundle_items", "outbox")
        with self.ws.store.read() as session:
            tables = {name: session.whole(name) for name in names}
        self.held = set(tables["claims"]["invoice_id"].astype(int))
        self._sums_and_numbers(tables)
        self._as_the_model(tables["invoices"], tables["outbox"])
        self._only_allowed_steps(tables["invoices"])
        assert unclaimed_in(tables) == []
        sent = tables["outbox"][tables["outbox"]["status"].astype("str").eq("sent")]
        assert not sent["invoice_id"].duplicated().any(), "a document was sent twice"
        if not self.open and self.looks % 4 == 0:
            found = [breach for breach in breaches(self.ws) if not IN_ORDER.search(breach)]
            assert not found, found

    def _as_the_model(self, rows: pd.DataFrame, box: pd.DataFrame) -> None:
        busy = self.held | {i for i in self.model if self.model[i].bundle and self.open}
        doubts = set(box.loc[box["status"].astype("str").eq("in_doubt"), "invoice_id"])
        told = {int(row["invoice_id"]): row for row in rows.to_dict("records")}
        if not self.open:
            assert set(told) == set(self.model), set(told) ^ set(self.model)
        for invoice_id in (set(self.model) & set(told)) - busy:
            row, document = told[invoice_id], self.model[invoice_id]
            cents = tuple(int(row[name]) for name in ("total_cents", "paid_cents", "credited_cents"))
            seen, cents_of = (str(row["status"]), cents), (document.total, document.paid, document.credited)
            assert seen == (document.status, cents_of), f"invoice {invoice_id}: {seen}, not {document}"
            assert (str(row["shipping_status"]) == "sent") == document.sent or invoice_id in doubts

    @staticmethod
    def _sums_and_numbers(tables: dict[str, pd.DataFrame]) -> None:
        rows = tables["invoices"]
        rest = rows["total_cents"] - rows["paid_cents"] - rows["credited_cents"]
        assert rest.eq(rows["outstanding_cents"]).all()
        assert not rows["number"].dropna().duplicated().any()
        for key, group in tables["issued_numbers"].groupby(["company_account_id", "series", "period"]):
            assert sorted(group["seq"]) == list(range(1, len(group) + 1)), key
        assert not tables["live_bundle_items"]["invoice_id"].duplicated().any(), "two live transactions"

    def _only_allowed_steps(self, rows: pd.DataFrame) -> None:
        """A resume may finish several runs, one after another."""
        now = {int(i): str(s) for i, s in rows[["invoice_id", "status"]].itertuples(index=False)}
        for invoice_id, status in self.before.items():
            later = now.get(invoice_id, "gone")
            vias = ("empty", "approved", "created")
            both = any((status, via) in ALLOWED and (via, later) in ALLOWED for via in vias)
            assert later == status or (status, later) in ALLOWED or both, (invoice_id, status, later)
        self.before = now
