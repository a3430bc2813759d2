"""Two people: who bundles does not release, and what was released is what is written."""

from collections.abc import Callable

import pandas as pd
import pytest

from invoicebatch.engine.base import clock
from invoicebatch.engine.run import execute
from invoicebatch.errors import NothingEligibleError
from invoicebatch.interfaces.api import Workspace, open_workspace
from tests.engine.payments.test_parallel import together

Make = Callable[..., Workspace]


@pytest.fixture
def bundled(money_workspace: Make, monkeypatch: pytest.MonkeyPatch) -> tuple[Workspace, str]:
    ws = money_workspace(3)
    (ws.root / "invoicebatch.toml").write_text("[payment]\nfour_eyes = true\n")
    monkeypatch.setenv("INVOICEBATCH_USER", "ada")
    ws = open_workspace(ws.root)
    report = ws.select(all=True).plan("assign.bank_file").apply()
    (bundle,) = ws.payments.list()["bundle_id"]
    commands = [step.command.split()[2] for step in report.next]
    assert commands == ["release", "write"]
    return ws, bundle


def test_who_bundled_does_not_release_and_nothing_is_written_before(
    bundled: tuple[Workspace, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ws, bundle = bundled
    assert set(ws.payments.release(bundle).failed["reason"]) == {"ada bundled it: another person releases it"}
    report = ws.payments.write(bundle)
    assert report.files.empty
    assert (
        report.failed["reason"].str.startswith("it is not released yet; another than ada releases it").all()
    )
    monkeypatch.setenv("INVOICEBATCH_USER", "bob")
    assert ws.payments.release(bundle).totals["released"] == "363.00"
    assert ws.payments.release(bundle).unchanged["reason"].str.contains("released already by bob").all()
    assert len(ws.payments.write(bundle).files) == 1
    history = ws.payments.show(bundle).history
    assert history[["what", "by", "payments"]].to_numpy().tolist() == [
        ["bank_file", "ada", 3],
        ["release (refused)", "ada", 0],
        ["write (refused)", "ada", 0],
        ["release", "bob", 3],
        ["release", "bob", 0],  # nothing new
        ["write", "bob", 3],
    ]


def test_who_finishes_a_release_that_broke_off_does_not_make_it(
    bundled: tuple[Workspace, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ws, bundle = bundled

    def power_fails(point: str) -> None:
        if point == "commit.before":
            raise RuntimeError(point)

    with monkeypatch.context() as context:
        context.setattr(execute, "reach", power_fails)
        with pytest.raises(RuntimeError):
            ws.payments.release(bundle)
    monkeypatch.setenv("INVOICEBATCH_USER", "bob")
    (finished,) = ws.runs.resume()
    assert set(finished.failed["reason"]) == {"ada bundled it: another person releases it"}
    assert ws.payments.show(bundle).bundle["released_by"].isna().all()


@pytest.mark.parametrize(
    ("table", "change", "reason"),
    [
        ("bundle_items", {"item_no": [2], "iban": ["BE43068999999501"]}, "account changed since"),
        ("bundle_items", {"item_no": [2], "name": ["Somebody Else"]}, "changed since bob released it"),
        (
            "payment_bundles",
            {"collection_date": [pd.Timestamp("2027-03-01")]},
            "changed since bob released it",
        ),
    ],
)
def test_a_change_voids_the_release(
    bundled: tuple[Workspace, str], monkeypatch: pytest.MonkeyPatch, table: str, change: dict, reason: str
) -> None:
    ws, bundle = bundled
    monkeypatch.setenv("INVOICEBATCH_USER", "bob")
    ws.payments.release(bundle)
    with ws.store.write() as session:
        session.update(table, pd.DataFrame({"bundle_id": [bundle], **change}), clock.now())
    report = ws.payments.write(bundle)
    assert report.files.empty
    assert report.failed["reason"].str.contains(reason).all()
    assert ws.payments.list()["state"].tolist() == ["created"]


def test_two_releases_at_once_leave_one(
    bundled: tuple[Workspace, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ws, bundle = bundled
    monkeypatch.setenv("INVOICEBATCH_USER", "bob")
    together(ws, *[["payments", "release", bundle]] * 2)
    assert ws.payments.show(bundle).bundle["released_by"].tolist() == ["bob"]
    assert len(ws.payments.write(bundle).files) == 1
    assert ws.doctor().empty


def test_without_the_setting_no_release_is_asked_for(money_workspace: Make) -> None:
    ws = money_workspace(1)
    ws.select(all=True).plan("assign.bank_file").apply()
    with pytest.raises(NothingEligibleError):
        ws.payments.release(ws.payments.list()["bundle_id"].iloc[0])
