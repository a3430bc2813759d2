"""Frames as a notebook shows them: for people, while their data stays what it is."""

import html
import re
from decimal import Decimal

import pandas as pd

from invoicebatch.model.shown import Frame, Tables


def cells(frame: pd.DataFrame) -> list[list[str]]:
    """The titles and rows of what a frame shows."""
    found = re.findall(r"<tr>(.*?)</tr>", str(frame._repr_html_()))
    return [[html.unescape(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)] for row in found]


def invoices() -> pd.DataFrame:
    return Frame(
        pd.DataFrame(
            {
                "invoice_id": [7, 8],
                "external_id": ["SUB-7", "SUB-8"],
                "total_cents": [123_450, 1_300],
                "currency": ["EUR", "JPY"],
                "vat_rate_bp": [2100, 550],
                "due_date": pd.to_datetime(["2026-11-22", None]).astype("datetime64[s]"),
                "created_at": pd.to_datetime(["2026-11-22 14:03:05", None]),
                "number": [None, "F2"],
            }
        )
    )


def test_amounts_days_rates_and_numbers_are_as_people_write_them_and_the_data_stays() -> None:
    frame = invoices()
    assert cells(frame) == [
        ["number", "external id", "total", "currency", "vat rate", "due date", "created at"],
        ["SUB-7", "SUB-7", "1,234.50", "EUR", "21 %", "2026-11-22", "2026-11-22 14:03"],
        ["F2", "SUB-8", "13", "JPY", "5.5 %", "", ""],
    ]
    assert isinstance(frame, pd.DataFrame)
    assert (frame["total_cents"].dtype, frame["total_cents"].tolist()) == ("int64", [123_450, 1_300])


def test_rows_and_columns_of_it_show_alike_and_what_is_computed_shows_as_pandas_does() -> None:
    frame = invoices()
    assert cells(frame[frame["total_cents"] > 2_000][["number", "total_cents"]])[1] == ["", "1,234.50"]
    assert cells(frame.set_index("number")[["total_cents"]])[2] == ["F2", "13.00"]
    counted = frame.groupby("currency")[["total_cents"]].count()
    assert "<td>1</td>" in str(counted._repr_html_())
    assert frame["total_cents"].mean() == 62_375


def test_nested_values_ids_and_decimals_are_words() -> None:
    run = "5f0e1f0a-9c1d-5d7e-8a55-0123456789ab"
    frame = pd.DataFrame(
        {
            "run_id": [run],
            "sha256": ["ab" * 32],
            "totals": ['{"EUR_cents": 123450, "messages": 2}'],
            "changes": [{"status": {"before": "empty", "after": "approved"}}],
            "reasons": [[{"reason": "no street", "rows": 3}]],
            "price": [Decimal("0.2500")],
            "current": [True],
        }
    )
    shown = ["5f0e1f0a", "abababab", "EUR: 1,234.50, messages: 2", "status: empty → approved", "no street · 3", "0.25", "yes"]  # fmt: skip
    assert cells(Frame(frame)) == [["run id", *list(frame.columns)[1:]], shown]


def test_of_many_columns_those_that_people_ask_for_first_are_shown_and_the_rest_is_counted() -> None:
    wide = pd.DataFrame({f"column_{at}": [at] for at in range(30)} | {"empty": [None]})
    wide = wide.assign(due_date=pd.Timestamp("2026-01-02"), total_cents=5)
    with pd.option_context("display.max_columns", 20):
        text = str(Frame(wide)._repr_html_())
        assert cells(Frame(wide))[0][:3] == ["total", "due date", "column 0"]
    assert "20 of 33 columns shown" in text
    assert "empty" not in text


def test_long_frames_say_how_much_they_leave_out_and_tables_by_name_leave_out_empty_ones() -> None:
    frames = Tables({"will_fail": pd.DataFrame({"rows": range(1_000)}), "parts": pd.DataFrame({"x": []})})
    text = str(frames._repr_html_())
    assert text.count("<tr>") == 11
    assert "1,000 rows, the first 10 shown" in text
    assert "<h4>Will fail</h4>" in text
    assert "Parts" not in text
    assert frames["will_fail"].shape == (1_000, 1)
