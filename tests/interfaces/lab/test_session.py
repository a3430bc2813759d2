"""The grid's state machine: paging, filters, selection, the bar, reasons, outside changes."""

import numpy as np
import pandas as pd
import pytest

from invoicebatch.engine.base import clock
from invoicebatch.interfaces.lab.session import Session
from invoicebatch.interfaces.lab.view import FIRST_KEY
from invoicebatch.interfaces.lab.workspace_backend import WorkspaceBackend
from tests.conftest import small_frames
from tests.interfaces.lab.conftest import Desk


def _ids(desk, start=0):
    return [row[0] for row in desk.say("page", start=start, v=desk.table["v"])["rows"]]


def test_an_exact_number_is_found_alone_and_the_rest_on_demand(desk, workspace):
    customer = workspace.select(ids=[1]).frame["customer_id"].item()
    own = workspace.select(where=f"customer_id = '{customer}'").ids.tolist()
    with workspace.store.write() as session:
        rows = pd.DataFrame({"invoice_id": [299], "external_id": [f"X-{customer}-7"]})
        session.update("invoices", rows, clock.now())
    desk.say("refresh")
    desk.say("view", sort=[], filters={}, search=customer.lower())
    more = int(299 not in own)
    assert (desk.table["total"], desk.table["others"]) == (len(own), more)
    status = workspace.select(ids=[299]).frame["status"].item()
    elsewhere = {"status": {"in": ["approved" if status == "created" else "created"]}}
    desk.say("view", sort=[], filters=elsewhere, search=customer.lower())
    assert desk.table["others"] == 0
    desk.say("view", sort=[], filters={}, search=customer.lower())
    desk.say("select", op="all")
    assert workspace.select(where=desk.session.selection().where).ids.tolist() == own
    desk.say("view", sort=[], filters={}, search=f"*{customer}*")
    assert (desk.table["total"], desk.table["others"]) == (len(own) + more, 0)
    desk.say("select", op="all")
    assert len(workspace.select(where=desk.session.selection().where)) == len(own) + more


def test_customers_of_one_name_are_told_apart_by_their_numbers(desk, workspace):
    first, second = workspace.select(all=True).frame["customer_id"].unique()[:2]
    with workspace.store.write() as session:
        session.update(
            "customers", pd.DataFrame({"customer_id": [first, second], "name": "J. Smith"}), clock.now()
        )
    desk.say("refresh")
    desk.say("view", sort=[], filters={}, search="J. Smith")
    at = FIRST_KEY + desk.table["keys"].index("customer_name")
    assert {row[at] for row in desk.table["rows"]} == {f"J. Smith ({first})", f"J. Smith ({second})"}
    desk.say("view", sort=[], filters={}, search="")
    assert not all("(" in row[at] for row in desk.table["rows"])


def test_first_rows_are_there_before_all_rows_are_loaded(workspace):
    states = []
    session = Session(
        WorkspaceBackend(workspace), lambda name, value: states.append((name, value)), lambda *_: None
    )
    first = next(value for name, value in states if name == "table")
    session.ready()
    assert first["loading"]
    assert len(first["rows"]) == 100
    assert first["total"] == 300


def test_a_page_of_an_old_arrangement_is_not_answered(desk):
    assert desk.say("page", start=100, v=desk.table["v"] - 1) is None
    assert len(desk.say("page", start=100, v=desk.table["v"])["rows"]) == 100


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("key", ["total_cents", "due_date", "customer_name", "status", "number"])
def test_sorting_is_like_pandas_with_missing_last(desk, key, descending):
    desk.say("view", sort=[[key, descending]], filters={}, search="")
    values = desk.session.view.frame[key].take(desk.session.view.order).reset_index(drop=True)
    present = values.dropna()
    if key == "status":
        present = present.cat.codes
    elif key in ("customer_name", "number"):
        present = present.str.lower()
    assert present.is_monotonic_decreasing if descending else present.is_monotonic_increasing
    assert values.isna().iloc[len(present) :].all()


def test_equal_rows_keep_the_order_of_their_ids(desk):
    desk.say("view", sort=[["status", True]], filters={}, search="")
    order = desk.session.view.order
    codes = desk.session.view.frame["status"].cat.codes.to_numpy()[order]
    for code in np.unique(codes):
        assert (np.diff(order[codes == code]) > 0).all()


def test_a_second_sort_key_breaks_ties(desk):
    desk.say("view", sort=[["status", False], ["total_cents", True]], filters={}, search="")
    rows = desk.session.view.frame.take(desk.session.view.order)
    for _, same in rows.groupby("status", observed=True):
        assert same["total_cents"].is_monotonic_decreasing


def test_filters_narrow_and_name_their_facets(desk):
    desk.say(
        "view",
        sort=[],
        filters={"status": {"in": ["empty", "approved"]}, "total_cents": {"from": 100_000}},
        search="",
    )
    rows = desk.session.view.frame.take(desk.session.view.order)
    assert set(rows["status"]) == {"empty", "approved"}
    assert rows["total_cents"].min() >= 100_000
    facets = dict(desk.say("facets", key="status")["values"])
    frame = desk.session.view.frame
    assert facets["created"] == ((frame["status"] == "created") & (frame["total_cents"] >= 100_000)).sum()


def test_a_filter_that_is_no_range_is_told(desk):
    answer = desk.say("view", sort=[], filters={"due_date": {"from": "not a date"}}, search="")
    assert answer["kind"] == "error"
    assert "due_date" in answer["message"]


def test_search_finds_number_reference_and_customer_in_any_case(desk):
    desk.say("view", sort=[], filters={}, search="CAFÉ MÜLLER 3")
    rows = desk.session.view.frame.take(desk.session.view.order)
    assert len(rows)
    assert rows["customer_name"].str.startswith("Café Müller 3").all()


def test_range_selects_rows_never_loaded(desk):
    desk.say("select", op="range", a=10, b=290)
    assert desk.bar["n"] == 281
    assert desk.bar["serial"] > 0


def test_totals_are_those_of_the_selection(desk):
    ids = [3, 7, 11, 200, 299]
    desk.say("select", op="set", ids=ids)
    frame = desk.session.view.frame
    chosen = frame[frame["invoice_id"].isin(ids)]
    names = ["net_total_cents", "vat_total_cents", "total_cents", "outstanding_cents"]
    assert desk.bar["totals"] == [["EUR", *(int(chosen[name].sum()) for name in names)]]
    assert desk.table["totals"] == [["EUR", *(int(frame[name].sum()) for name in names)]]


def test_selected_rows_that_are_not_shown_are_told_and_can_be_let_go(desk):
    desk.say("select", op="all")
    desk.say("view", sort=[], filters={"status": {"in": ["empty"]}}, search="")
    shown = desk.table["total"]
    assert 0 < shown < 300
    assert (desk.bar["n"], desk.bar["shown"]) == (300, shown)
    assert desk.say("dialog", action="approve")["hidden"] == 300 - shown
    desk.say("select", op="shown")
    assert (desk.bar["n"], desk.bar["shown"]) == (shown, shown)


def test_selected_rows_are_copied_as_a_table_in_the_order_shown(desk):
    desk.say("keys", keys=["number", "total_cents", "due_date"])
    desk.say("view", sort=[["total_cents", True]], filters={}, search="")
    desk.say("select", op="range", a=0, b=2)
    answer = desk.say("copy")
    head, *rows = answer["text"].splitlines()
    assert (head, answer["rows"], len(rows)) == ("Number\tTotal\tDue date", 3, 3)
    totals = [float(row.split("\t")[1]) for row in rows]
    assert totals == sorted(totals, reverse=True)
    assert totals[0] * 100 == desk.session.view.frame["total_cents"].max()


def test_views_that_come_with_the_grid_say_how_many_rows_they_show(workspace):
    frame = workspace.select(where="status = 'created' and outstanding > 0 and due_date < '2026-11-01'").frame
    doubtful, rejected = frame["invoice_id"].iloc[:2].tolist()
    with workspace.store.write() as session:
        rows = pd.DataFrame(
            {
                "invoice_id": [doubtful, rejected],
                "shipping_status": ["sending", "sent"],
                "return_count": [0, 1],
            }
        )
        session.update("invoices", rows, pd.Timestamp("2026-11-22").to_pydatetime())
    desk = Desk(WorkspaceBackend(workspace))
    counts = {view["name"]: view["rows"] for view in desk.state["prefs"]["shipped"]}
    assert (counts["In doubt"], counts["Rejected by the bank"]) == (1, 1)
    for view in desk.state["prefs"]["shipped"]:
        desk.say("view", sort=[], filters=view["filters"], search="")
        assert desk.table["total"] == view["rows"]


def test_all_that_match_is_frozen_when_chosen(desk, workspace):
    desk.say("view", sort=[], filters={"status": {"in": ["empty"]}}, search="")
    desk.say("select", op="all")
    before = desk.bar["n"]
    with workspace.store.write() as session:
        late = small_frames(1)["invoices"].assign(invoice_id=301, external_id="LATE", customer_id="C00000")
        session.insert("invoices", late)
    desk.session.reload()
    assert desk.bar["n"] == before
    assert desk.table["total"] == before + 1


def test_all_that_match_is_not_picked_by_hand(desk):
    desk.say("select", op="all")
    plan = next(action for action in desk.bar["actions"] if action["name"] == "assign.payment_plan")
    assert plan["ok"] == 0
    assert "picked one by one" in plan["blocked"]
    desk.say("select", op="none")
    desk.say("select", op="toggle", ids=[5])
    assert desk.session.marks.picked


def test_actions_come_in_the_order_of_the_groups(desk):
    desk.say("select", op="all")
    groups = list(dict.fromkeys(action["group"] for action in desk.bar["actions"]))
    assert groups == [
        "approve",
        "create",
        "download",
        "assign",
        "regenerate",
        "export",
        "mark_as",
        "send_via",
        "credit",
        "withdraw_approval",
        "delete",
    ]


def test_reasons_add_up_and_show_filters_to_their_rows(desk):
    desk.say("select", op="all")
    credit = next(action for action in desk.bar["actions"] if action["name"] == "credit")
    reasons = desk.say("why", action="credit")["reasons"]
    assert sum(rows for _, rows in reasons) == desk.bar["n"] - credit["ok"]
    reason, rows = reasons[0]
    desk.say("show", action="credit", reason=reason)
    assert desk.table["total"] == rows
    assert desk.table["only"] == reason
    desk.say("view", sort=[], filters={}, search="", only=False)
    assert desk.table["total"] == 300


def test_a_deleted_row_leaves_the_selection_and_the_rest_stays(desk, workspace):
    desk.say("select", op="set", ids=[1, 2, 3])
    workspace.select(ids=[2]).plan("delete").apply()
    desk.session.reload()
    assert desk.session.selection().ids.tolist() == [1, 3]


def test_selection_can_be_set_from_code(desk):
    desk.session.select_ids(pd.DataFrame({"invoice_id": [9, 4, 123456]}))
    selection = desk.session.selection()
    assert selection.ids.tolist() == [4, 9]
    assert selection.frame["invoice_id"].tolist() == [4, 9]
    desk.session.select_ids(None)
    assert len(desk.session.selection()) == 0


def test_where_says_the_filter_of_all_that_match(desk):
    desk.say(
        "view",
        sort=[],
        filters={"status": {"in": ["empty"]}, "total_cents": {"from": 12345, "to": None}},
        search="O'B",
    )
    desk.say("select", op="all")
    where = desk.session.selection().where
    assert "status in ('empty')" in where
    assert "total >= 123.45" in where
    assert "customer_name ilike '%O''B%'" in where


def test_columns_can_be_chosen_and_unknown_ones_are_dropped(desk):
    desk.say("keys", keys=["total_cents", "nothing", "number"])
    assert desk.table["keys"] == ["total_cents", "number"]
    assert desk.table["rows"][0][FIRST_KEY] == int(desk.session.view.frame["total_cents"].iloc[0])


def test_views_are_kept(desk, workspace):
    desk.say("views", views=[{"name": "Open", "filters": {}, "search": "", "sort": [], "keys": ["number"]}])
    assert desk.state["prefs"]["views"][0]["name"] == "Open"
    assert WorkspaceBackend(workspace).read_views() == desk.state["prefs"]["views"]


def test_an_unknown_message_is_told(desk):
    assert desk.say("nonsense")["kind"] == "error"


def test_an_empty_overview_works(make_workspace):
    desk = Desk(WorkspaceBackend(make_workspace(0)))
    desk.say("select", op="all")
    assert desk.bar["n"] == 0
    assert desk.table["total"] == 0
    assert desk.say("facets", key="total_cents")["from"] is None
