"""What is killed: every action and command with effects, each in a workspace where it can be done."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd

from invoicebatch.engine.base import clock
from invoicebatch.interfaces.api import Workspace, init_workspace, open_workspace
from tests.conftest import fill, money_workspace_in, peppol_frames, small_frames
from tests.delivery.mail.test_bounces import DSN, ID
from tests.engine.payments.received import IBANS, credit, owed_workspace
from tests.engine.sending import with_documents
from tests.ingest.bank.bank_files import (
    camt,
    entry,
    group_answer,
    payment_answer,
    recall_answer,
    returned,
    statement,
    transaction,
)
from tests.paying import date_has_come

SETTINGS = """lock_timeout = 120
[executor]
processes = 1
chunk_rows = 2
[integrations]
collection = true
peppol = true
[einvoice]
access_point = "folder"
[external.ledger]
kind = "files"
url = "ledger"
"""
FOUR_EYES = SETTINGS + "[payment]\nfour_eyes = true\nrecalls = true\n"
DAY = date(2026, 11, 22)


@dataclass(frozen=True)
class Scenario:
    """Something a person does, and where it can be done.

    Attributes:
        begin: makes the workspace in a folder, with all that was done before.
        act: does it.
        repeatable: a person who does not see its outcome does it again, whatever became of it; else only where
            the journal knows no run of it.
        user: who does it.
        fresh_ids: it makes documents, whose ids tell one attempt from another.
    """

    begin: Callable[[Path], object]
    act: Callable[[Workspace], object]
    repeatable: bool = False
    user: str = "first"
    fresh_ids: bool = False


def _configured(root: Path, settings: str = SETTINGS) -> Workspace:
    (root / "invoicebatch.toml").write_text(settings, encoding="utf-8")
    return open_workspace(root)


def _plain(root: Path, *before: str, count: int = 3, status: str = "empty") -> Workspace:
    workspace = fill(init_workspace(root), small_frames(count, status))
    workspace = _configured(root)
    for name in before:
        _do(name)(workspace)
    return workspace


def _ready(root: Path, *before: str, count: int = 3) -> Workspace:
    """Created, with a stored document each."""
    workspace = with_documents(_plain(root, count=count, status="created"))
    for name in before:
        _do(name)(workspace)
    return workspace


def _peppol(root: Path) -> Workspace:
    """Documents of a Belgian seller with their stored PDF."""
    invoices, tables = peppol_frames(3, 1)
    invoices = invoices.drop(columns=["mandate_id", "mandate_iban", "mandate_status"])
    invoices = invoices.assign(external_id=["a", "b", "c"], status="approved", number=None)
    ranges = pd.DataFrame(
        [{"company_account_id": "BE", "series": s, "pattern": p, "yearly_reset": True, "dates_ascend": False}
         for s, p in (("invoice", "F{year}-{seq:06d}"), ("credit_note", "C{year}-{seq:06d}"))]
    )  # fmt: skip
    names = ("company_accounts", "customers", "lines", "vat_breakdown")
    fill(
        init_workspace(root),
        {name: tables[name] for name in names} | {"number_ranges": ranges, "invoices": invoices},
    )
    workspace = _configured(root)
    _do("create")(workspace)
    return workspace


def _french(root: Path) -> Workspace:
    """Created documents of a French seller to private persons."""
    workspace = _ready(root)
    place = {"country": "FR", "city": "Paris", "postcode": "75001", "street": "Rue 1"}
    seller = {"vat_id": "FR83404833048", "legal_id": "404833048", "legal_id_scheme": "0002", **place}
    with workspace.store.write() as session:
        accounts = session.whole("company_accounts")[["company_account_id"]]
        session.update("company_accounts", accounts.assign(**seller), clock.now())
        customers = session.whole("customers")[["customer_id"]]
        session.update("customers", customers.assign(is_business=False, **place), clock.now())
    return workspace


def _owing(root: Path, *before: str) -> Workspace:
    """Created invoices of one customer who pays by direct debit, due."""
    money_workspace_in(root, 3)
    workspace = _configured(root)
    accounts = pd.DataFrame({"company_account_id": ["NL"], "email": ["billing@example.com"]})
    with workspace.store.write() as session:
        session.update("company_accounts", accounts, clock.now())
    for name in before:
        _do(name)(workspace)
    return workspace


def _bundled(root: Path, *before: str, four_eyes: bool = False) -> Workspace:
    money_workspace_in(root, 4)
    workspace = _configured(root, FOUR_EYES if four_eyes else SETTINGS)
    _do("assign.bank_file")(workspace)
    for name in before:
        OF_BUNDLE[name](workspace)
    return workspace


def _released(root: Path, *before: str) -> None:
    """A bundle with four eyes: released by another, then what follows."""
    _bundled(root, four_eyes=True)
    os.environ["INVOICEBATCH_USER"] = "second"
    workspace = open_workspace(root)
    for name in ("payments.release", *before):
        OF_BUNDLE[name](workspace)


def _do(action: str, **params: Any) -> Callable[[Workspace], object]:
    """Runs an action on all rows."""
    params = DEFAULTS.get(action, {}) | params
    return lambda workspace: workspace.select(all=True).plan(action, **params).apply()


DEFAULTS: dict[str, dict[str, Any]] = {
    "approve": {"invoice_date": DAY},
    "mark_as.reviewed": {"reason": "looked at"},
    "assign.payment_plan_status": {"change": "cancel"},
    "assign.collection_status": {"change": "close"},
    "assign.collection_step": {"combine": "customer"},
    "export.external": {"target": "ledger", "mark_as_exported": True},
    "export.job": {"name": "job", "parameters": {"format": "csv"}, "target": "out", "mark_as_exported": True},
    "export.invoices": {"format": "csv", "mark_as_exported": True},
    "export.lines": {"format": "csv"},
    "export.measurements": {"format": "csv"},
    "export.aging": {"format": "csv", "picture": False},
}


def _bundle(workspace: Workspace) -> str:
    return str(workspace.payments.list()["bundle_id"].iloc[0])


OF_BUNDLE: dict[str, Callable[[Workspace], object]] = {
    "payments.release": lambda ws: ws.payments.release(_bundle(ws)),
    "payments.write": lambda ws: ws.payments.write(_bundle(ws)),
    "payments.write again": lambda ws: ws.payments.write(_bundle(ws), replace=True),
    "payments.remove": lambda ws: ws.payments.remove(_bundle(ws), ["F2026-000002"]),
    "payments.recall": lambda ws: ws.payments.recall(_bundle(ws), ["F2026-000001"]),
    "payments.confirm": lambda ws: ws.payments.confirm(_bundle(ws)),
    "payments.reject": lambda ws: ws.payments.reject(_bundle(ws), 1, "AC04"),
    "payments.cancel": lambda ws: ws.payments.cancel(_bundle(ws)),
}


def _mine(action: str, **params: Any) -> Callable[[Workspace], object]:
    """Runs an action on the invoice that a person picked."""
    return lambda workspace: workspace.select(ids=[1]).plan(action, **params).apply()


def _statement(root: Path, *entries: str, name: str = "S1") -> None:
    (root / f"{name}.xml").write_text(camt(statement(*entries, name=name)))


def _read(*names: str) -> Callable[[Workspace], object]:
    return lambda ws: [ws.payments.read(ws.root / f"{name}.xml") for name in names]


def _paid_in(root: Path) -> Workspace:
    """A statement in which two customers pay what they name, and a third something."""
    workspace = owed_workspace(root, [13_100, 14_100, 15_100])
    workspace = _configured(root)
    _statement(
        root,
        credit("131.00", "F2026-000001", name="Klant 1", bank="1"),
        credit("142.00", "F2026-000002", iban=IBANS["K1"], bank="2"),
        credit("151.00", "F2026-000003", iban=IBANS["K0"], bank="3"),
    )
    return workspace


def _matched(root: Path) -> Workspace:
    workspace = _paid_in(root)
    _read("S1")(workspace)
    return workspace


def _unmatch(workspace: Workspace) -> None:
    payments = workspace.payments.incoming()
    workspace.payments.unmatch(str(payments.loc[payments["status"].eq("booked"), "payment_id"].min()))


def _proposed(root: Path) -> Workspace:
    """Payments that only a person may book, and the sheet in which one ticked them."""
    from invoicebatch.interfaces.matching_sheet.write import matching_sheet

    workspace = owed_workspace(root, [10_000, 12_000, 15_000])
    workspace = _configured(root)
    _statement(
        root, credit("100.00", "F2026-000001", bank="1"), credit("170.00", "van ons", bank="2"),
        credit("3.00", "rente", bank="3"),
    )  # fmt: skip
    _read("S1")(workspace)
    path = root / "matching.xlsx"
    matching_sheet(workspace, path)
    book = openpyxl.load_workbook(path)
    sheet = book["Payments"]
    titles = {cell.value: cell.column for cell in sheet[4]}
    cells: dict[str, dict[str, object]] = {
        "100.00": {"Book": "x"}, "170.00": {"Numbers": "F2026-000002; F2026-000003", "Amounts": "120,00; 50.00"},
        "3.00": {"Set aside because": "interest"},
    }  # fmt: skip
    for row in range(5, sheet.max_row + 1):
        for title, value in cells.get(f"{sheet.cell(row, titles['Amount']).value:.2f}", {}).items():
            sheet.cell(row, titles[title]).value = value
    book.save(path)
    return workspace


def _run_matching(workspace: Workspace) -> object:
    from invoicebatch.interfaces.matching_sheet.plan import plan_matching
    from invoicebatch.interfaces.matching_sheet.read import read_matching
    from invoicebatch.interfaces.matching_sheet.run import run_matching

    return run_matching(workspace, plan_matching(workspace, read_matching(workspace.root / "matching.xlsx")))


def _collected(root: Path) -> Workspace:
    """A statement that books a bundle, and one that returns two of its payments."""
    workspace = _bundled(root, "payments.write")
    ids = workspace.payments.items(_bundle(workspace))["end_to_end_id"].tolist()
    whole = "".join(transaction(end_to_end) for end_to_end in ids)
    _statement(root, entry("484.00", "CRDT", whole, day="2026-11-25"))
    back = "".join(transaction(each, "121.00", "DBIT", returned("MS02")) for each in ids[:2])
    _statement(root, entry("242.00", "DBIT", back, day="2026-11-26"), name="S2")
    return workspace


def _recalled(root: Path) -> None:
    _released(root, "payments.write", "payments.recall")
    workspace = open_workspace(root)
    items = workspace.payments.items(_bundle(workspace))
    mine = items[items["recalled_at"].notna()].iloc[0]
    told = payment_answer(mine["end_to_end_id"], "RJCR", "LEGL")
    answer = recall_answer(group_answer(mine["payment_information_id"], "RJCR", told))
    (root / "answer.xml").write_text(answer)


def _bounced(root: Path) -> Workspace:
    """Documents sent by mail, and servers' reports on two of them."""
    workspace = _ready(root, "send_via.email")
    box = workspace.outbox.list().set_index("invoice_id")["message_id"]
    folder = root / "bounces"
    folder.mkdir()
    for invoice_id in (1, 2):
        told = DSN.replace(ID.encode(), box[invoice_id].encode())
        told = told.replace(b"ada@example.org", f"p{invoice_id}@example.org".encode())
        (folder / f"{invoice_id}.eml").write_bytes(told.replace(b"1.bounce", f"{invoice_id}.bounce".encode()))
    return workspace


def _failed(root: Path) -> Workspace:
    """Mails that failed, to be sent again."""
    workspace = _ready(root, "send_via.email")
    for path in (workspace.data / "mail/new").iterdir():
        path.unlink()
    with workspace.store.write() as session:
        box = session.whole("outbox")
        session.update("outbox", box[["message_id"]].assign(status="failed"), clock.now())
        failed = box[["invoice_id"]].assign(shipping_status="failed", sent_at=pd.NaT)
        session.update("invoices", failed, clock.now())
    return workspace


def _resend(workspace: Workspace) -> None:
    box = workspace.outbox.list()
    if len(open_ones := box[box["state"].isin(["failed", "in_doubt"])]):
        workspace.outbox.resend(open_ones["message_id"].tolist())


def _mark_sent(workspace: Workspace) -> None:
    if len(box := workspace.outbox.list(status="failed")):
        workspace.outbox.mark_sent(box["message_id"].tolist())


IMPORTED = {
    "accounts.csv": "company_account_id,name,legal_name,street,postcode,city,country,vat_id,iban\n"
    "NL,Shop,Shop B.V.,Weg 1,3511AB,Utrecht,NL,NL800000018B01,NL20INGB0001234567\n",
    "customers.csv": "customer_id,name,street,postcode,city,country\n00013,Ann,Straat 1,1012AB,Amsterdam,NL\n",
    "invoices.csv": "external_id,customer_id\nA1,00013\nA2,00013\n",
    "lines.csv": "external_id,name,quantity,price,vat_rate\nA1,Gas,10,1.00,21\nA1,Water,1,2.00,9\nA2,Gas,1,10,21\n",
}


def _to_import(root: Path) -> None:
    init_workspace(root)
    _configured(root)
    for name, text in IMPORTED.items():
        (root / name).write_text(text)


def _import(workspace: Workspace) -> None:
    workspace.import_files([workspace.root / name for name in IMPORTED])


def _payments_to_import(root: Path) -> None:
    _owing(root)
    (root / "payments.csv").write_text(
        "payment_id,external_id,booked_on,amount\n"
        "P1,X0000001,2026-11-20,100.00\nP2,X0000001,2026-11-21,21.00\nP3,X0000002,2026-11-21,121.00\n"
    )


def _sheet(root: Path) -> Workspace:
    """A selection sheet with rows ticked for three actions."""
    workspace = _plain(root, count=4)
    workspace.select(ids=[1]).plan("approve", invoice_date=DAY).apply()
    path = root / "sheet.xlsx"
    workspace.sheet(path, all=True)
    book = openpyxl.load_workbook(path)
    for row, action in ((6, "Export: Invoices"), (7, "Approve"), (8, "Approve"), (9, "Delete")):
        book["Invoices"].cell(row, 1).value, book["Invoices"].cell(row, 2).value = "x", action
    book.save(path)
    return workspace


def _customers_sheet(root: Path) -> Workspace:
    from invoicebatch.formats.workbook.customers import COLUMNS, FIRST_ROW, SHEET
    from invoicebatch.interfaces.customers_sheet.write import customers_sheet

    workspace = _plain(root)
    path, _ = customers_sheet(workspace.select(all=True), root / "customers.xlsx")
    book = openpyxl.load_workbook(path)
    for row in range(2):
        book[SHEET].cell(FIRST_ROW + row, COLUMNS.index("street") + 1).value = f"Nieuwe straat {row}"
    book.save(path)
    return workspace


def _run_customers(workspace: Workspace) -> None:
    from invoicebatch.interfaces.customers_sheet.run import plan_customers, run_customers

    run_customers(workspace, plan_customers(workspace, workspace.root / "customers.xlsx"))


def _backup(workspace: Workspace) -> None:
    file = workspace.root / "backup.zip"
    if not file.exists():
        workspace.backup(file)


def _restore(workspace: Workspace) -> None:
    from invoicebatch.files.backup import restore_backup

    target = workspace.root / "restored"
    if not target.exists():
        restore_backup(workspace.root / "backup.zip", target)
    init_workspace(target, adopt=True)


def _backed_up(root: Path) -> None:
    _backup(_ready(root))


def _audit(workspace: Workspace) -> None:
    file = workspace.root / "audit.zip"
    if not file.exists():
        workspace.audit_pack(file, workspace.select(all=True))


def _with_job(root: Path) -> Workspace:
    return _ready(root, "export.job")


def _work(workspace: Workspace) -> None:
    from threading import Event

    from invoicebatch.engine.background.worker import Worker

    Worker(workspace.base, lambda _: None).run(Event(), once=True)


def _queued(root: Path) -> None:
    workspace = _ready(root)
    workspace.runs.apply(workspace.select(all=True).plan("send_via.email"), background=True)


def _attach(workspace: Workspace) -> None:
    workspace.import_attachments(workspace.root / "attached")


def _to_attach(root: Path) -> None:
    _ready(root)
    (root / "attached").mkdir()
    for number in (1, 2):
        (root / "attached" / f"F2026-00000{number}.pdf").write_bytes(b"%PDF-")


def _with_credit(root: Path) -> None:
    """A customer owes for one document and has a credit on another."""
    owed_workspace(root, [13_100, -4_000], customer_id="K1")
    _configured(root)


_created = partial(_plain, status="created")
_with_approval = lambda root: _plain(root, "approve")  # noqa: E731

SCENARIOS: dict[str, Scenario] = {
    "approve": Scenario(_plain, _do("approve")),
    "create": Scenario(_with_approval, _do("create")),
    "regenerate": Scenario(lambda root: _plain(root, "approve", "create"), _do("regenerate")),
    "withdraw_approval": Scenario(_with_approval, _do("withdraw_approval")),
    "credit": Scenario(_ready, _do("credit"), fresh_ids=True),
    "delete": Scenario(_plain, _do("delete")),
    "mark_as.reviewed": Scenario(_plain, _do("mark_as.reviewed")),
    "mark_as.shipped": Scenario(_created, _do("mark_as.shipped")),
    "mark_as.not_shipped": Scenario(lambda root: _ready(root, "mark_as.shipped"), _do("mark_as.not_shipped")),
    "mark_as.exported": Scenario(_created, _do("mark_as.exported")),
    "mark_as.not_exported": Scenario(
        lambda root: _ready(root, "mark_as.exported"), _do("mark_as.not_exported")
    ),
    "download.document": Scenario(_ready, _do("download.document")),
    "download.merged": Scenario(_ready, _do("download.merged")),
    "download.statement": Scenario(_owing, _do("download.statement")),
    "export.invoices": Scenario(_created, _do("export.invoices")),
    "export.lines": Scenario(_created, _do("export.lines")),
    "export.measurements": Scenario(_created, _do("export.measurements")),
    "export.aging": Scenario(_owing, _do("export.aging")),
    "export.xml": Scenario(_ready, _do("export.xml")),
    "export.ubl": Scenario(_peppol, _do("export.ubl")),
    "export.france": Scenario(_french, _do("export.france", report="b2c")),
    "export.external": Scenario(_ready, _do("export.external")),
    "export.job": Scenario(_ready, _do("export.job")),
    "send_via.email": Scenario(_ready, _do("send_via.email")),
    "send_via.email, combined": Scenario(_ready, _do("send_via.email", combine="customer")),
    "send_via.post": Scenario(_ready, _do("send_via.post", anyway=True)),
    "send_via.preferred": Scenario(_ready, _do("send_via.preferred")),
    "send_via.einvoice": Scenario(_peppol, _do("send_via.einvoice")),
    "assign.bank_file": Scenario(_owing, _do("assign.bank_file")),
    "assign.payment_plan": Scenario(_owing, _mine("assign.payment_plan", instalments=3)),
    "assign.payment_plan_status": Scenario(
        lambda root: _mine("assign.payment_plan", instalments=3)(_owing(root)),
        _do("assign.payment_plan_status"),
    ),
    "assign.collection_case": Scenario(_owing, _do("assign.collection_case")),
    "assign.collection_step": Scenario(
        lambda root: _owing(root, "assign.collection_case"), _do("assign.collection_step")
    ),
    "assign.collection_status": Scenario(
        lambda root: _owing(root, "assign.collection_case"), _do("assign.collection_status")
    ),
    "payments.release": Scenario(
        partial(_bundled, four_eyes=True), OF_BUNDLE["payments.release"], user="second"
    ),
    "payments.write": Scenario(_bundled, OF_BUNDLE["payments.write"]),
    "payments.write again": Scenario(
        lambda root: _bundled(root, "payments.write"), OF_BUNDLE["payments.write again"]
    ),
    "payments.remove": Scenario(_bundled, OF_BUNDLE["payments.remove"]),
    "payments.recall": Scenario(
        lambda root: _released(root, "payments.write"), OF_BUNDLE["payments.recall"], user="second"
    ),
    "payments.confirm": Scenario(
        lambda root: date_has_come(_bundled(root, "payments.write")), OF_BUNDLE["payments.confirm"]
    ),
    "payments.reject": Scenario(
        lambda root: _bundled(root, "payments.write"), OF_BUNDLE["payments.reject"], repeatable=False
    ),
    "payments.cancel": Scenario(_bundled, OF_BUNDLE["payments.cancel"]),
    "payments.book": Scenario(
        _payments_to_import, lambda ws: ws.import_files([ws.root / "payments.csv"]), repeatable=True
    ),
    "payments.match": Scenario(_paid_in, _read("S1"), repeatable=True),
    "payments.match, by a sheet": Scenario(_proposed, _run_matching, repeatable=True),
    "payments.unmatch": Scenario(_matched, _unmatch),
    "payments.set_off": Scenario(_with_credit, lambda ws: ws.payments.set_off()),
    "payments.write_off": Scenario(_owing, _mine("payments.write_off")),
    "collections booked and returned": Scenario(_collected, _read("S1", "S2"), repeatable=True),
    "recall refused": Scenario(_recalled, _read("answer"), repeatable=True, user="second"),
    "import": Scenario(_to_import, _import, repeatable=True),
    "import of attachments": Scenario(_to_attach, _attach, repeatable=True),
    "import of bounces": Scenario(
        _bounced, lambda ws: ws.import_bounces([ws.root / "bounces"]), repeatable=True
    ),
    "outbox resend": Scenario(_failed, _resend, repeatable=True),
    "outbox mark-sent": Scenario(_failed, _mark_sent, repeatable=True),
    "sheet run": Scenario(
        _sheet, lambda ws: ws.run_sheet(ws.root / "sheet.xlsx", confirmed=True), repeatable=True
    ),
    "customers' sheet": Scenario(_customers_sheet, _run_customers, repeatable=True),
    "worker with a job": Scenario(_with_job, _work, repeatable=True),
    "worker with a queued run": Scenario(_queued, _work, repeatable=True),
    "backup": Scenario(_ready, _backup, repeatable=True),
    "restore": Scenario(_backed_up, _restore, repeatable=True),
    "audit write": Scenario(_ready, _audit, repeatable=True),
}
