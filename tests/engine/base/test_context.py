"""What a file needs of many invoices: read in pieces, and as true as if it were read at once."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from invoicebatch.engine.base import clock
from invoicebatch.engine.base.context import RunContext
from invoicebatch.interfaces.api import Workspace
from invoicebatch.model.schema import OVERVIEW
from tests.copies import made_once


@pytest.fixture
def sample(tmp_path: Path) -> Workspace:
    return made_once(tmp_path / "workspace", "read in pieces", lambda made: made.load_sample(60, 5))


@pytest.fixture
def context(sample: Workspace) -> Iterator[RunContext]:
    with sample.base.pool() as pool:
        yield sample.base.context("a run", pool)


def shuffled(sample: Workspace) -> np.ndarray:
    return np.random.default_rng(3).permutation(sample.select(all=True).ids)


def test_pieces_hold_what_one_reading_has(sample: Workspace, context: RunContext) -> None:
    ids = shuffled(sample)
    with sample.store.read() as session:
        whole = session.overview(OVERVIEW, clock.today(), ids)
    found = [piece.invoices for piece in context.pieces(ids, OVERVIEW, {}, 7)]
    assert {len(piece) for piece in found} == {7, len(ids) % 7}
    assert len(whole["mandate_iban"].dropna().unique()) > 1
    pd.testing.assert_frame_equal(pd.concat(found, ignore_index=True), whole, check_like=True)


def test_a_party_that_changes_while_a_file_is_written_is_as_it_was(
    sample: Workspace, context: RunContext
) -> None:
    ids = shuffled(sample)
    columns = ["customer_id", "customer_name", "company_account_id", "account_name", "mandate_status"]
    with sample.store.read() as session:
        before = session.overview(columns, clock.today(), ids)
    found = []
    for piece in context.pieces(ids, columns, {"customers": ["customer_id", "name"]}, 7):
        found.append(piece)
        with sample.store.write() as session:
            for table in ("customers", "company_accounts"):
                session._con.execute(f"UPDATE {table} SET name = name || ' & Sons'")
            session._con.execute("UPDATE mandates SET status = 'cancelled'")
    after = pd.concat([piece.invoices for piece in found], ignore_index=True)
    pd.testing.assert_frame_equal(after[before.columns], before)
    for piece in found:
        names = piece["customers"].set_index("customer_id")["name"]
        assert piece.invoices["customer_id"].map(names).tolist() == piece.invoices["customer_name"].tolist()
