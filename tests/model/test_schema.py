"""One description of every table: what derives from it agrees with it."""

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from invoicebatch.model.schema import INVOICE_TABLES, OVERVIEW, TABLES, Type, documentation
from invoicebatch.model.status import TRANSITIONS, Status

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", list(TABLES))
def test_an_empty_frame_survives_arrow_with_its_declared_dtypes(name: str) -> None:
    table = TABLES[name]
    empty = table.empty()
    assert list(empty.columns) == list(table.frame_names)
    assert table.conform(empty).dtypes.tolist() == empty.dtypes.tolist()


@pytest.mark.parametrize("name", list(TABLES))
def test_names_are_unique_and_keys_are_required_columns(name: str) -> None:
    table = TABLES[name]
    names = [c.name for c in table.columns]
    assert len(names) == len(set(names))
    assert {c.name for c in table.columns if c.required} >= set(table.key)


def test_money_is_never_a_float() -> None:
    for table in TABLES.values():
        for column in table.columns:
            if column.type in (Type.MONEY, Type.PERCENT):
                assert column.sql_type.startswith("DECIMAL")
                assert column.arrow_type == pa.int64()
            assert not pd.api.types.is_float_dtype(column.dtype)


def test_overview_columns_have_one_stored_name_each() -> None:
    stored = [derived.column.name for derived in OVERVIEW.values()]
    assert len(stored) == len(set(stored))


def test_tables_of_an_invoice_hang_on_its_id() -> None:
    assert {"lines", "measurements", "vat_breakdown", "documents"} <= set(INVOICE_TABLES)


def test_the_documentation_page_is_up_to_date() -> None:
    page = (ROOT / "docs" / "tables.md").read_text(encoding="utf-8")
    assert page == documentation(), "write it anew with: make docs"


def test_no_transition_leads_out_of_created_but_to_itself() -> None:
    pairs = set().union(*TRANSITIONS.values())
    assert {new for old, new in pairs if old is Status.CREATED} == {Status.CREATED}
    assert {old for old, new in pairs if new is Status.EMPTY} <= {Status.APPROVED, Status.APPROVAL_FAILED}
