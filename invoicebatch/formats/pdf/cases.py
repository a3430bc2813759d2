"""Made-up documents as an engine would hand them over, for checking a template and for tests.

Plain rows become the frames of a batch here; nothing is rendered.
"""

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pandas as pd

from invoicebatch.model.changes import Batch
from invoicebatch.model.schema import OVERVIEW, TABLES

ACCOUNT: dict[str, Any] = {
    "company_account_id": "NL", "name": "Noordlicht Energie", "legal_name": "Noordlicht Energie B.V.",
    "legal_id": "12345678", "vat_id": "NL001234567B01", "street": "Zuiderkade 12", "postcode": "1012 AB",
    "city": "Amsterdam", "country": "NL", "phone": "+31 20 123 45 67", "email": "service@noordlicht.example",
    "website": "www.noordlicht.example", "currency": "EUR", "iban": "NL91ABNA0417164300", "bic": "ABNANL2A",
    "bank_name": "ABN AMRO", "creditor_id": "NL98ZZZ123456780001", "language": "en",
}  # fmt: skip
CUSTOMER: dict[str, Any] = {
    "customer_id": "C001001", "name": "J. de Vries", "is_business": False, "street": "Kerkstraat 1",
    "postcode": "3511 LX", "city": "Utrecht", "country": "NL", "language": "en",
    "payment_method": "credit_transfer", "delivery_preference": "email", "iban": "NL20INGB0001234567",
}  # fmt: skip
MANDATE: dict[str, Any] = {
    "payment_method": "direct_debit", "mandate_id": "M-2024-000815", "mandate_status": "active",
    "mandate_iban": "NL20INGB0001234567",
}  # fmt: skip


def line(name: str, quantity: Any, price: Any, rate: int = 2100, **more: Any) -> dict[str, Any]:
    """A line whose net amount is quantity times price, rounded half up."""
    base = Decimal(str(more.get("price_base", 1)))
    net = Decimal(str(quantity)) * Decimal(str(price)) / base * 100
    row = {
        "name": name, "quantity": Decimal(str(quantity)), "price": Decimal(str(price)), "vat_rate_bp": rate,
        "net_cents": int(net.quantize(Decimal(1), ROUND_HALF_UP)), "unit": "KWH", "price_base": Decimal(1),
        "vat_category": "S" if rate else "Z",
    }  # fmt: skip
    return row | more


def energy_lines() -> list[dict[str, Any]]:
    """Ten lines of an energy invoice."""
    return [
        line("Electricity high tariff", 1120, "0.2489", description="Green power, supply"),
        line("Electricity low tariff", "934.5", "0.2103", description="Green power, supply"),
        line("Gas", 312, "1.0245", unit="MTQ"),
        line("Standing charge electricity", 1, "6.99", unit="MON"),
        line("Standing charge gas", 1, "6.99", unit="MON"),
        line("Energy tax electricity", "2054.5", "0.1228"),
        line("Energy tax gas", 312, "0.6998", unit="MTQ"),
        line("Tax reduction", -31, "1.7249", unit="DAY"),
        line("Grid costs electricity", 1, "32.46", unit="MON"),
        line("Meter rent", 1, "2.91", unit="MON"),
    ]


def monthly_readings(months: int = 12) -> list[dict[str, Any]]:
    """Monthly readings of two registers."""
    found: list[dict[str, Any]] = []
    counter = {"High": Decimal(10450), "Low": Decimal(8120)}
    for month in range(months):
        start = date(2025 + (10 + month) // 12, (10 + month) % 12 + 1, 1)
        end = (start + timedelta(days=32)).replace(day=1) - timedelta(days=1)
        for register, value in list(counter.items()):
            usage = Decimal(90 + (month * 37 + len(register) * 11) % 70)
            found.append(
                {
                    "line_no": 1, "meter_id": "E0047004127", "connection_id": "871685900000123456",
                    "register": register, "date_from": start, "date_to": end, "value_from": value,
                    "value_to": value + usage, "usage": usage, "unit": "KWH",
                    "method": "actual" if month % 4 else "estimated",
                }
            )  # fmt: skip
            counter[register] += usage
    return found


def invoice(invoice_id: int = 1, **values: Any) -> dict[str, Any]:
    """One document as plain rows: overview columns, and `lines`, `vat`, `readings`, `allowances`,
    `customer` and `account` beside them.
    """
    base: dict[str, Any] = {
        "invoice_id": invoice_id, "kind": "invoice", "status": "approved", "number": f"2026-{invoice_id:06d}",
        "company_account_id": "NL", "customer_id": f"C{invoice_id:06d}", "currency": "EUR",
        "invoice_date": date(2026, 11, 22), "due_date": date(2026, 12, 6), "period_start": date(2026, 10, 1),
        "period_end": date(2026, 10, 31), "document_version": 0, "shipping_status": "to_send",
        "export_status": "unexported", "payment_method": "credit_transfer", "prepaid_cents": 0,
        "rounding_cents": 0, "credited_cents": 0, "lines": energy_lines(), "readings": [], "allowances": [], "customer": {},
        "account": {},
    }  # fmt: skip
    return base | values


def _breakdown(row: dict[str, Any]) -> list[dict[str, Any]]:
    sums: dict[tuple[str, int], int] = {}
    for item in row["lines"]:
        key = (item["vat_category"], item["vat_rate_bp"])
        sums[key] = sums.get(key, 0) + item["net_cents"]
    for item in row["allowances"]:
        if item.get("line_no") is None:
            key = (item.get("vat_category", "S"), item.get("vat_rate_bp", 2100))
            sign = 1 if item["is_charge"] else -1
            sums[key] = sums.get(key, 0) + sign * item["amount_cents"]
    return [
        {"vat_category": c, "vat_rate_bp": r, "taxable_cents": base,
         "tax_cents": (abs(base) * r + 5000) // 10000 * (1 if base >= 0 else -1)}
        for (c, r), base in sums.items()
    ]  # fmt: skip


def batch(*rows: dict[str, Any]) -> Batch:
    """The batch of some documents, totals filled in from their lines."""
    tables: dict[str, list[dict[str, Any]]] = {
        name: [] for name in ("lines", "vat_breakdown", "measurements", "allowance_charges", "documents")
    }
    overview, customers, accounts = [], [], {}
    for row in rows:
        vat = row.get("vat") or _breakdown(row)
        key = {"invoice_id": row["invoice_id"]}
        tables["lines"] += [key | {"line_no": n} | item for n, item in enumerate(row["lines"], 1)]
        tables["vat_breakdown"] += [key | item for item in vat]
        tables["measurements"] += [key | {"reading_no": n} | i for n, i in enumerate(row["readings"], 1)]
        tables["allowance_charges"] += [
            key | {"allowance_no": n} | i for n, i in enumerate(row["allowances"], 1)
        ]
        net = sum(item["taxable_cents"] for item in vat)
        tax = sum(item["tax_cents"] for item in vat)
        total = {
            "line_total_cents": sum(item["net_cents"] for item in row["lines"]), "net_total_cents": net,
            "vat_total_cents": tax, "total_cents": net + tax, "allowance_total_cents": 0,
            "charge_total_cents": 0,
            "outstanding_cents": net + tax - row["prepaid_cents"] + row["rounding_cents"],
        }  # fmt: skip
        account = ACCOUNT | {"company_account_id": row["company_account_id"]} | row["account"]
        customers.append(CUSTOMER | {"customer_id": row["customer_id"]} | row["customer"])
        accounts[account["company_account_id"]] = account
        known = {f"account_{name}": account[name] for name in ("country", "iban", "creditor_id")}
        overview.append(known | total | row)
    frames = {name: _frame(name, found) for name, found in tables.items()}
    frames["customers"] = _frame("customers", customers)
    frames["company_accounts"] = _frame("company_accounts", list(accounts.values()))
    return Batch(_overview(overview), frames)


def _frame(table: str, rows: list[dict[str, Any]]) -> pd.DataFrame:
    schema = TABLES[table]
    frame = pd.DataFrame(rows, columns=list(schema.frame_names)) if rows else schema.empty()
    for column in schema.columns:
        if column.required and str(column.dtype) in {"bool", "int64"}:
            frame[column.frame_name] = frame[column.frame_name].fillna(0)
    return schema.conform(frame)


def _overview(rows: list[dict[str, Any]]) -> pd.DataFrame:
    frame = pd.DataFrame({name: [row.get(name) for row in rows] for name in OVERVIEW})
    for name, derived in OVERVIEW.items():
        values = frame[name]
        if str(derived.column.dtype) in {"int64", "bool"}:
            values = values.fillna(0)
        frame[name] = values.astype(derived.column.dtype)
    return frame
