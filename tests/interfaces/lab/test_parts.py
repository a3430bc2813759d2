"""Fields from models, filters as masks and as text, small tables, the static table."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoicebatch.actions import find
from invoicebatch.errors import FilterError
from invoicebatch.files.glossary import glossary
from invoicebatch.interfaces.lab import dialogs, filters, tables
from invoicebatch.interfaces.lab.columns import OFFERED, column, columns
from invoicebatch.interfaces.lab.view import Arrangement, View
from invoicebatch.interfaces.lab.widget import Overview
from invoicebatch.model.schema import OVERVIEW
from invoicebatch.model.words import words

TODAY = date(2026, 11, 22)


def _fields(name, defaults=None, choices=None):
    return {one["name"]: one for one in dialogs.fields(find(name), defaults or {}, choices or {})}


def test_heads_say_what_a_column_means_as_explain_does():
    assert column("status").help == glossary()["words"]["status"]
    assert column("outstanding_cents").help == glossary()["words"]["outstanding"]
    assert all(column(key).help for key in OFFERED)


def test_every_kind_of_parameter_becomes_its_field():
    assert _fields("approve", {"invoice_date": TODAY})["invoice_date"] | {"help": ""} == {
        "name": "invoice_date", "label": "Invoice date", "help": "", "kind": "date", "optional": False, "or": "",
        "default": "2026-11-22", "min": None, "max": None, "pattern": None, "minLength": None,
        "maxLength": None, "options": [], "required": False,
    }  # fmt: skip
    layout = _fields("download.document")["layout"]
    assert (layout["kind"], layout["options"][1], layout["required"]) == (
        "choice",
        ["by_customer", "By customer"],
        False,
    )
    assert _fields("assign.collection_status")["change"]["required"]
    plan = _fields("assign.payment_plan")
    assert [plan["instalments"][key] for key in ("kind", "min", "max")] == ["integer", 1, 1000]
    assert (plan["amount"]["kind"], plan["amount"]["min"]) == ("decimal", 0)
    credit = _fields("credit")
    assert (credit["with_advances"]["kind"], credit["lines"]["kind"]) == ("boolean", "list")
    reason = _fields("payments.reject")["reason"]
    assert [reason[key] for key in ("kind", "minLength", "maxLength")] == ["text", 1, 200]


def test_values_that_only_the_workspace_knows_become_a_choice():
    flow = _fields("assign.collection_case", choices={"flow": {"F1": "Friendly"}})["flow"]
    assert flow["kind"] == "choice"
    assert flow["options"] == [["F1", "Friendly"]]


def test_what_is_left_empty_is_left_to_the_model():
    assert dialogs.given({"a": "", "b": None, "c": [], "d": False, "e": 0}) == {"d": False, "e": 0}


def test_labels_are_words():
    assert words("to_send") == "To send"
    assert words("outstanding_cents") == "Outstanding"


def test_every_offered_column_is_an_overview_column():
    assert {one.key for one in columns(OVERVIEW)} <= set(OVERVIEW)
    assert column("status").choices["approval_failed"] == "Approval failed"


@given(low=st.integers(-900_000, 900_000), width=st.integers(0, 500_000))
def test_money_bounds_are_both_inclusive(overview, low, width):
    mask = filters.matches(overview["total_cents"], {"from": low, "to": low + width})
    expected = overview["total_cents"].between(low, low + width)
    assert (mask == expected.to_numpy()).all()


@given(st.text(max_size=4))
def test_search_never_breaks_on_odd_text(overview, text):
    mask = filters.contains(overview["customer_name"], text)
    expected = overview["customer_name"].str.contains(text, case=False, regex=False)
    if text.isascii():
        assert (mask == expected.to_numpy()).all()


def test_date_bounds_take_the_whole_last_day():
    values = pd.Series(pd.to_datetime(["2026-11-30T23:59:59", "2026-12-01T00:00:00", None])).astype(
        "datetime64[us]"
    )
    assert filters.matches(values, {"to": "2026-11-30"}).tolist() == [True, False, False]


def test_missing_values_can_be_filtered_for(overview):
    mask = filters.matches(overview["number"], {"in": [None]})
    assert (mask == overview["number"].isna().to_numpy()).all()


def test_a_filter_of_no_form_is_refused(overview):
    with pytest.raises(FilterError):
        filters.matches(overview["number"], {"near": 3})


def test_where_text_escapes_what_like_reads():
    text = filters.where({"number": {"contains": "50%_a"}})
    assert text == "number ilike '%50\\%\\_a%' escape '\\'"


def test_where_keeps_the_filter_the_grid_was_opened_with():
    text = filters.where({"status": {"in": ["empty", None]}}, base="total > 5 or paid > 1")
    assert text == "(total > 5 or paid > 1) and (status in ('empty') or status is null)"


def test_positions_skip_ids_that_are_not_there(overview):
    view = View(overview)
    assert view.positions([300, 2, 2, 9999, -1]).tolist() == [1, 299]


def test_only_keeps_the_rows_of_some_ids(overview):
    view = View(overview)
    view.arrange(Arrangement(only=np.array([5, 6, 999999])))
    assert view.ids[view.order].tolist() == [5, 6]


def test_a_preview_table_says_how_much_it_leaves_out():
    made = tables.table(
        "schedule",
        pd.DataFrame(
            {"due_date": pd.to_datetime(["2026-12-01"] * 300).astype("datetime64[s]"), "amount_cents": 5}
        ),
    )
    assert (len(made["rows"]), made["total"]) == (200, 300)
    assert [one["kind"] for one in made["columns"]] == ["date", "money"]
    assert made["rows"][0] == ["2026-12-01", 5]


def test_the_static_table_escapes_names():
    text = tables.static(
        [["<b>x</b>", 123456]], [column("customer_name"), column("total_cents")], "1 invoice"
    )
    assert "&lt;b&gt;x&lt;/b&gt;" in text
    assert "1,234.56" in text


def test_the_script_stays_small():
    assert len(Overview._esm.encode()) < 100_000
