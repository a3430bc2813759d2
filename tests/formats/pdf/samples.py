"""Made-up documents for tests: those of the template check, and random ones."""

import random
from decimal import Decimal
from typing import Any

from invoicebatch.formats.pdf.cases import (
    ACCOUNT,
    CUSTOMER,
    MANDATE,
    batch,
    energy_lines,
    invoice,
    line,
    monthly_readings,
)

__all__ = ["ACCOUNT", "CUSTOMER", "MANDATE", "batch", "energy_lines", "invoice", "line", "monthly_readings"]


def random_invoice(invoice_id: int, seed: int) -> dict[str, Any]:
    """A document of random lines, rates and language."""
    dice = random.Random(seed)
    lines = [
        line(
            f"Item {dice.randint(1, 999)}",
            Decimal(dice.randint(-2000, 90000)).scaleb(-2),
            Decimal(dice.randint(1, 99999)).scaleb(-4),
            dice.choice([0, 600, 900, 2100]),
        )
        for _ in range(dice.randint(1, 12))
    ]
    return invoice(
        invoice_id,
        lines=lines,
        prepaid_cents=dice.choice([0, dice.randint(1, 99999)]),
        customer={"language": dice.choice(["en", "nl", "fr", "de"])},
    )
