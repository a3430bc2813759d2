"""Names of columns, parameters and values as people read them."""

from typing import Final

_LABELS: Final = {
    "external_id": "Reference",
    "iban": "IBAN",
    "mandate_id": "Mandate",
    "customer_name": "Customer",
    "customer_id": "Customer id",
    "account_name": "Company account",
    "shipping_status": "Shipping",
    "payment_status": "Payment",
    "export_status": "Export",
    "net_total_cents": "Without VAT",
    "vat_total_cents": "VAT",
    "customer_email": "E-mail",
    "by_email": "By e-mail",
    "by_einvoice": "By e-invoice",
    "customer_city": "City",
    "customer_country": "Country",
    "delivery_preference": "Delivery",
    "failure": "Last failure",
    "einvoice": "E-invoice",
    "busy_run": "Busy in run",
    "busy_action": "Busy with",
    "export_job": "Export job",
    "vat_category": "VAT category",
    "vat_rate": "VAT %",
    "vat": "VAT",
    "tax_cents": "VAT",
    "line_no": "No",
    "document_version": "Version",
    "xlsx": "Excel workbook",
    "csv": "CSV",
    "parquet": "Parquet",
}


def words(name: str) -> str:
    """A name as people read it: `to_send` → "To send", `total_cents` → "Total"."""
    if name in _LABELS:
        return _LABELS[name]
    plain = name.removesuffix("_cents").removesuffix("_bp").replace("_", " ").strip()
    return plain[:1].upper() + plain[1:]
