"""Rows in groups: exact sums, a group selected or shown as one."""

import numpy as np
import pandas as pd
import pytest

from invoicebatch.interfaces.lab.groups import BY, Groups


@pytest.fixture
def grouped(desk):
    """A desk with groups, and what it says of one."""
    Groups(desk.session)
    return desk


def test_sums_are_those_of_the_rows_shown_and_a_group_is_ticked_as_one(grouped):
    grouped.say("view", filters={"status": {"in": ["created", "empty"]}}, sort=[], search="")
    answer = grouped.say("groups", by="status")
    frame = grouped.session.view.frame
    shown = frame[frame["status"].isin(["created", "empty"])]
    for label, rows, selected, sums in answer["groups"]:
        mine = shown[shown["status"].astype("str").eq(label.lower())]
        assert (rows, selected) == (len(mine), 0)
        assert sums == [
            [currency, int(part["total_cents"].sum()), int(part["outstanding_cents"].fillna(0).sum())]
            for currency, part in mine.groupby("currency", observed=True)
        ]
    serial = answer["serial"]
    grouped.say("group_select", serial=serial, at=0, on=True)
    assert grouped.bar["n"] == answer["groups"][0][1]
    again = grouped.say("groups", by="status")
    assert (again["groups"][0][2], again["serial"]) == (grouped.bar["n"], serial), (
        "a quick second click still counts"
    )
    grouped.say("group_select", serial=serial, at=0, on=False)
    assert grouped.bar["n"] == 0
    grouped.say("group_show", serial=serial, at=1)
    assert grouped.table["total"] == answer["groups"][1][1]
    assert "groups again" in grouped.say("group_show", serial=serial, at=500)["hint"]


def test_a_click_on_groups_that_are_others_by_now_is_refused(grouped):
    seen = grouped.say("groups", by="status")
    now = grouped.say("groups", by="customer")
    refused = grouped.say("group_select", serial=seen["serial"], at=0, on=True)
    assert (refused["kind"], refused["hint"]) == ("error", "Look at the groups again.")
    assert grouped.bar["n"] == 0
    grouped.say("group_select", serial=now["serial"], at=0, on=True)
    assert grouped.bar["n"] == now["groups"][0][1]


def test_ages_and_months_have_their_order_and_every_row_has_a_group():
    days = pd.DataFrame({"days_overdue": pd.array([None, -3, 0, 1, 30, 31, 61, 90, 91], dtype="Int64")})
    assert BY["age"][1](days).fillna("–").tolist() == [
        "Not overdue", "Not overdue", "Not overdue", "1–30 days", "1–30 days", "31–60 days", "61–90 days", "61–90 days", "Over 90 days",
    ]  # fmt: skip
    due = pd.DataFrame({"due_date": np.array(["2026-01-31", "NaT"], dtype="datetime64[s]")})
    assert BY["month"][1](due).fillna("–").tolist() == ["2026-01", "–"]


@pytest.mark.parametrize("by", list(BY))
def test_no_row_is_lost_in_any_grouping(grouped, by):
    answer = grouped.say("groups", by=by)
    assert sum(rows for _, rows, _, _ in answer["groups"]) == len(grouped.session.view.frame)
