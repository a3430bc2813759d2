"""What documents are compared with: the same, however the database happens to hold it."""

from collections.abc import Callable
from datetime import date

import pandas as pd
import pyarrow as pa

from invoicebatch.interfaces.api import Workspace
from invoicebatch.store.frames import registered
from invoicebatch.store.history import Compared

Make = Callable[..., Workspace]


def test_of_documents_of_one_day_the_same_ones_count_in_whatever_order_they_are_stored(
    make_workspace: Make,
) -> None:
    workspace = make_workspace(20)
    with workspace.store.write() as session:
        session._con.execute(
            "UPDATE invoices SET customer_id = (SELECT min(customer_id) FROM invoices), status = 'created',"
            " company_account_id = (SELECT min(company_account_id) FROM invoices), kind = 'invoice', currency = 'EUR',"
            " period_end = CASE WHEN invoice_id = 20 THEN DATE '2026-07-31' ELSE DATE '2026-06-30' END,"
            " total = 10 * invoice_id"
        )
    usual = []
    for order in ("invoice_id", "invoice_id DESC", "hash(invoice_id)"):
        with workspace.store.read() as session:
            stored: pa.Table = session._con.sql(f"SELECT * FROM invoices ORDER BY {order}").to_arrow_table()
        with workspace.store.write() as session:
            session._con.execute("DELETE FROM invoices")
        with workspace.store.write() as session, registered(session._con, "stored", stored):
            session._con.execute("INSERT INTO invoices BY NAME SELECT * FROM stored")
            compared = Compared(4, date(2026, 8, 1), 14)
            found = pd.concat(
                session.history_columns(pa.array([20]).to_numpy(), compared, ["usual_total_cents"], 10)
            )
            usual += found["usual_total_cents"].tolist()
    assert usual == [17_500] * 3  # of the last four, 160 to 190
