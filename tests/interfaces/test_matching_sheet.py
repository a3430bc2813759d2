"""The matching sheet: written, filled in, checked and run; each row that can't be is named by its cell."""

import json
from pathlib import Path
from shutil import copy
from unittest.mock import Mock

import openpyxl
import pandas as pd
import pytest

from invoicebatch.engine.payments import allocations
from invoicebatch.errors import InputFileError
from invoicebatch.interfaces.api import Workspace
from invoicebatch.interfaces.cli import main
from invoicebatch.interfaces.matching_sheet.plan import plan_matching
from invoicebatch.interfaces.matching_sheet.read import read_matching
from invoicebatch.interfaces.matching_sheet.run import run_matching
from invoicebatch.interfaces.matching_sheet.write import matching_sheet
from tests.engine.payments.received import IBANS, credit, outstanding, owed_workspace, read

AMOUNTS = [10_000, 12_000, 15_000, 20_000]


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    workspace = owed_workspace(tmp_path / "w", AMOUNTS)
    read(
        workspace, credit("100.00", "F2026-000001", bank="1"), credit("170.00", "van ons", bank="2"),
        credit("3.00", "rente", bank="3"), credit("200.00", iban=IBANS["K1"], bank="4"),
        credit("50.00", "=HYPERLINK(1)", bank="5"),
    )  # fmt: skip
    return workspace


def filled(ws: Workspace, by_text: dict[str, dict[str, object]], name: str = "m.xlsx") -> Path:
    """The sheet with cells by title in the row of the payment of that amount."""
    path = ws.root / name
    matching_sheet(ws, path)
    book = openpyxl.load_workbook(path)
    sheet = book["Payments"]
    titles = {cell.value: cell.column for cell in sheet[4]}
    rows = {f"{sheet.cell(row, titles['Amount']).value:.2f}": row for row in range(5, sheet.max_row + 1)}
    for amount, cells in by_text.items():
        for title, value in cells.items():
            sheet.cell(rows[amount], titles[title]).value = value
    book.save(path)
    return path


def planned(ws: Workspace, path: Path) -> pd.DataFrame:
    return plan_matching(ws, read_matching(path)).rows


def test_ticks_numbers_and_amounts_are_booked_once(ws: Workspace) -> None:
    path = filled(
        ws,
        {"100.00": {"Book": "x"}, "170.00": {"Numbers": "F2026-000002; F2026-000003", "Amounts": "120,00; 50.00"},
         "3.00": {"Set aside because": "interest"}, "200.00": {"Numbers": "F2026-000004"}},
    )  # fmt: skip
    plan = plan_matching(ws, read_matching(path))
    assert set(plan.rows["outcome"]) == {"would book", "would set aside"}
    assert outstanding(ws) == AMOUNTS
    done = run_matching(ws, plan)
    assert sorted(done.rows["outcome"]) == ["booked", "booked", "booked", "set aside"]
    assert outstanding(ws) == [0, 0, 10_000, 0]
    again = run_matching(ws, plan_matching(ws, read_matching(path)))
    assert set(again.rows["outcome"]) == {"unchanged"}
    assert outstanding(ws) == [0, 0, 10_000, 0]
    assert ws.doctor().empty


def test_what_can_not_be_is_refused_by_cell(ws: Workspace) -> None:
    path = filled(
        ws,
        {"100.00": {"Book": "later"}, "170.00": {"Numbers": "F2026-000009"},
         "3.00": {"Numbers": "F2026-000001", "Amounts": "5"}, "200.00": {"Numbers": "F2026-000001", "Amounts": "1.234"},
         "50.00": {"Book": "x"}},
    )  # fmt: skip
    rows = planned(ws, path).sort_values("row")
    assert set(rows["outcome"]) == {"refused"}
    reasons = "\n".join(rows["reason"])
    for words in (
        "'later' is neither a tick nor empty", "no document of the account that was paid has the number F2026-000009",
        "5.00 is more than the 3.00 of the payment", "1,234.00 is more than the 200.00", "there is no proposal for it",
    ):  # fmt: skip
        assert words in reasons
    assert rows["reason"].str.match(r"[A-Z]\d+: ").all()


def test_stale_foreign_and_doubled_rows_are_refused(ws: Workspace, tmp_path: Path) -> None:
    path = filled(ws, {"100.00": {"Book": "x"}, "170.00": {"Numbers": "F2026-000004"}})
    book = openpyxl.load_workbook(path)
    sheet = book["Payments"]
    row = next(row for row in range(5, 10) if sheet.cell(row, 5).value == 170)
    for column in range(1, sheet.max_column + 1):
        sheet.cell(12, column).value = sheet.cell(row, column).value
    sheet.cell(12, 2).value = "F2026-000003"
    sheet.cell(13, 1).value = "x"
    book.save(path)
    told = planned(ws, path).set_index("row")["reason"]
    assert told[row] == told[12] == "the same payment stands in several rows, which say different things"
    assert "this row has no key" in told[13]
    (payment,) = ws.payments.incoming().query("amount_cents == 10_000")["payment_id"]
    ws.payments.set_aside(payment, "mistake")
    assert "was set aside since: mistake" in "\n".join(planned(ws, path)["reason"])
    other = owed_workspace(tmp_path / "other", AMOUNTS)
    with pytest.raises(InputFileError, match="another workspace"):
        planned(other, path)
    copied = tmp_path / "s.xlsx"
    copy(path, copied)
    book = openpyxl.load_workbook(copied)
    book["Payments"].title = "Sheet1"
    book.save(copied)
    with pytest.raises(InputFileError, match="no matching sheet"):
        read_matching(copied)


def test_a_document_that_was_paid_meanwhile_is_named(ws: Workspace) -> None:
    path = filled(ws, {"100.00": {"Book": "x"}})
    read(ws, credit("40.00", text="+++202/6000/00192+++", bank="9"), name="S2")
    assert outstanding(ws)[0] == 6_000
    assert planned(ws, path)["reason"].tolist() == [
        "A" + str(planned(ws, path)["row"][0]) + ": of F2026-000001 only 60.00 is open now"
    ]


def test_the_commands(ws: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    def run(*words: str) -> tuple[int, str]:
        code = main.run([*words, "-w", str(ws.root)])
        return code, capsys.readouterr().out

    code, text = run("payments", "incoming", "--json")
    first = {row["amount"]: row for row in json.loads(text)}["100.00"]
    assert code == 0
    assert {"payment_id", "booked_on", "amount", "currency", "payer", "payer_iban", "reference", "text", "status", "proposals"} <= set(first)  # fmt: skip
    assert first["proposals"] == [
        {"number": "F2026-000001", "amount": "100.00", "evidence": "invoice number and amount", "proposal": 1}
    ]
    file = str(ws.root / "c.xlsx")
    assert run("payments", "match", "write", file, "--json")[0] == 0
    assert run("payments", "match", "check", file)[0] == 0
    assert run("payments", "match", "run", file)[0] == 0
    assert run("payments", "match", "--dry-run")[0] == 0
    assert run("payments", "set-aside", first["payment_id"][:8], "--reason", "not ours")[0] == 0
    assert run("payments", "unmatch", first["payment_id"])[0] == 2
    assert run("payments", "set-off")[0] == 2
    assert run("payments", "set-off", "--all")[0] == 0
    assert '"set_aside": "not ours"' in run("payments", "incoming", "--status", "set_aside", "--json")[1]


def test_a_run_that_was_cut_off_is_finished_by_the_same_sheet(
    ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = filled(ws, {"100.00": {"Book": "x"}})
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(allocations, "run_action", Mock(side_effect=KeyboardInterrupt))
        run_matching(ws, plan_matching(ws, read_matching(path)))
    run_matching(ws, plan_matching(ws, read_matching(path)))
    assert outstanding(ws) == [0, *AMOUNTS[1:]]
