"""A maker of messages with any number of payments."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest

from invoicebatch.formats.pain import Message
from invoicebatch.model.ident import derived_id, end_to_end_id
from invoicebatch.model.payments.sepa import message_id, payment_information_id

BUNDLE = derived_id("bundle", "test")


def belgian(account: int) -> str:
    bban = f"{account:010d}{account % 97 or 97:02d}"
    return f"BE{98 - int(bban + '111400') % 97:02d}{bban}"


def items(count: int, **columns: Any) -> pd.DataFrame:
    number = np.arange(count)
    frame = pd.DataFrame(
        {
            "bundle_id": BUNDLE,
            "item_no": number + 1,
            "invoice_id": number + 100,
            "end_to_end_id": [end_to_end_id(BUNDLE, item + 1) for item in number],
            "amount_cents": 1000 + number % 90_000,
            "name": [f"Kuche + Sohne {n}" for n in number],
            "iban": [belgian(n % 200) for n in number],
            "bic": None,
            "street": "Kade",
            "building": "1",
            "free_line": None,
            "free_line_2": None,
            "creditor_reference": None,
            "postcode": "1000",
            "city": "Brussel",
            "country": "BE",
            "mandate_id": [f"M-{n:07d}" for n in number],
            "mandate_signed_on": pd.Timestamp("2020-01-01"),
            "sequence_type": np.where(number % 5, "RCUR", "FRST"),
            "scheme": "CORE",
            "previous_mandate_id": None,
            "previous_iban": None,
            "remittance": [f"2026-{n:06d} Energy" for n in number],
        }
    )
    return grouped(frame.assign(**columns))


def grouped(frame: pd.DataFrame) -> pd.DataFrame:
    """The items with the group of the file that each is in."""
    numbers = frame.groupby(["scheme", "sequence_type"], dropna=False).ngroup() + 1
    return frame.assign(payment_information_id=[payment_information_id(BUNDLE, int(no)) for no in numbers])


def message(count: int = 3, version: str = "pain.008.001.08", **columns: Any) -> Message:
    return Message(
        version=version,  # type: ignore[arg-type]
        message_id=message_id(BUNDLE),
        created_at=datetime(2026, 11, 22, 10, 0, 0, 123456, tzinfo=UTC),
        requested_date=date(2026, 12, 1),
        account_name="Watt + Volt SA",
        iban="BE68539007547034",
        bic="GKCCBEBB",
        creditor_id="DE98ZZZ09999999999",
        batch_booking=True,
        items=items(count, **columns),
    )


@pytest.fixture(scope="session")
def make_message() -> Callable[..., Message]:
    return message
