"""From our tables to the terms of EN 16931: what a document says, whatever syntax it is written in.

Amounts of credit notes are negative in our tables and positive here. What an imported document said
beyond our columns stands in `extra` and has the last word.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Literal

import numpy as np
import pandas as pd

from invoicebatch.model.action import Context
from invoicebatch.model.changes import Batch
from invoicebatch.model.en16931.derive.belgium import complete as complete_belgian
from invoicebatch.model.en16931.derive.document import documents, notes, preceding
from invoicebatch.model.en16931.derive.extra import Problems, apply_extra
from invoicebatch.model.en16931.derive.france import complete, extend
from invoicebatch.model.en16931.derive.lines import item_attributes, lines, meter_readings
from invoicebatch.model.en16931.derive.parts import allowances, attachments, vat_breakdown
from invoicebatch.model.en16931.derive.payment import payment_means
from invoicebatch.model.en16931.derive.profiles import EN16931, UBL_BE, Choice, bill_oneself
from invoicebatch.model.en16931.derive.source import Source
from invoicebatch.model.en16931.frames import no_rows
from invoicebatch.model.en16931.terms import DOCUMENT, LINE
from invoicebatch.model.schema import OVERVIEW
from invoicebatch.model.status import Kind
from invoicebatch.settings import EInvoice

Profile = Literal["auto", "peppol", "en16931", "xrechnung", "france", "ubl.be"]

TABLES = frozenset(
    {
        "lines",
        "allowance_charges",
        "vat_breakdown",
        "attachments",
        "measurements",
        "customers",
        "company_accounts",
    }
)
"""Tables that `derive` reads besides the invoices."""

_PIECE = 20_000


def derive(
    invoices: pd.DataFrame,
    tables: Mapping[str, pd.DataFrame],
    profile: Profile = "auto",
    settings: EInvoice | None = None,
    national: bool = False,
    on: date | None = None,
) -> tuple[dict[str, pd.DataFrame], Problems]:
    """The terms of some documents.

    Args:
        invoices: overview columns, one row a document; mandate columns may be missing.
        tables: the tables of `TABLES`, restricted to these documents and their parties; a table that
            is missing counts as empty.
        profile: the one that all follow; `auto`: Peppol BIS Billing 3, but plain EN 16931 for a
            private person without an electronic address, and what an imported document names itself.

        settings: `[einvoice]`: what a country asks for, and what a French seller says; None: as shipped,
            and no country asks for anything.
        national: whether a buyer's country or electronic address may ask for another profile.
        on: the day that decides which law holds; None: each document's own date.

    Returns:
        Frames by group (see `frames`), and entries of `extra` that are no value of their term.
    """
    source = Source.of(invoices, tables)
    groups: dict[str, pd.DataFrame] = {DOCUMENT: documents(source, profile, Choice(settings, national, on))}
    profiles = groups[DOCUMENT].pop("profile")
    line_frame = lines(source)
    groups |= {
        "BG-1": notes(source),
        "BG-3": preceding(source),
        "BG-24": attachments(source),
        "BT-29": no_rows(),
        "BG-16": payment_means(source, groups[DOCUMENT]),
        "BG-20": allowances(source, charge=False, lines=None),
        "BG-21": allowances(source, charge=True, lines=None),
        "BG-23": vat_breakdown(source),
        LINE: line_frame,
        "BG-27": allowances(source, charge=False, lines=line_frame),
        "BG-28": allowances(source, charge=True, lines=line_frame),
        "BT-158": no_rows(),
        "FR-LINE": no_rows(),
        "METER": meter_readings(source, line_frame),
    }
    groups["BG-32"] = item_attributes(groups["METER"])
    problems = apply_extra(groups, keep_profile=profile == "auto")
    bill_oneself(groups[DOCUMENT])
    french = profiles.eq("france").to_numpy() & groups[DOCUMENT]["BT-24"].eq(EN16931).to_numpy()
    final = source.invoices["kind"].astype("str").eq(Kind.FINAL_NOTE.value).to_numpy()
    complete(groups, french, final, (settings or EInvoice()).france)
    extend(groups, french)
    complete_belgian(groups, groups[DOCUMENT]["BT-24"].eq(UBL_BE).to_numpy())
    return groups, problems


def pieces(ids: "pd.Series[int]", ctx: Context) -> Iterator[Batch]:
    """What `derive` takes of many invoices, some thousand at a time: memory stays the same however many they are."""
    return ctx.pieces(np.asarray(ids, np.int64), OVERVIEW, dict.fromkeys(TABLES), size=_PIECE)


__all__ = ["TABLES", "Problems", "Profile", "derive", "pieces"]
