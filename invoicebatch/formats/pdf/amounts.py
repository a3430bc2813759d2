"""Amounts of a document that follow from its row; nothing is formatted here."""

from invoicebatch.formats.pdf.text import Row


def due_cents(invoice: Row) -> int:
    """Amount due for payment (BT-115) as issued: payments booked later don't change it."""
    return int(invoice["total_cents"] - invoice["prepaid_cents"] + invoice["rounding_cents"])
