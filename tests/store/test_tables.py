"""Writing frames: all rows or none, versions checked, statuses only along the transition table."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invoicebatch.errors import StaleError, TransitionError
from invoicebatch.interfaces.api import Workspace
from invoicebatch.model.changes import Changes
from invoicebatch.model.schema import OVERVIEW, TABLES

NOW = datetime(2026, 11, 22, 10, 0)  # noqa: DTZ001 - UTC, as the store keeps it
TODAY = date(2026, 11, 22)


def statuses(workspace: Workspace) -> list[str]:
    with workspace.store.read() as session:
        return session.overview(["status"], TODAY)["status"].astype(str).tolist()


def test_a_stale_version_writes_nothing_at_all(make_workspace: Callable[..., Workspace]) -> None:
    workspace = make_workspace(3)
    rows = pd.DataFrame({"invoice_id": [1, 2], "version": [1, 9], "note": ["a", "b"]})
    with pytest.raises(StaleError, match="invoices 2 was changed"), workspace.store.write() as session:
        session.update("invoices", rows, NOW)
    with workspace.store.read() as session:
        assert session.overview(["note"], TODAY)["note"].isna().all()


@pytest.mark.parametrize(
    ("ids", "message"),
    [([1, 99], "99 does not exist"), ([1, 1], "more than once")],
    ids=["unknown", "doubled"],
)
def test_unknown_and_doubled_keys_are_refused(
    make_workspace: Callable[..., Workspace], ids: list[int], message: str
) -> None:
    workspace = make_workspace(3)
    with pytest.raises(Exception, match=message), workspace.store.write() as session:
        session.update("invoices", pd.DataFrame({"invoice_id": ids, "note": ["a", "b"]}), NOW)


def test_a_status_change_outside_the_table_is_refused(make_workspace: Callable[..., Workspace]) -> None:
    workspace = make_workspace(2)
    rows = pd.DataFrame({"invoice_id": [1], "version": [1], "status": ["created"]})
    for action in ("approve", "create", "mark_as.exported"):
        with (
            pytest.raises(TransitionError, match="from empty to created is not allowed"),
            workspace.store.write() as session,
        ):
            session.apply(Changes(updates={"invoices": rows}), action, NOW)
    assert statuses(workspace) == ["empty", "empty"]


def test_a_write_counts_the_version_up(make_workspace: Callable[..., Workspace]) -> None:
    workspace = make_workspace(2)
    with workspace.store.write() as session:
        session.update("invoices", pd.DataFrame({"invoice_id": [1], "version": [1], "note": ["x"]}), NOW)
    with workspace.store.read() as session:
        frame = session.overview(["version", "note", "updated_at"], TODAY)
    assert frame["version"].tolist() == [2, 1]
    assert frame["note"].tolist()[0] == "x"
    assert frame["updated_at"][0] == pd.Timestamp(NOW)


def test_a_failed_block_is_rolled_back(make_workspace: Callable[..., Workspace]) -> None:
    workspace = make_workspace(1)
    with pytest.raises(RuntimeError), workspace.store.write() as session:
        session.update("invoices", pd.DataFrame({"invoice_id": [1], "note": ["x"]}), NOW)
        raise RuntimeError
    with workspace.store.read() as session:
        assert session.overview(["note"], TODAY)["note"].isna().all()


def test_deleting_an_invoice_takes_its_lines_along(make_workspace: Callable[..., Workspace]) -> None:
    workspace = make_workspace(3)
    with workspace.store.write() as session:
        session.delete("invoices", pd.DataFrame({"invoice_id": [2]}))
    with workspace.store.read() as session:
        assert session.whole("lines")["invoice_id"].unique().tolist() == [1, 3]
        assert session.count("invoices") == 2


def test_ids_are_never_given_twice(make_workspace: Callable[..., Workspace]) -> None:
    workspace = make_workspace(3)
    with workspace.store.write() as session:
        first = session.reserve_ids(2)
        session.delete("invoices", pd.DataFrame({"invoice_id": [3]}))
    with workspace.store.write() as session:
        assert session.reserve_ids(1)[0] > first.max() > 3


def test_every_overview_column_comes_in_its_declared_dtype(make_workspace: Callable[..., Workspace]) -> None:
    for workspace in (make_workspace(0, name="none"), make_workspace(2, name="two")):
        with workspace.store.read() as session:
            frame = session.overview(OVERVIEW, TODAY)
        for name, derived in OVERVIEW.items():
            assert frame[name].dtype == derived.column.dtype, name


def test_ids_keep_the_order_they_are_asked_in(make_workspace: Callable[..., Workspace]) -> None:
    workspace = make_workspace(5)
    with workspace.store.read() as session:
        frame = session.overview(["number"], TODAY, np.array([4, 1, 99, 3]))
    assert frame["invoice_id"].tolist() == [4, 1, 3]


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
