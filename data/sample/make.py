"""Writes the files of this folder anew: `.venv/bin/python data/sample/make.py [FOLDER]`."""

import sys
from datetime import date
from pathlib import Path

import pandas as pd

from invoicebatch.ingest.sample import generate
from invoicebatch.model.money import to_decimal
from invoicebatch.model.schema import TABLES, Type

INVOICES = 120
FILES = {
    "accounts": "company_accounts", "number_ranges": "number_ranges", "customers": "customers",
    "mandates": "mandates", "invoices": "invoices", "lines": "lines", "measurements": "measurements",
}  # fmt: skip
LEFT_OUT = {"invoice_id", "status", "version", "created_at", "updated_at", "outstanding"}


def written(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """A frame as a file holds it: amounts and percentages as decimals, columns that say something."""
    columns = {}
    for column in TABLES[name].columns:
        if column.frame_name not in frame or column.name in LEFT_OUT:
            continue
        values = frame[column.frame_name]
        if column.type in (Type.MONEY, Type.PERCENT):
            values = values.map(to_decimal)
        if column.type is Type.QUANTITY:
            values = values.map(lambda value: f"{value.normalize():f}")
        columns[column.name] = values
    whole = pd.DataFrame(columns).dropna(axis="columns", how="all")
    idle = [c for c in whole if (name, c) in IDLE or (whole[c].astype("str") == "0.00").all()]
    return whole.drop(columns=idle)


IDLE = {("invoices", c) for c in ("shipping_status", "export_status", "document_version")}


def main(folder: Path) -> None:
    """Generate the sample and write one CSV file a kind."""
    (frames,) = generate(INVOICES, seed=1, today=date(2026, 11, 22), fresh=True)
    external = frames["invoices"].set_index("invoice_id")["external_id"]
    for file, table in FILES.items():
        frame = written(table, frames[table])
        if table in ("lines", "measurements"):
            frame.insert(0, "external_id", frames[table]["invoice_id"].map(external))
        frame.to_csv(folder / f"{file}.csv", index=False, date_format="%Y-%m-%d", lineterminator="\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
