"""The review of a billing run: planted faults are found, a clean run is let go, approve refuses and counts."""

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from invoicebatch.actions import find, registry
from invoicebatch.eligibility.review import Checks, Review, judge
from invoicebatch.engine.base import clock, context
from invoicebatch.engine.imports.sample import asked_for
from invoicebatch.ingest.sample.months import months
from invoicebatch.interfaces.api import Workspace, init_workspace, open_workspace
from invoicebatch.interfaces.cli import select
from invoicebatch.interfaces.cli.main import run
from invoicebatch.interfaces.lab.preview import describe
from invoicebatch.interfaces.sheet.write import sheet
from tests.copies import copy_workspace

WAITING = "status in ('empty', 'approval_failed')"


def _filled(
    folder: Path, *, customers: int, faults: bool, history: int = 13
) -> tuple[Workspace, pd.DataFrame]:
    workspace = init_workspace(folder)
    if faults:
        (workspace.root / "rules" / "review.toml").write_text(asked_for(), encoding="utf-8")
    planted = []
    with workspace.store.write() as session:
        for month in months(customers, faults=faults, history=history):
            for table, frame in month.frames.items():
                session.insert(table, frame)
            session.reserve_ids(len(month.frames["invoices"]))
            planted.append(month.planted)
    return workspace, pd.concat(planted)


@pytest.fixture(scope="module")
def run_with_faults(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, pd.DataFrame]:
    """A run of 240 customers in its fourteenth month, and what is planted in it."""
    workspace, planted = _filled(tmp_path_factory.mktemp("review") / "run", customers=240, faults=True)
    return workspace.root, planted


@pytest.fixture
def faulty(run_with_faults: tuple[Path, pd.DataFrame], tmp_path: Path) -> Workspace:
    """A copy of it that may be changed."""
    return open_workspace(copy_workspace(run_with_faults[0], tmp_path / "run"))


def test_every_planted_fault_is_found_and_hardly_anything_else(
    run_with_faults: tuple[Path, pd.DataFrame],
) -> None:
    root, planted = run_with_faults
    workspace = open_workspace(root)
    found = workspace.review(workspace.select(WAITING)).findings
    missed = planted.merge(found, on=["invoice_id", "check"], how="left", indicator=True)
    assert planted["check"].nunique() == 20
    assert missed.loc[missed["_merge"] != "both", "check"].tolist() == []
    beside = found[~found["invoice_id"].isin(planted["invoice_id"])]
    assert beside.loc[beside["severity"] == "look", "invoice_id"].nunique() <= 2
    assert "stop" not in set(beside["severity"])


def test_a_run_judged_in_parts_is_judged_as_in_one(
    run_with_faults: tuple[Path, pd.DataFrame], monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = open_workspace(run_with_faults[0])
    every = workspace.select(all=True)
    whole, sizes = workspace.review(every), []

    def counted(checks: Checks, frames: Iterable[pd.DataFrame], today: date) -> Review:
        kept = list(frames)
        sizes.extend(len(frame) for frame in kept)
        return judge(checks, kept, today)

    monkeypatch.setattr("invoicebatch.engine.base.review._AT_ONCE", 1_000)
    monkeypatch.setattr("invoicebatch.engine.base.review.judge", counted)
    monkeypatch.setattr("invoicebatch.store.history.meters._AT_ONCE", 500)
    parts = workspace.review(every)
    assert sum(sizes) == len(every) > 3 * max(sizes)
    pd.testing.assert_frame_equal(parts.findings, whole.findings)
    pd.testing.assert_frame_equal(parts.no_history, whole.no_history)


def test_a_finding_says_what_is_there_what_was_expected_and_why(
    run_with_faults: tuple[Path, pd.DataFrame],
) -> None:
    root, planted = run_with_faults
    workspace = open_workspace(root)
    wanted = int(planted.set_index("check").loc["vat_rate", "invoice_id"])
    (found,) = workspace.review(workspace.select(ids=[wanted])).findings.to_dict("records")
    assert (found["value"], found["expected"], found["share"]) == ("9.00", "21.00", 42.9)
    assert "VAT 9 %, where" in found["reason"]
    assert found["reason"].endswith("have 21 %")


def test_approve_refuses_what_stops_until_a_reason_is_given_which_history_keeps(faulty: Workspace) -> None:
    review = faulty.review(faulty.select(WAITING))
    stopped = set(review.reasons("stop")["invoice_id"])
    plan = faulty.select(ids=sorted(stopped)).plan("approve")
    assert set(plan.refused["invoice_id"]) == stopped
    assert plan.refused["reason"].str.startswith("review: ").all()
    assert plan.eligible == 0
    assert faulty.select(ids=sorted(stopped)).plan("approve", accept_review="  ").eligible == 0
    report = faulty.select(ids=sorted(stopped)).plan("approve", accept_review="checked by hand").apply()
    assert set(report.done["invoice_id"]) == stopped
    kept = faulty.history(min(stopped))["details"].iloc[-1]["note"]
    assert kept.startswith("review accepted (checked by hand): ")


@pytest.fixture
def followed(make_workspace: Callable[..., Workspace], monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """Four documents, the last of the first one's customer; whatever follows another is stopped; one document a chunk."""
    workspace = make_workspace(4)
    periods = {"invoice_id": [1, 2, 3, 4], "period_end": pd.to_datetime(["2026-01-31", *["2026-02-28"] * 3])}
    with workspace.store.write() as session:
        session.update("invoices", pd.DataFrame(periods), clock.now())
    (workspace.root / "rules" / "review.toml").write_text(
        "[follows]\nwhen = 'earlier_documents >= 1'\nreason = 'not the first'\nseverity = 'stop'\n",
        encoding="utf-8",
    )
    monkeypatch.setitem(registry()._found, "approve", replace(find("approve"), chunk_rows=1))
    return workspace


def test_what_a_run_approves_changes_nothing_of_what_is_found_of_the_next(followed: Workspace) -> None:
    assert len(followed.select(all=True).plan("approve").apply().done) == 4
    assert followed.review(followed.select(ids=[4])).counts["stop"] == 1


def test_nor_where_another_change_came_between_plan_and_run(
    followed: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(context, "_MANY", 1)
    plan = followed.select(all=True).plan("approve")
    customer = followed.select(ids=[4]).frame["customer_id"]
    with followed.store.write() as session:
        session.update("customers", pd.DataFrame({"customer_id": customer, "city": "Utrecht"}), clock.now())
    assert len(plan.apply().done) == 4


class Billed:
    """Progress that tells, once the first document is approved, what an earlier system billed the last one's customer."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        row = workspace.select(ids=[4]).frame.iloc[0]
        self._rows = pd.DataFrame(
            {"customer_id": [row["customer_id"]], "company_account_id": row["company_account_id"],
             "kind": "invoice", "period_start": pd.to_datetime(["2025-12-01"]),
             "period_end": pd.to_datetime(["2025-12-31"]), "total_cents": 12_100, "currency": "EUR"}
        )  # fmt: skip

    def start(self, label: str, total: int) -> None:
        """Nothing yet."""

    def advance(self, count: int) -> None:
        if count and len(self._rows):
            with self._workspace.store.write() as session:
                session.insert("billing_history", self._rows)
            self._rows = self._rows.iloc[:0]

    def stop(self) -> None:
        """It is over."""


def test_what_others_change_while_a_run_is_at_work_counts(followed: Workspace) -> None:
    report = followed.select(all=True).plan("approve").apply(progress=Billed(followed))
    assert report.refused["invoice_id"].tolist() == [4]
    assert report.refused["reason"].str.contains("not the first").all()
    assert len(report.done) == 3


def test_what_is_marked_as_reviewed_is_no_longer_counted_until_the_document_changes(
    faulty: Workspace,
) -> None:
    review = faulty.review(faulty.select(WAITING))
    ids = sorted(set(review.reasons("look")["invoice_id"]) - set(review.reasons("stop")["invoice_id"]))
    preview = faulty.select(ids=ids).plan("approve").preview
    assert preview["to_look_at"]["invoices"].sum() == len(ids)
    faulty.select(ids=ids).plan("mark_as.reviewed", reason="the meter was exchanged").apply()
    assert "to_look_at" not in faulty.select(ids=ids).plan("approve").preview
    assert faulty.review(faulty.select(ids=ids)).counts == {"stop": 0, "look": 0, "fine": len(ids)}
    row = faulty.select(ids=ids[:1]).frame.iloc[0]
    file = faulty.root / "invoices.csv"
    file.write_text(f"external_id,note\n{row['external_id']},Meter exchanged\n", encoding="utf-8")
    faulty.import_files([file], kind="invoices")
    assert faulty.select(ids=ids).columns(["reviewed"])["reviewed"].isna().tolist() == [True] + [False] * (
        len(ids) - 1
    )


def test_the_column_says_what_approve_will_do_wherever_it_is_shown(faulty: Workspace, tmp_path: Path) -> None:
    review = faulty.review(faulty.select(WAITING))
    for verdict, count in review.counts.items():
        assert len(faulty.select(f"review = '{verdict}'")) == count
    stopped = faulty.select("review = 'stop'")
    assert set(stopped.ids) == set(review.reasons("stop")["invoice_id"])
    bar = faulty.select(WAITING).actions().set_index("action").loc["approve"]
    assert bar["eligible"] == bar["selected"] - len(stopped)
    assert sum(reason["rows"] for reason in bar["reasons"]) == len(stopped)
    refused = faulty.select(WAITING).plan("approve").refused.set_index("invoice_id")["reason"]
    shown = stopped.frame.set_index("invoice_id")["review_reasons"]
    assert all(text in refused[key] for key, text in shown.items())
    written = sheet(faulty.select(WAITING), tmp_path / "run.xlsx")
    rows = pd.read_excel(written, header=4, engine="openpyxl")
    assert rows["Review"].value_counts().to_dict() == {k: n for k, n in review.counts.items() if n}
    assert rows.loc[rows["Review"] == "stop", "Found by the review"].notna().all()


def test_a_sheet_and_the_grid_count_what_is_to_be_looked_at_before_they_approve(
    faulty: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ids = faulty.review(faulty.select(WAITING)).reasons("look")["invoice_id"].unique()[:3]
    plan = faulty.select(ids=sorted(ids)).plan("approve")
    path = faulty.sheet(tmp_path / "look.csv", ids=sorted(ids))
    head, *rows = path.read_text(encoding="utf-8-sig").splitlines()
    ticked = [",".join(["x", "Approve", *row.split(",")[2:]]) for row in rows]
    path.write_text("\n".join([head, *ticked]), encoding="utf-8")
    assert run(["sheet", "check", str(path), "--json", "-w", str(faulty.root)]) in (0, 3)
    told = json.loads(capsys.readouterr().out)["to_look_at"]
    wanted = plan.preview["to_look_at"]
    assert {row["reason"]: row["invoices"] for row in told} == dict(wanted[["reason", "invoices"]].to_numpy())
    (shown,) = (t for t in describe(plan.action, plan.preview, ())["tables"] if t["name"] == "to_look_at")
    assert len(shown["rows"]) == len(wanted) > 0


def test_what_is_not_judged_is_not_fine_and_any_change_is_judged_anew(faulty: Workspace) -> None:
    with faulty.store.read() as session:
        assert session.overview(["review"], clock.today())["review"].isna().all()
    stopped = faulty.select("review = 'stop'").frame
    assert faulty.select("review is not null and status = 'created'").ids.tolist() == []
    twice = stopped[stopped["review_reasons"].str.startswith("billed as")]
    faulty.select(ids=[int(twice["invoice_id"].iloc[0])]).plan("delete").apply()
    with faulty.store.read() as session:
        assert session.overview(["review"], clock.today())["review"].isna().all()
    left = faulty.select("review = 'stop'")
    assert len(left) == len(stopped) - 2
    (faulty.root / "rules" / "review.toml").write_text(
        "[total_absurd]\nseverity = 'look'\n", encoding="utf-8"
    )
    assert len(faulty.select("review = 'stop'")) < len(left)


def test_another_address_or_account_since_the_last_document_is_told(
    faulty: Workspace, tmp_path: Path
) -> None:
    fine = faulty.select("review = 'fine' and customer_street is not null and customer_iban is not null")
    row = fine.frame.iloc[0]
    file = tmp_path / "customers.csv"
    file.write_text(
        f"customer_id,street,iban\n{row['customer_id']},Nieuwe Gracht 2,NL20INGB0001234567\n",
        encoding="utf-8",
    )
    faulty.import_files([file], kind="customers")
    found = faulty.review(faulty.select(ids=[int(row["invoice_id"])])).findings.set_index("check")["value"]
    assert found["address_changed"].startswith(row["customer_street"])
    assert found["iban_changed"] == row["customer_iban"]
    file.write_text(f"customer_id,phone\n{row['customer_id']},030 1234567\n", encoding="utf-8")
    faulty.import_files([file], kind="customers")
    again = faulty.review(faulty.select(ids=[int(row["invoice_id"])])).findings.set_index("check")["value"]
    assert again.to_dict() == found.to_dict()


def test_without_history_nothing_stops_and_it_is_said_once(tmp_path: Path) -> None:
    workspace, _ = _filled(tmp_path / "new", customers=60, faults=False, history=0)
    review = workspace.review(workspace.select(WAITING))
    assert review.counts == {"stop": 0, "look": 0, "fine": 60}
    assert review.summary.count("No history") == 1
    assert set(review.no_history["rows"]) == {60}
    assert workspace.select(WAITING).plan("approve").eligible == 60


def test_the_plain_sample_is_hardly_ever_odd(tmp_path: Path) -> None:
    workspace = init_workspace(tmp_path / "sample")
    workspace.load_sample(1_500)
    counts = workspace.review(workspace.select(WAITING)).counts
    assert counts["stop"] == 0
    assert counts["look"] <= sum(counts.values()) / 100


def test_the_command_lists_findings_with_their_reasons(
    faulty: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["review", "--json", "-w", str(faulty.root)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["reviewed"] == told["stop"] + told["look"] + told["fine"] == 242 - 1
    assert told["findings"][0]["severity"] == "stop"
    assert run(["review", "--where", "total > 100000", "-w", str(faulty.root)]) == 0
    shown = capsys.readouterr().out
    assert "total_high" in shown
    (faulty.root / "rules" / "review.toml").write_text("[total]\nseverity = 'halt'\n", encoding="utf-8")
    assert run(["review", "-w", str(faulty.root)]) == 2
    assert "review.toml: total.severity" in capsys.readouterr().err
    (faulty.root / "rules" / "review.toml").write_text(
        "[own]\nwhen = \"missing_products == 'Moonlight'\"\nreason = 'x'\nseverity = 'look'\n",
        encoding="utf-8",
    )
    assert run(["list", "--where", "review = 'stop'", "-w", str(faulty.root)]) == 2
    assert "review.toml: own.when: no line has the product Moonlight" in capsys.readouterr().err


def test_what_an_earlier_system_billed_is_history_and_no_document(tmp_path: Path) -> None:
    workspace, _ = _filled(tmp_path / "new", customers=60, faults=False, history=0)
    first = workspace.select(WAITING).frame.iloc[0]
    who = f"{first['customer_id']},{first['company_account_id']}"
    months = [f"{who},2026-{month:02d}-01,2026-{month:02d}-28,1.00" for month in range(3, 9)]
    wrong = [f"{who},2026-02-01,2026-03-05,1.00", "nobody,NL,2026-02-01,2026-02-28,1.00"]
    file = tmp_path / "history.csv"
    head = "customer_id,company_account_id,period_start,period_end,total"
    file.write_text("\n".join([head, *months, *wrong]), encoding="utf-8")
    report = workspace.import_files([file])
    assert report.counts["added"].tolist() == [7]
    assert report.refused["reason"].tolist() == ["overlaps another period of the customer in the same file"]
    assert report.doubted["reason"].tolist() == ["there is no customer nobody: import it too"]
    found = workspace.review(workspace.select(WAITING)).findings
    assert set(found["invoice_id"]) == {first["invoice_id"]}
    assert len(workspace.select(all=True)) == 60


def test_two_months_beside_each_other(run_with_faults: tuple[Path, pd.DataFrame], tmp_path: Path) -> None:
    workspace = open_workspace(run_with_faults[0])
    now, before = (workspace.select(f"period_end = '{day}'") for day in ("2026-10-31", "2026-09-30"))
    left_out = workspace.select(ids=now.ids[3:].tolist())
    found = workspace.compare(left_out, before)
    missing = now.frame["customer_id"].head(3)
    assert set(found.tables["missing"]["customer_id"]) == set(missing)
    assert found.tables["new"].empty
    top = found.tables["movers"].iloc[0]
    assert "is to be paid" in top["reasons"]
    assert top["change_cents"] == top["total_now_cents"] - top["total_before_cents"]
    accounts = found.tables["accounts"]
    assert accounts["total_now_cents"].sum() == left_out.frame["total_cents"].sum()
    assert accounts["documents_before"].sum() == 240
    file = found.write(tmp_path / "moved.xlsx")
    sheets = pd.read_excel(file, sheet_name=None, engine="openpyxl")
    assert list(sheets) == ["Accounts", "Products", "VAT rates", "Usage", "Movers", "Missing", "New", "About"]
    assert len(sheets["Missing"]) == 3 + 1


def test_where_very_many_wait_a_list_judges_what_it_shows(
    faulty: Workspace, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    columns = ["--columns", "invoice_id,review,review_reasons"]
    command = ["list", *columns, "--where", WAITING, "--json", "-w", str(faulty.root)]
    monkeypatch.setattr(select, "_WAITING", 1)
    assert run([*command, "--limit", "500"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert run(command) == 0
    judged = json.loads(capsys.readouterr().out)
    assert shown == judged[: len(shown)]
    assert {row["review"] for row in shown} == {"fine", "look", "stop"}
