"""Checks of accounts, number ranges, customers and mandates.

What would put wrong data on a document of ours or debit a wrong account refuses the row: all of an
account's identifiers, a mandate's IBAN. What only closes one channel of a customer is doubted, not
refused: an IBAN for refunds, BIC or country that can't be right is left empty, so that no money and
no letter goes astray; an e-mail address, VAT id or SIRET of doubtful form is kept as it stands.
"""

from typing import Final

import pandas as pd

from invoicebatch.ingest.cells import Refusals
from invoicebatch.ingest.checks import identifiers as ids
from invoicebatch.ingest.checks.currency import check_currency
from invoicebatch.ingest.checks.number_ranges import check_patterns_of_accounts, check_ranges
from invoicebatch.ingest.draft import Typed
from invoicebatch.model.payments.iban import iban_faults
from invoicebatch.model.payments.sepa import creditor_id_fault, creditor_id_warning, is_sepa_id

LANGUAGES = ("en", "nl", "fr", "de")
_COMPACT = ("iban", "bic", "vat_id", "creditor_id", "siret", "previous_iban")

_MOST_NOTICE: Final = 365


def check_parties(typed: Typed, refused: Refusals, doubted: Refusals) -> None:
    """Normalise and check one kind of party rows in place."""
    _normalise(typed.frame)
    match typed.kind.name:
        case "accounts":
            _check_accounts(typed, refused, doubted)
            check_patterns_of_accounts(typed, refused)
        case "number_ranges":
            check_ranges(typed, refused)
        case "customers":
            _check_customers(typed, doubted)
        case "mandates":
            _check_mandates(typed, refused, doubted)
        case _:
            pass


def _normalise(frame: pd.DataFrame) -> None:
    for column in (c for c in _COMPACT if c in frame):
        frame[column] = ids.compact(frame[column])
    if "country" in frame:
        frame["country"] = ids.by_word(frame["country"], lambda w: ids.country_code(w) or w)
    if "language" in frame:
        frame["language"] = ids.by_word(
            frame["language"], lambda w: w.lower().replace("_", "-").split("-")[0]
        )
    if "currency" in frame:
        frame["currency"] = ids.by_word(frame["currency"], str.upper)


def _check_accounts(typed: Typed, refused: Refusals, doubted: Refusals) -> None:
    for column, test, reason in (
        ("country", _is_country, "is no ISO 3166 country"),
        ("bic", ids.is_bic, "is not of the form of a BIC"),
        ("vat_id", ids.is_vat_id, "is no valid VAT id"),
        ("email", ids.is_email, "is no e-mail address"),
        ("language", LANGUAGES.__contains__, f"is not one of: {', '.join(LANGUAGES)}"),
    ):
        if column in typed.frame:
            typed.refuse(ids.holds(typed.frame[column], test), column, reason, refused)
    check_currency(typed, refused)
    _refuse_ibans(typed, refused, needs_sepa=False)
    if "creditor_id" in typed.frame:
        wrong = ids.holds(typed.frame["creditor_id"], lambda w: not creditor_id_fault(w))
        typed.refuse(wrong, "creditor_id", "is not of the form of a SEPA creditor identifier", refused)
        doubtful = ids.holds(typed.frame["creditor_id"], lambda w: not creditor_id_warning(w))
        _doubt(
            typed,
            doubtful,
            "creditor_id",
            "has wrong check digits: nothing is collected for this account until it is corrected",
            doubted,
        )


def _refuse_ibans(typed: Typed, refused: Refusals, *, needs_sepa: bool) -> None:
    if "iban" not in typed.frame:
        return
    faults = _iban_faults(typed.frame["iban"])
    if not needs_sepa:
        faults = faults.mask(faults.str.endswith("is outside SEPA"), "")
    typed.refuse(faults != "", "iban", faults, refused)


def _iban_faults(values: "pd.Series[str]") -> "pd.Series[str]":
    return iban_faults(values).where(values.notna(), "")


def _check_customers(typed: Typed, doubted: Refusals) -> None:
    for column, test, reason in (
        ("country", _is_country, "is no country that is known; it was left empty"),
        ("bic", ids.is_bic, "is not of the form of a BIC; it was left empty"),
        ("language", LANGUAGES.__contains__, "is not one of en, nl, fr, de; the account's language is taken"),
    ):
        if column in typed.frame:
            wrong = ids.holds(typed.frame[column], test)
            _doubt(typed, wrong, column, reason, doubted)
            typed.frame[column] = typed.frame[column].mask(wrong)
    if "iban" in typed.frame:
        faults = _iban_faults(typed.frame["iban"])
        faults = faults.mask(faults.str.endswith("is outside SEPA"), "")
        _doubt(typed, faults != "", "iban", faults + "; it was left empty", doubted)
        typed.frame["iban"] = typed.frame["iban"].mask(faults != "")
    for column, test, reason in (
        ("email", ids.is_email, "is no e-mail address; sending to it will be refused"),
        ("vat_id", ids.is_vat_id, "is no valid VAT id; e-invoices may be refused"),
        ("siret", ids.is_siret, "is no valid SIRET; Chorus Pro will refuse it"),
    ):
        if column in typed.frame:
            _doubt(typed, ids.holds(typed.frame[column], test), column, reason, doubted)


def _check_mandates(typed: Typed, refused: Refusals, doubted: Refusals) -> None:
    wrong = ids.holds(typed.frame["mandate_id"], is_sepa_id)
    reason = "is no mandate reference: at most 35 letters, digits and / - ? : ( ) . , ' + (EPC130-08)"
    typed.refuse(wrong, "mandate_id", reason, refused)
    _refuse_ibans(typed, refused, needs_sepa=True)
    if "bic" in typed.frame:
        wrong = ids.holds(typed.frame["bic"], ids.is_bic)
        _doubt(typed, wrong, "bic", "is not of the form of a BIC; it was left empty", doubted)
        typed.frame["bic"] = typed.frame["bic"].mask(wrong)
    if "last_used_on" in typed.frame:
        early = (typed.frame["last_used_on"] < typed.frame["signed_on"]).fillna(value=False)
        typed.refuse(early, "last_used_on", "lies before the date of signature", refused)
    if "notice_days" in typed.frame:
        beyond = ~typed.frame["notice_days"].between(0, _MOST_NOTICE) & typed.frame["notice_days"].notna()
        typed.refuse(beyond, "notice_days", f"is not from 0 to {_MOST_NOTICE} days", refused)


def _doubt(typed: Typed, mask: "pd.Series[bool]", column: str, reason: object, doubted: Refusals) -> None:
    if not mask.any():
        return
    found = typed.source[mask].assign(value=typed.frame.loc[mask, column])
    found["reason"] = reason if isinstance(reason, str) else pd.Series(reason)[mask]
    for file, part in found.groupby("file", sort=False):
        doubted.add(str(file), part["row"], column, part["value"], part["reason"])


def _is_country(word: str) -> bool:
    return ids.country_code(word) == word
