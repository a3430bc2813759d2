"""Credit notes on a real workspace: to the cent, once, and out of bundle, case and plan."""

import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pandas as pd
import pytest

from invoicebatch.engine.base.pieces import pieces_of
from invoicebatch.errors import ParameterError
from invoicebatch.formats.pdf.compare import document_text
from invoicebatch.interfaces.api import Workspace
from tests.crash.dying import CrashError
from tests.examples import in_sweeps
from tests.paying import date_has_come

Make = Callable[..., Workspace]

MIRRORED = ["line_total_cents", "net_total_cents", "vat_total_cents", "total_cents", "prepaid_cents"]


def table(ws: Workspace, name: str) -> pd.DataFrame:
    with ws.store.read() as session:
        return session.whole(name)


def invoices(ws: Workspace) -> pd.DataFrame:
    return ws.select(all=True).frame.set_index("invoice_id")


def credit(ws: Workspace, *ids: int, **params: object):
    return ws.select(ids=list(ids)).plan("credit", **params).apply()


def refusal(ws: Workspace, invoice_id: int, **params: object) -> str:
    return str(ws.select(ids=[invoice_id]).plan("credit", **params).refused["reason"].item())


def test_a_full_credit_mirrors_the_original(money_workspace: Make) -> None:
    ws = money_workspace(3)
    report = credit(ws, 1, 2, reason="Wrong meter")
    assert len(report.done) == 2
    rows = invoices(ws)
    original, note = rows.loc[1], rows.loc[rows["credit_of"] == 1].iloc[0]
    assert (note["kind"], note["status"], note["preceding_number"]) == (
        "credit_note",
        "approved",
        "F2026-000001",
    )
    assert note["note"] == "Wrong meter"
    assert rows["number"].isna().sum() == 2
    for column in MIRRORED:
        assert original[column] + note[column] == 0
    assert original["credited_by"] == note.name
    assert (original["outstanding_cents"], note["outstanding_cents"]) == (0, 0)
    lines = table(ws, "lines").groupby("invoice_id")["net_cents"].sum()
    assert lines[1] + lines[note.name] == 0
    assert ws.doctor().empty


def test_what_was_paid_is_refunded_with_the_note(money_workspace: Make) -> None:
    ws = money_workspace(2, paid_cents=[12_100, 2_100], outstanding_cents=[0, 10_000])
    plan = ws.select(ids=[1, 2]).plan("credit")
    assert plan.preview["credits"]["to_refund_cents"].tolist() == [12_100, 2_100]
    plan.apply()
    rows = invoices(ws)
    assert rows["outstanding_cents"].tolist() == [0, 0, -12_100, -2_100]
    assert rows["total_cents"].sum() == 0
    assert ws.doctor().empty


def speaking(ws: Workspace, language: str) -> None:
    people = pd.DataFrame({"customer_id": ["K0", "K1", "K2"], "language": language})
    with ws.store.write() as session:
        session.update("customers", people, pd.Timestamp("2026-01-01").to_pydatetime())


def created(ws: Workspace) -> pd.DataFrame:
    """The rows, once all that is approved has its document."""
    report = ws.select(where="status = 'approved'").plan("create").apply()
    assert report.failed.empty
    return invoices(ws)


def printed(ws: Workspace, row: pd.Series) -> str:
    text = document_text((ws.data / row["document_path"]).read_bytes())
    return " ".join(text.replace("\u00a0", " ").split())


def mailed(ws: Workspace, invoice_id: int) -> str:
    mail = (
        ws.select(ids=[invoice_id]).plan("send_via.email").preview["first_mail"].set_index("field")["value"]
    )
    return " ".join(f"{mail['subject']} {mail['text']}".replace("\u00a0", " ").split())


@pytest.mark.parametrize(
    ("language", "whole", "part", "back"),
    [
        ("en", "€121.00 is set off against invoice F2026-000001",
         "€100.00 is set off against invoice F2026-000002", "€21.00"),
        ("nl", "€ 121,00 wordt verrekend met factuur F2026-000001",
         "€ 100,00 wordt verrekend met factuur F2026-000002", "€ 21,00"),
        *in_sweeps(
            ("fr", "121,00 € sont imputés sur la facture F2026-000001",
             "100,00 € sont imputés sur la facture F2026-000002", "21,00 €"),
            ("de", "121,00 € werden mit Rechnung F2026-000001 verrechnet",
             "100,00 € werden mit Rechnung F2026-000002 verrechnet", "21,00 €"),
        ),
    ],
)  # fmt: skip
def test_document_and_mail_say_what_is_set_off_and_what_is_paid_back(
    money_workspace: Make, language: str, whole: str, part: str, back: str
) -> None:
    ws = money_workspace(2, paid_cents=[0, 2_100], outstanding_cents=[12_100, 10_000])
    speaking(ws, language)
    credit(ws, 1, 2)
    rows = created(ws)
    for original, sentence in ((1, whole), (2, part)):
        note = rows[rows["credit_of"] == original].iloc[0]
        for text in (printed(ws, note), mailed(ws, int(note.name))):
            assert sentence in text
            assert (f" {back} " in text) is (original == 2)
            assert ("•••• 3000" in text) is (original == 2)


def test_an_invoice_credited_before_it_was_created_asks_for_the_rest(money_workspace: Make) -> None:
    ws = money_workspace(2, status="approved", number=None)
    credit(ws, 1, lines="2")
    credit(ws, 2)
    rows = created(ws)
    number = rows.loc[1, "number"]
    for text in (printed(ws, rows.loc[1]), mailed(ws, 1)):
        assert "€60.50 has been paid or set off before" in text
        assert "collect €60.50" in text
    for text in (printed(ws, rows.loc[2]), mailed(ws, 2)):
        assert "€121.00 has been paid or set off before" in text
        assert "collect" not in text
    note = rows[rows["credit_of"] == 1].iloc[0]
    assert f"€60.50 is set off against invoice {number}" in printed(ws, note)


def test_a_document_stays_as_it_is_when_its_invoice_is_credited_or_paid(money_workspace: Make) -> None:
    ws = money_workspace(3)
    everything = ws.select(all=True)
    assert len(everything.plan("regenerate").apply().done) == 3
    credit(ws, 1)
    credit(ws, 2, lines="2")
    ws.select(ids=[3]).plan("assign.bank_file").apply()
    [bundle] = ws.payments.list()["bundle_id"]
    ws.payments.write(bundle)
    date_has_come(ws)
    ws.payments.confirm(bundle)
    rows = invoices(ws)
    assert rows.loc[[1, 2, 3], "outstanding_cents"].tolist() == [0, 6_050, 0]
    assert rows.loc[[1, 2, 3], "due_at_issue_cents"].tolist() == [12_100, 12_100, 12_100]
    again = ws.select(ids=[1, 2, 3]).plan("regenerate").apply()
    assert again.unchanged["invoice_id"].tolist() == [1, 2, 3]
    assert "collect €60.50" in mailed(ws, 2)


def test_a_credited_invoice_is_not_credited_again(money_workspace: Make) -> None:
    ws = money_workspace(1)
    credit(ws, 1)
    again = ws.select(all=True).plan("credit")
    assert again.eligible == 0
    reasons = again.refused.set_index("invoice_id")["reason"]
    assert "already credited" in reasons[1]
    assert "credit note" in reasons[2]


def test_lines_are_credited_one_after_the_other_until_nothing_is_left(money_workspace: Make) -> None:
    ws = money_workspace(1)
    credit(ws, 1, lines="2")
    rows = invoices(ws)
    assert rows["total_cents"].tolist() == [12_100, -6_050]
    assert rows["outstanding_cents"].tolist() == [6_050, 0]
    assert rows["credited_by"].isna().all()
    assert "lines 2 is credited already" in refusal(ws, 1, lines="2")
    assert "has not all of the lines" in refusal(ws, 1, lines="7")
    credit(ws, 1)
    rows = invoices(ws)
    assert rows["total_cents"].sum() == 0
    assert rows["outstanding_cents"].sum() == 0
    assert rows.loc[1, "credited_by"] == rows.index[-1]
    assert ws.doctor().empty


def test_an_amount_per_vat_rate(money_workspace: Make) -> None:
    ws = money_workspace(2)
    report = credit(ws, 1, 2, amount="21:33.33")
    assert len(report.done) == 2
    notes = invoices(ws).loc[3:]
    assert notes["net_total_cents"].tolist() == [-3_333, -3_333]
    assert notes["vat_total_cents"].tolist() == [-700, -700]
    assert table(ws, "lines").set_index("invoice_id").loc[3, "name"] == "Credit on F2026-000001"
    assert "66.67 is left there" in refusal(ws, 1, amount="21:66.68")
    assert "has no VAT at 6 %" in refusal(ws, 1, amount="6:1")
    speaking(ws, "nl")
    credit(ws, 1, amount="21:66.67")
    assert table(ws, "lines")["name"].iloc[-1] == "Credit op F2026-000001"
    mine = invoices(ws).loc[lambda f: f["credit_of"] == 1]
    assert mine["total_cents"].sum() == -12_100
    assert ws.doctor().empty


def test_lines_and_amount_together_are_refused(money_workspace: Make) -> None:
    with pytest.raises(ParameterError, match="not both"):
        credit(money_workspace(1), 1, lines="1", amount="21:1")


@pytest.mark.parametrize("part", [{"lines": "1"}, {"amount": "21:1"}])
def test_advances_go_with_a_whole_credit_only(money_workspace: Make, part: dict[str, str]) -> None:
    with pytest.raises(ParameterError, match="with_advances takes back whole documents"):
        credit(money_workspace(1), 1, with_advances=True, **part)


def test_a_credit_leaves_an_unwritten_bundle_and_is_kept_out_of_a_written_one(money_workspace: Make) -> None:
    ws = money_workspace(3)
    ws.select(all=True).plan("assign.bank_file").apply()
    bundle = ws.payments.list()["bundle_id"].iloc[0]
    credit(ws, 1)
    assert ws.payments.items(bundle)["status"].astype("str").tolist() == ["cancelled", "pending", "pending"]
    listed = ws.payments.list().iloc[0]
    assert (listed["items"], listed["total_cents"]) == (2, 24_200)
    assert pd.isna(invoices(ws).loc[1, "payment_bundle_id"])
    ws.payments.write(bundle)
    assert "whose bank file is written" in refusal(ws, 2)
    assert invoices(ws).loc[2, "outstanding_cents"] == 12_100


def test_crediting_all_of_a_bundle_cancels_it(money_workspace: Make) -> None:
    ws = money_workspace(2)
    ws.select(all=True).plan("assign.bank_file").apply()
    credit(ws, 1, 2)
    assert ws.payments.list()["state"].tolist() == ["cancelled"]
    assert table(ws, "live_bundle_items").empty


@pytest.mark.parametrize("death", [0, 2, *in_sweeps(1, 3)])
def test_many_are_credited_in_several_commits_each_once(
    money_workspace: Make, monkeypatch: pytest.MonkeyPatch, death: int
) -> None:
    ws = money_workspace(6)
    ws.select(all=True).plan("assign.bank_file").apply()
    whole = ws.payments.list()[["items", "total_cents"]].iloc[0].tolist()
    small = "invoicebatch.engine.run.execute.pieces_of"
    monkeypatch.setattr(small, lambda *given: pieces_of(*given[:-1], 2))
    run, commits = ws.select(all=True).plan("credit"), [0]

    def dies(point: str) -> None:
        commits[0] += point == "commit.committed"
        if commits[0] == death > 0:
            commits[0] += 1
            raise CrashError

    monkeypatch.setattr("invoicebatch.engine.run.execute.reach", dies)
    with suppress(CrashError):
        run.apply()
    ws.runs.resume()
    assert commits[0] - (death > 0) == 3
    assert sorted(invoices(ws)["credit_of"].dropna()) == [1, 2, 3, 4, 5, 6]
    assert invoices(ws)["outstanding_cents"].eq(0).all()
    assert invoices(ws)[["total_cents", "vat_total_cents"]].sum().eq(0).all()
    bundles = ws.payments.list()
    assert bundles[["state", "items", "total_cents"]].to_numpy().tolist() == [["cancelled", *whole]]
    assert ws.runs.report(run.run_id).totals == {"credited": "-726.00", "notes": 6, "EUR": "726.00"}
    assert len(ws.doctor()) == 0


def test_advances_go_with_their_final_note_when_asked(money_workspace: Make) -> None:
    ws = money_workspace(3)
    with ws.store.write() as session:
        line = pd.DataFrame({"invoice_id": [3], "line_no": [2], "advance_of": [1]})
        session.update("lines", line, pd.Timestamp("2026-01-01").to_pydatetime())
    assert ws.select(ids=[3]).plan("credit").eligible == 1
    report = credit(ws, 3, with_advances=True)
    assert sorted(report.done["invoice_id"]) == [1, 3]
    assert invoices(ws)["credit_of"].dropna().tolist() == [1, 3]


def test_crediting_in_parallel_makes_one_note(money_workspace: Make) -> None:
    ws = money_workspace(4)
    command = [
        sys.executable,
        "-m",
        "invoicebatch",
        "run",
        "credit",
        "--all",
        "--yes",
        "--json",
        "-w",
        str(ws.root),
    ]
    root = Path(__file__).parents[2]
    running = [
        subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(3)
    ]
    codes = [process.wait(timeout=120) for process in running]
    for process in running:
        assert process.stdout is not None
        process.stdout.close()
    assert 0 in codes or 3 in codes
    rows = invoices(ws)
    assert sorted(rows["credit_of"].dropna()) == [1, 2, 3, 4]
    assert rows["total_cents"].sum() == 0
    assert ws.doctor().empty
