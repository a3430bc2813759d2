"""Writing frames: all rows or none, versions checked, statuses only along the transition table."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invoicebatch.actions import find, registry
from invoicebatch.errors import StaleError, TransitionError, UsageError
from invoicebatch.interfaces.api import Workspace
from invoicebatch.model.changes import Changes
from invoicebatch.model.schema import OVERVIEW, TABLES, Table, Type
from invoicebatch.store import Session, frames, overview

NOW = datetime(2026, 11, 22, 10, 0)  # noqa: DTZ001 - UTC, as the store keeps it
TODAY = date(2026, 11, 22)


Make = Callable[..., Workspace]


def stored(workspace: Workspace, table: str) -> pd.DataFrame:
    with workspace.store.read() as session:
        return session.whole(table)


FILLING = {Type.TEXT: "x", Type.TIMESTAMP: NOW, Type.CHOICE: "done"}


def filled(table: str, rows: dict[str, list[object]]) -> pd.DataFrame:
    """The rows with every other value that the table asks for, so that only their keys are wrong."""
    asked = [c for c in TABLES[table].columns if c.required and c.default is None]
    others = [c for c in asked if c.name not in (*rows, *TABLES[table].key)]
    return pd.DataFrame(rows).assign(**{c.frame_name: FILLING.get(c.type, 1) for c in others})


def write(session: Session, verb: str, table: str, frame: pd.DataFrame) -> None:
    if verb == "insert":
        session.insert(table, frame)
    else:
        getattr(session, verb)(table, frame, NOW)


def statuses(workspace: Workspace) -> list[str]:
    with workspace.store.read() as session:
        return session.overview(["status"], TODAY)["status"].astype(str).tolist()


def test_a_stale_version_writes_nothing_at_all(make_workspace: Make) -> None:
    workspace = make_workspace(3)
    rows = pd.DataFrame({"invoice_id": [1, 2], "version": [1, 9], "note": ["a", "b"]})
    with pytest.raises(StaleError, match="invoices 2 was changed"), workspace.store.write() as session:
        session.update("invoices", rows, NOW)
    with workspace.store.read() as session:
        assert session.overview(["note"], TODAY)["note"].isna().all()


def test_an_update_of_more_rows_than_are_written_at_once_is_all_of_them_or_none(
    make_workspace: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frames, "MANY", 2)
    workspace = make_workspace(5)
    rows = pd.DataFrame({"invoice_id": [1, 2, 3, 4, 5], "version": 1, "note": [*"abcde"]})
    with workspace.store.write() as session:
        for stale in (1, 4, 5):  # of the first piece, of one between, of the last
            versions = np.where(rows["invoice_id"] == stale, 9, 1)
            with pytest.raises(StaleError, match=f"invoices {stale} was changed"):
                session.update("invoices", rows.assign(version=versions), NOW)
            assert session.overview(["note"], TODAY)["note"].isna().all()
        session.update("invoices", rows, NOW)
    with workspace.store.read() as session:
        assert session.overview(["note"], TODAY)["note"].tolist() == [*"abcde"]


@pytest.mark.parametrize("verb", ["insert", "update", "delete"])
@pytest.mark.parametrize(
    ("table", "rows", "key"),
    [
        ("invoices", {"invoice_id": [9, 7, 9], "external_id": ["a", "b", "c"]}, "9"),
        ("lines", {"invoice_id": [1, 1, 2, 1], "line_no": [1, 2, 1, 2]}, "1 2"),
        ("customers", {"customer_id": ["K1", "K2", "K1"], "name": ["a", "b", "c"]}, "K1"),
        ("run_rows", {"run_id": ["r", "r"], "invoice_id": [1, 1]}, "r 1"),
    ],
)
def test_a_key_given_twice_is_refused_and_nothing_written(
    make_workspace: Make, verb: str, table: str, rows: dict[str, list[object]], key: str
) -> None:
    workspace = make_workspace(3)
    before = stored(workspace, table)
    frame = filled(table, rows)
    with (
        pytest.raises(UsageError, match=f"{table} {key} is given more than once"),
        workspace.store.write() as session,
    ):
        write(session, verb, table, frame)
    assert stored(workspace, table).equals(before)


@pytest.mark.parametrize("verb", ["insert", "update", "delete"])
@pytest.mark.parametrize(
    ("table", "rows"),
    [
        ("invoices", {"invoice_id": [1, None], "external_id": ["a", "b"]}),
        ("lines", {"invoice_id": [1, 2], "line_no": [3, None]}),
        ("customers", {"customer_id": ["K1", None], "name": ["a", "b"]}),
        ("customers", {"name": ["a", "b"]}),
    ],
)
def test_a_row_without_its_whole_key_is_refused_and_nothing_written(
    make_workspace: Make, verb: str, table: str, rows: dict[str, list[object]]
) -> None:
    workspace = make_workspace(3)
    before = stored(workspace, table)
    with (
        pytest.raises(UsageError, match=f"{table} with {TABLES[table].frame_key[-1]} missing"),
        workspace.store.write() as session,
    ):
        write(session, verb, table, filled(table, rows))
    assert stored(workspace, table).equals(before)


def test_a_value_that_the_table_requires_is_asked_for_by_name(make_workspace: Make) -> None:
    workspace = make_workspace(2)
    nameless = pd.DataFrame({"company_account_id": ["NL"], "name": pd.Series([None], dtype="str")})
    with workspace.store.write() as session:
        for verb in ("insert", "update"):
            with pytest.raises(UsageError, match="company_accounts with name missing"):
                write(session, verb, "company_accounts", nameless)


def test_an_unknown_key_is_refused_and_nothing_written(make_workspace: Make) -> None:
    workspace = make_workspace(3)
    before = stored(workspace, "invoices"), stored(workspace, "lines")
    rows = pd.DataFrame({"invoice_id": [1, 99], "note": ["a", "b"]})
    for verb in ("update", "delete"):
        with (
            pytest.raises(StaleError, match="invoices 99 does not exist"),
            workspace.store.write() as session,
        ):
            write(session, verb, "invoices", rows)
    assert stored(workspace, "invoices").equals(before[0])
    assert stored(workspace, "lines").equals(before[1])


@pytest.mark.parametrize("table", [table for table in TABLES.values() if not table.indexed])
def test_a_key_that_is_stored_already_is_no_new_row_where_no_index_says_so(
    table: Table, make_workspace: Make
) -> None:
    workspace = make_workspace(1)
    *common, last = table.key_columns
    rows = filled(table.name, {**{c.name: [1, 1, 1] for c in common}, last.name: [1, 2, 3]})
    rows = table.conform(rows.astype({c.name: c.dtype for c in (*common, last)}))
    with workspace.store.write() as session:
        session.insert(table.name, rows.iloc[:2])
    with pytest.raises(StaleError, match=f"{table.name} .*2 is there"), workspace.store.write() as session:
        session.insert(table.name, rows.iloc[1:])
    assert stored(workspace, table.name)[last.name].tolist() == rows[last.name].tolist()[:2]


def test_a_row_that_one_run_holds_is_not_claimed_by_another(make_workspace: Make) -> None:
    workspace = make_workspace(3)
    claims = pd.DataFrame({"invoice_id": [1, 2], "run_id": "first"})
    with workspace.store.write() as session:
        session.insert("claims", claims)
    with pytest.raises(StaleError, match="Nothing was written"), workspace.store.write() as session:
        session.insert("claims", claims.assign(invoice_id=[3, 2], run_id="second"))
    assert stored(workspace, "claims")["run_id"].tolist() == ["first", "first"]


def test_the_default_of_a_key_column_counts_as_given(make_workspace: Make) -> None:
    workspace = make_workspace(1)
    rows = pd.DataFrame(
        {"invoice_id": 1, "vat_category": ["Z", "S", "S"], "vat_rate_bp": [None, 2100, 0], "tax_cents": 0}
    ).astype({"vat_rate_bp": "Int64"})
    with workspace.store.write() as session:
        session.insert("vat_breakdown", rows)
    assert sorted(stored(workspace, "vat_breakdown")["vat_rate_bp"]) == [0, 0, 2100]
    with pytest.raises(StaleError), workspace.store.write() as session:
        session.insert("vat_breakdown", rows.assign(vat_category="E"))


def test_a_run_whose_action_names_a_row_twice_changes_nothing(
    make_workspace: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = make_workspace(3)
    action = find("approve")

    def doubled(*args: Any) -> Changes:
        changes = action.transform(*args)
        rows = changes.updates["invoices"]
        return replace(changes, updates={"invoices": pd.concat([rows, rows.head(1)])})

    before = stored(workspace, "invoices")
    plan = workspace.select(all=True).plan("approve", invoice_date=TODAY)
    with monkeypatch.context() as patch:
        patch.setitem(registry()._found, "approve", replace(action, transform=doubled))
        with pytest.raises(UsageError, match="invoices 1 is given more than once"):
            plan.apply()
    assert stored(workspace, "invoices").equals(before)
    assert workspace.runs.report(plan.run_id).state == "abandoned"
    assert workspace.doctor().empty
    assert len(workspace.select(all=True).plan("approve", invoice_date=TODAY).apply().done) == 3


def test_a_status_change_outside_the_table_is_refused(make_workspace: Make) -> None:
    workspace = make_workspace(2)
    rows = pd.DataFrame({"invoice_id": [1], "version": [1], "status": ["created"]})
    for action in ("approve", "create", "mark_as.exported"):
        with (
            pytest.raises(TransitionError, match="from empty to created is not allowed"),
            workspace.store.write() as session,
        ):
            session.apply(Changes(updates={"invoices": rows}), action, NOW)
    assert statuses(workspace) == ["empty", "empty"]


def test_a_write_counts_the_version_up(make_workspace: Make) -> None:
    workspace = make_workspace(2)
    with workspace.store.write() as session:
        session.update("invoices", pd.DataFrame({"invoice_id": [1], "version": [1], "note": ["x"]}), NOW)
    with workspace.store.read() as session:
        frame = session.overview(["version", "note", "updated_at"], TODAY)
    assert frame["version"].tolist() == [2, 1]
    assert frame["note"].tolist()[0] == "x"
    assert frame["updated_at"][0] == pd.Timestamp(NOW)


def test_a_failed_block_is_rolled_back(make_workspace: Make) -> None:
    workspace = make_workspace(1)
    with pytest.raises(RuntimeError), workspace.store.write() as session:
        session.update("invoices", pd.DataFrame({"invoice_id": [1], "note": ["x"]}), NOW)
        raise RuntimeError
    with workspace.store.read() as session:
        assert session.overview(["note"], TODAY)["note"].isna().all()


def test_deleting_an_invoice_takes_its_lines_along(make_workspace: Make) -> None:
    workspace = make_workspace(3)
    with workspace.store.write() as session:
        session.delete("invoices", pd.DataFrame({"invoice_id": [2]}), NOW)
    with workspace.store.read() as session:
        assert session.whole("lines")["invoice_id"].unique().tolist() == [1, 3]
        assert session.count("invoices") == 2


def test_ids_are_never_given_twice(make_workspace: Make) -> None:
    workspace = make_workspace(3)
    with workspace.store.write() as session:
        first = session.reserve_ids(2)
        session.delete("invoices", pd.DataFrame({"invoice_id": [3]}), NOW)
    with workspace.store.write() as session:
        assert session.reserve_ids(1)[0] > first.max() > 3


def test_every_overview_column_comes_in_its_declared_dtype(make_workspace: Make) -> None:
    for workspace in (make_workspace(0, name="none"), make_workspace(2, name="two")):
        with workspace.store.read() as session:
            frame = session.overview(OVERVIEW, TODAY)
        for name, derived in OVERVIEW.items():
            assert frame[name].dtype == derived.column.dtype, name


@pytest.mark.parametrize("at_once", [1, 2, 100])
def test_ids_keep_the_order_they_are_asked_in(
    at_once: int, make_workspace: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overview, "_SLICE", at_once)
    workspace = make_workspace(5)
    with workspace.store.read() as session:
        frame = session.overview(["status"], TODAY, np.array([4, 1, 99, 3]))
        nothing = session.overview(["status"], TODAY, np.array([], np.int64))
    assert frame["invoice_id"].tolist() == [4, 1, 3]
    assert frame.index.tolist() == [0, 1, 2]
    assert frame["status"].dtype == nothing["status"].dtype == OVERVIEW["status"].column.dtype


def test_pieces_come_in_one_order_whoever_else_is_at_work(make_workspace: Make) -> None:
    """By one thread: what is written of them, and counted of the first of them, is the same each time."""
    workspace = make_workspace(3)
    threads = "SELECT current_setting('threads')"
    with workspace.store.read() as session:
        before = session._con.sql(threads).fetchall()
        pieces = session.overview_pieces(["status"], TODAY, np.array([3, 1, 2]))
        first = next(pieces)
        pieces.close()
        assert session._con.sql(threads).fetchall() == before
        with pytest.raises(RuntimeError), frames.one_thread(session._con):
            assert session._con.sql(threads).fetchall() == [(1,)]
            raise RuntimeError
        assert session._con.sql(threads).fetchall() == before
    assert dict(zip(first.index, first["invoice_id"], strict=True)) == {0: 3, 1: 1, 2: 2}


CENTS = st.integers(-(10**17) + 1, 10**17 - 1)
MICROS = st.integers(-(10**17), 10**17).map(lambda value: Decimal(value).scaleb(-6))


@settings(max_examples=25, deadline=None)
@given(
    rows=st.lists(
        st.tuples(
            CENTS, MICROS, st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20)
        ),
        min_size=1,
        max_size=8,
    )
)
def test_money_quantities_and_text_come_back_exactly(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[int, Decimal, str]]
) -> None:
    from invoicebatch.interfaces.api import init_workspace

    workspace = init_workspace(tmp_path_factory.mktemp("exact"))
    table = TABLES["lines"]
    frame = table.conform(
        pd.DataFrame(
            {
                "invoice_id": 1,
                "line_no": range(1, len(rows) + 1),
                "name": [text for *_, text in rows],
                "quantity": [quantity for _, quantity, _ in rows],
                "price": [quantity for _, quantity, _ in rows],
                "net_cents": [cents for cents, *_ in rows],
                "vat_rate_bp": 2100,
            }
        )
    )
    with workspace.store.write() as session:
        session.insert("lines", frame)
    with workspace.store.read() as session:
        back = session.whole("lines")
    assert back["net_cents"].tolist() == [cents for cents, *_ in rows]
    assert [Decimal(value) for value in back["quantity"]] == [quantity for _, quantity, _ in rows]
    assert back["name"].tolist() == [text for *_, text in rows]
