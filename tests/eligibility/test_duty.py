"""Who must get an electronic invoice: the reason for each row, by parties and day, from the data."""

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from invoicebatch.eligibility.duty import COLUMNS, duty_reasons, load_duties
from invoicebatch.errors import RulesError

TODAY = date(2026, 11, 26)
NONE = Path("/nowhere")


def reasons(*rows: dict[str, object], duties=None, channel: str = "") -> list[str]:
    given = [dict.fromkeys(COLUMNS) | {"customer_is_business": True} | row for row in rows]
    frame = pd.DataFrame(given).astype({"invoice_date": "datetime64[s]"})
    return duty_reasons(frame, duties or load_duties(NONE), TODAY, channel).tolist()


def between(seller: str, buyer: str, day: str | None = None, **more: object) -> dict[str, object]:
    moment = pd.Timestamp(day) if day else None
    return {"account_country": seller, "customer_country": buyer, "invoice_date": moment} | more


def test_a_belgian_business_needs_peppol_from_its_day_on():
    found = reasons(
        between("BE", "BE", "2025-12-31"),
        between("BE", "BE", "2026-01-01"),
        between("BE", "BE"),
        between("NL", "BE", "2026-01-01"),
        between("BE", "BE", "2026-01-01", customer_is_business=False),
        between("BE", "BE", "2026-01-01", shipping_channel="einvoice"),
    )
    needed = "Belgian business: Peppol since 1 Jan 2026"
    assert found == ["", needed, needed, "", "", ""]


def test_a_public_body_is_known_by_its_number():
    found = reasons(
        between("BE", "FR", "2026-05-01", customer_siret="11000201100044", customer_is_business=False),
        between("BE", "DE", "2026-05-01", customer_endpoint_scheme="0204"),
        between("BE", "DE", "2026-05-01"),
    )
    assert [text.partition(":")[0] for text in found] == ["French public body", "German public body", ""]


def test_an_electronic_invoice_by_another_channel_will_not_do_either():
    rows = (
        between("BE", "BE"),
        between("DE", "DE", "2027-02-01"),
        between("IT", "IT"),
        between("BE", "FR", customer_siret="11000201100044"),
    )
    by_peppol = [text.partition(":")[0] for text in reasons(*rows, channel="peppol")]
    assert by_peppol == ["", "", "Italian customer", "French public body"]
    assert reasons(rows[3], channel="chorus_pro") == [""]


def test_a_workspace_s_own_duties_come_first(tmp_path: Path):
    folder = tmp_path / "rules" / "einvoice"
    folder.mkdir(parents=True)
    own = '[[duties]]\nbuyer = "BE"\nfrom = 2020-01-01\nchannel = "peppol"\nbecause = "We agreed so"\n'
    (folder / "duty.toml").write_text(own)
    assert reasons(between("BE", "BE"), between("FR", "FR"), duties=load_duties(tmp_path)) == [
        "We agreed so",
        "French business: an approved platform since 1 Sept 2026 (small sellers: from 1 Sept 2027)",
    ]


def test_a_wrong_key_is_named(tmp_path: Path):
    folder = tmp_path / "rules" / "einvoice"
    folder.mkdir(parents=True)
    (folder / "duty.toml").write_text('[[duties]]\nbuyer = "BE"\nchannel = "x"\nbecause = "y"\n')
    with pytest.raises(RulesError, match=r"duty\.toml.*from"):
        load_duties(tmp_path)
