"""A batch in slices: every row of every table once, where its invoice or its party is."""

import pickle

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from invoicebatch.model.changes import Batch
from invoicebatch.model.slices import slices


def batch(ids: list[int], lines: list[int], customers: list[int]) -> Batch:
    """Invoices of three customers in turn, lines of some invoices, and customers who may be unknown."""
    invoices = pd.DataFrame({"invoice_id": ids, "customer_id": [f"C{each % 3}" for each in ids]})
    invoices["company_account_id"] = "NL"
    tables = {
        "lines": pd.DataFrame({"invoice_id": lines, "line_no": range(len(lines))}),
        "customers": pd.DataFrame({"customer_id": [f"C{each}" for each in customers]}, dtype="str"),
        "company_accounts": pd.DataFrame({"company_account_id": ["BE", "NL"]}),
        "number_ranges": pd.DataFrame({"range_id": ["R"]}),
    }
    invoices = invoices.astype({"invoice_id": "int64", "customer_id": "str"})
    return Batch(invoices, {**tables, "lines": tables["lines"].astype("int64")})


@given(
    st.lists(st.integers(0, 30), unique=True),
    st.lists(st.integers(0, 40), max_size=60),
    st.lists(st.integers(0, 4), unique=True),
    st.integers(1, 12),
)
def test_each_slice_has_its_own_rows_in_order_and_nothing_is_lost(
    ids: list[int], lines: list[int], customers: list[int], size: int
) -> None:
    whole = batch(ids, lines, customers)
    parts = list(slices(whole, size))
    assert [each for part in parts for each in part.invoices["invoice_id"]] == ids
    assert all(len(part) == size for part in parts[:-1])
    for part in parts:
        own, parties = part.invoices["invoice_id"], part.invoices["customer_id"]
        expected = whole["lines"][whole["lines"]["invoice_id"].isin(own)]
        assert part["lines"].to_numpy().tolist() == expected.to_numpy().tolist()
        known = whole["customers"][whole["customers"]["customer_id"].isin(parties)]
        assert part["customers"]["customer_id"].tolist() == known["customer_id"].tolist()
        assert part["company_accounts"]["company_account_id"].tolist() == ["NL"]
        assert part["number_ranges"] is whole["number_ranges"]


def test_a_slice_travels_without_the_rest() -> None:
    count = 20_000
    whole = batch(list(range(count)), list(range(count)), [0, 1, 2])
    texts = pd.Series([f"text of line {number}" for number in range(count)], dtype="str")
    whole.tables["lines"]["name"] = texts  # type: ignore[index]
    first = next(slices(whole, count // 100))
    assert len(pickle.dumps(first)) < len(pickle.dumps(whole)) / 50
    assert np.array_equal(first["lines"]["name"], texts[: count // 100])
