"""Typed rows of all files to the frames of the tables: defaults, checks, totals, declared dtypes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from invoicebatch.ingest.cells import Refusals
from invoicebatch.ingest.checks.accounts_and_customers import check_parties
from invoicebatch.ingest.checks.currency import check_currency, check_decimals, currencies_of
from invoicebatch.ingest.checks.keys import check_keys
from invoicebatch.ingest.checks.vat import ALLOWANCES, check_vat
from invoicebatch.ingest.dates import pattern
from invoicebatch.ingest.documents import (
    check_line_numbers,
    drop_spoiled,
    fill_net,
    name_payments,
    number_rows,
)
from invoicebatch.ingest.draft import Typed, default_value
from invoicebatch.ingest.history import complete_history
from invoicebatch.ingest.kinds import HISTORY, KINDS, OPEN_ITEMS
from invoicebatch.ingest.numbers import DecimalMark
from invoicebatch.ingest.open_items import complete_open_items
from invoicebatch.ingest.ranges import ranges_of_accounts
from invoicebatch.ingest.totals import check_totals, fill_totals
from invoicebatch.model.schema import TABLES
from invoicebatch.model.status import Status

Frames = dict[str, pd.DataFrame]


@dataclass(frozen=True, slots=True)
class Defaults:
    """What stands where the files say nothing."""

    company_account_id: str | None = None
    currency: str | None = None
    mark: DecimalMark | None = None
    date_format: str | None = None
    currencies: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> "Defaults":
        """From plain values: company_account_id, currency, decimal, date_format, currencies by account.

        Raises:
            RulesError: a date format without day, month or year.
        """
        date_format = values.get("date_format")
        if date_format:
            pattern(date_format)
        decimal = values.get("decimal")
        mark = DecimalMark(decimal) if decimal else None
        account, currency = values.get("company_account_id"), values.get("currency")
        return cls(account, currency, mark, date_format, values.get("currencies") or {})


def assemble(
    typed: Mapping[str, list[Typed]], defaults: Defaults, refused: Refusals, doubted: Refusals
) -> tuple[Frames, Frames, Frames]:
    """Frames, their sources and the fallback rows; see `Intake`."""
    kinds = {name: _joined(typed[name]) for name in KINDS if name in typed}
    for name in ("accounts", "number_ranges", "customers", "mandates"):
        if name in kinds:
            check_parties(kinds[name], refused, doubted)
    if "invoices" in kinds:
        _complete_invoices(kinds, defaults, refused)
    account = defaults.company_account_id or _only_account(kinds)
    complete_history(kinds.get(HISTORY), account, refused)
    complete_open_items(kinds.get(OPEN_ITEMS), account, defaults.currency, refused)
    for kind in kinds.values():
        number_rows(kind)
    _check_amounts(kinds, refused)
    if "payments" in kinds:
        name_payments(kinds["payments"])
    for kind in kinds.values():
        check_keys(kind, refused)
    drop_spoiled(kinds, refused)
    return _frames(kinds)


def _check_amounts(kinds: Mapping[str, Typed], refused: Refusals) -> None:
    for name in ("lines", ALLOWANCES, "vat_breakdown"):
        if name in kinds:
            check_vat(kinds[name], refused)
    check_line_numbers(kinds, refused)
    check_decimals(kinds, refused)
    if "invoices" in kinds:
        check_totals(kinds["invoices"], kinds.get("lines"), refused)
    if "lines" in kinds:
        fill_net(kinds["lines"], kinds.get(ALLOWANCES), currencies_of(kinds), refused)


def _joined(parts: list[Typed]) -> Typed:
    if len(parts) == 1:
        return parts[0]
    spoiled = {key: where for part in parts for key, where in part.spoiled.items()}
    frame = pd.concat([part.frame for part in parts], ignore_index=True)
    source = pd.concat([part.source for part in parts], ignore_index=True)
    orphans = [row for part in parts for row in part.orphans]
    return Typed(parts[0].kind, frame, source, spoiled, orphans, all(part.only_new for part in parts))


def _complete_invoices(kinds: Mapping[str, Typed], defaults: Defaults, refused: Refusals) -> None:
    invoices = kinds["invoices"]
    if "status" in invoices.frame:
        given = invoices.frame["status"]
        reason = "is given by actions: a document comes in as empty, then approve and create it"
        invoices.refuse(given.notna() & (given != Status.EMPTY.value), "status", reason, refused)
        invoices.frame = invoices.frame.drop(columns="status")
    account = defaults.company_account_id or _only_account(kinds)
    _fill(invoices.frame, "company_account_id", account)
    _fill_currencies(invoices.frame, kinds, defaults)
    _fill(invoices.frame, "currency", defaults.currency)
    if "currency" in invoices.frame:
        invoices.frame["currency"] = invoices.frame["currency"].str.upper()
        check_currency(invoices, refused)
    if "company_account_id" in invoices.frame:
        missing = invoices.frame["company_account_id"].isna()
        invoices.refuse(missing, "company_account_id", "no company account is named", refused)


def _fill_currencies(frame: pd.DataFrame, kinds: Mapping[str, Typed], defaults: Defaults) -> None:
    """Documents of a file without currencies are in that of their account."""
    if "company_account_id" not in frame:
        return
    known = dict(defaults.currencies)
    if "accounts" in kinds and "currency" in kinds["accounts"].frame:
        accounts = kinds["accounts"].frame
        known |= dict(zip(accounts["company_account_id"], accounts["currency"], strict=True))
    currency = frame["company_account_id"].map(known).astype("str")
    if currency.notna().any():
        frame["currency"] = frame["currency"].fillna(currency) if "currency" in frame else currency


def _only_account(kinds: Mapping[str, Typed]) -> str | None:
    if "accounts" not in kinds or len(kinds["accounts"].frame) != 1:
        return None
    return str(kinds["accounts"].frame["company_account_id"].iloc[0])


def _fill(frame: pd.DataFrame, column: str, value: str | None) -> None:
    if value is None:
        return
    frame[column] = (
        frame[column].fillna(value) if column in frame else pd.Series(value, frame.index, dtype="str")
    )


def _frames(kinds: dict[str, Typed]) -> tuple[Frames, Frames, Frames]:
    breakdown: Any = kinds["vat_breakdown"].frame if "vat_breakdown" in kinds else None
    if "invoices" in kinds:
        breakdown = fill_totals(
            kinds["invoices"], kinds.get("lines"), kinds.get("allowance_charges"), kinds.get("vat_breakdown")
        )
    frames = {kind.kind.rows: _declared(kind.frame, kind.kind.table) for kind in kinds.values()}
    sources = {kind.kind.rows: kind.source for kind in kinds.values()}
    if breakdown is not None and len(breakdown):
        frames["vat_breakdown"] = _declared(breakdown, "vat_breakdown")
        sources["vat_breakdown"] = _breakdown_sources(breakdown, kinds)
    fallbacks = {kind.kind.table: frames.pop(kind.kind.table) for kind in kinds.values() if kind.only_new}
    if "accounts" in kinds:
        given, fallback = ranges_of_accounts(kinds["accounts"].frame)
        _add_ranges(frames, sources, given, kinds["accounts"])
        fallbacks["number_ranges"] = _not_in(fallback, frames.get("number_ranges"))
    return frames, sources, fallbacks


def _not_in(fallback: pd.DataFrame, given: pd.DataFrame | None) -> pd.DataFrame:
    if given is None:
        return fallback
    key = list(TABLES["number_ranges"].key)
    known = pd.MultiIndex.from_frame(given[key])
    return fallback[~pd.MultiIndex.from_frame(fallback[key]).isin(known)].reset_index(drop=True)


def _breakdown_sources(breakdown: pd.DataFrame, kinds: dict[str, Typed]) -> pd.DataFrame:
    """Where each VAT row stands: its own row of a file, else the row of its document."""
    stated = kinds.get("vat_breakdown")
    computed = breakdown.iloc[len(stated.frame) if stated else 0 :]
    parts = [stated.source] if stated else []
    if "invoices" in kinds and len(computed):
        invoices = kinds["invoices"]
        places = invoices.source.set_axis(pd.Index(invoices.frame["external_id"]), axis=0)
        parts.append(places.loc[computed["external_id"]])
    return pd.concat(parts, ignore_index=True)


def _add_ranges(frames: Frames, sources: Frames, given: pd.DataFrame, accounts: Typed) -> None:
    if given.empty:
        return
    known = frames.get("number_ranges", given.iloc[:0])
    fresh = given[~given["company_account_id"].isin(known["company_account_id"])]
    where = accounts.source.set_index(accounts.frame["company_account_id"])
    source = where.loc[fresh["company_account_id"]].reset_index(drop=True)
    frames["number_ranges"] = pd.concat([known, fresh], ignore_index=True)
    sources["number_ranges"] = pd.concat(
        [sources.get("number_ranges", source.iloc[:0]), source], ignore_index=True
    )


def _declared(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Declared dtypes; empty cells of columns that have a default take it."""
    table = TABLES[name]
    known = {column.frame_name: column for column in table.columns}
    filled = {}
    for column in frame.columns:
        default = default_value(known[column]) if column in known and known[column].required else None
        values = frame[column]
        filled[column] = values.fillna(default) if default is not None and values.isna().any() else values
    whole = pd.DataFrame(filled)
    declared = table.conform(whole)
    others = [column for column in whole.columns if column.endswith("external_id") and column not in declared]
    for position, column in enumerate(others):
        declared.insert(position, column, whole[column].astype("str"))
    return declared
