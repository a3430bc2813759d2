"""The sample's sellers, customers and mandates: an energy supplier in three countries."""

from datetime import date
from typing import Any, Final

import numpy as np
import pandas as pd

from invoicebatch.ingest.sample import words
from invoicebatch.ingest.sample.digits import (
    Generator,
    Ints,
    belgian_account,
    digits,
    dutch_vat,
    french_account,
    french_vat,
    iban,
    kbo,
    pick,
    rsin,
    siren,
    siret,
)
from invoicebatch.model.schema import TABLES

ACCOUNTS: Final = ("NL", "BE", "FR")
COUNTRIES: Final = ("NL", "BE", "FR", "DE", "GB")
ACCOUNT_OF: Final = np.array([0, 1, 2, 0, 0])
"""Account by country: customers abroad are served from the Netherlands."""
LANGUAGES: Final = ("nl", "fr", "de", "en")
NO_ADDRESS_EVERY: Final = 50
"""One customer in so many has no street: its documents fail approval."""

_SELLERS: Final = {
    "NL": {
        "name": "Zonnewind Energie", "legal_name": "Zonnewind Energie B.V.", "legal_id": "90000103",
        "legal_id_scheme": "0106", "legal_form": "Besloten vennootschap, KvK 90000103", "vat_id": "NL800000018B01",
        "street": "Windmolenlaan 1", "postcode": "3511 AB", "city": "Utrecht", "phone": "+31 30 000 00 00",
        "endpoint_scheme": "0106", "endpoint_id": "90000103", "bic": "INGBNL2A", "bank_name": "Voorbeeldbank",
        "iban": "NL20INGB0001234567", "creditor_id": "NL65ZZZ900001030000", "language": "nl",
    },
    "BE": {
        "name": "Zonnewind België", "legal_name": "Zonnewind België NV", "legal_id": "0400000086",
        "legal_id_scheme": "0208", "legal_form": "Naamloze vennootschap, RPR Brussel", "vat_id": "BE0400000086",
        "street": "Koningsstraat 100", "postcode": "1000", "city": "Brussel", "phone": "+32 2 000 00 00",
        "endpoint_scheme": "0208", "endpoint_id": "0400000086", "bic": "BBRUBEBB", "bank_name": "Voorbeeldbank",
        "iban": "BE68539007547034", "creditor_id": "BE42ZZZ0400000086", "language": "nl",
    },
    "FR": {
        "name": "Zonnewind France", "legal_name": "Zonnewind France SAS", "legal_id": "300000007",
        "legal_id_scheme": "0002", "legal_form": "SAS au capital de 100 000 €, RCS Lyon", "vat_id": "FR83300000007",
        "street": "12 rue de la République", "postcode": "69002", "city": "Lyon", "phone": "+33 4 00 00 00 00",
        "endpoint_scheme": "0009", "endpoint_id": "30000000700017", "bic": "AGRIFRPP", "bank_name": "Banque Exemple",
        "iban": "FR7630006000011234567890189", "creditor_id": "FR72ZZZ123456", "language": "fr",
    },
}  # fmt: skip


def accounts() -> pd.DataFrame:
    """The three company accounts."""
    rows = [
        {
            "company_account_id": account,
            "country": account,
            "contact_name": "Customer service",
            "email": f"service@{account.lower()}.zonnewind.example",
            "website": f"https://{account.lower()}.zonnewind.example",
            "currency": "EUR",
            **values,
        }
        for account, values in _SELLERS.items()
    ]
    return TABLES["company_accounts"].conform(pd.DataFrame(rows))


def number_ranges() -> pd.DataFrame:
    """A series for invoices and one for credit notes, an account; French dates must ascend."""
    rows = [
        {
            "company_account_id": account,
            "series": series,
            "pattern": f"{account}{mark}{{year}}-{{seq:06d}}",
            "yearly_reset": True,
            "dates_ascend": account == "FR",
        }
        for account in ACCOUNTS
        for series, mark in (("invoice", ""), ("credit_note", "C"))
    ]
    return TABLES["number_ranges"].conform(pd.DataFrame(rows))


def customer_countries(size: int) -> Ints:
    """Country of each customer, by position: one in two Dutch, three in ten Belgian, the rest French,
    German, British.
    """
    pattern = np.array([0, 1, 0, 2, 0, 1, 0, 1, 0, 2, 0, 1, 0, 2, 0, 1, 0, 1, 3, 4])
    return pattern[np.arange(size) % len(pattern)]


def customers(rng: Generator, size: int) -> pd.DataFrame:
    """All customers; `customer_id` is their position from 1, eight digits with zeros in front."""
    index = np.arange(size)
    country = customer_countries(size)
    business = (rng.random(size) < 0.4) & (country < 3)
    language = _languages(rng, country)
    frame = pd.DataFrame({"customer_id": digits(index + 1, 8)})
    frame["name"] = _names(rng, country, language, business)
    frame["is_business"] = business
    frame["contact_name"] = _person(rng, language).where(business & (rng.random(size) < 0.5))
    frame["language"] = pick(LANGUAGES, language)
    _add_address(rng, frame, country)
    _add_identifiers(rng, frame, country, business)
    frame["email"] = ("customer" + frame["customer_id"] + "@example.com").where(rng.random(size) < 0.94)
    frame["phone"] = "+31 6 " + digits(rng.integers(0, 10**8, size), 8)
    frame["iban"], frame["bic"] = _bank(rng, country)
    direct = rng.random(size) < 0.45
    frame["payment_method"] = np.where(direct, "direct_debit", "credit_transfer")
    wish = rng.choice(["email", "post", "einvoice", "manual"], size, p=[0.72, 0.12, 0.14, 0.02])
    frame["delivery_preference"] = np.where((wish == "einvoice") & frame["endpoint_id"].isna(), "email", wish)
    frame["skip_if_direct_debit"] = direct & (rng.random(size) < 0.05)
    term = pd.Series(rng.choice([14, 30, 60], size), dtype="Int64")
    frame["payment_term_days"] = term.where(business & (rng.random(size) < 0.5))
    return TABLES["customers"].conform(frame)


def _languages(rng: Generator, country: Ints) -> Ints:
    native = np.array([0, 0, 1, 2, 3])[country]
    walloon = (country == 1) & (rng.random(len(country)) < 0.4)
    german = (country == 1) & (rng.random(len(country)) < 0.03)
    return np.where(german, 2, np.where(walloon, 1, native))


def _person(rng: Generator, language: Ints) -> "pd.Series[str]":
    parts = []
    for pool in (words.FIRST, words.LAST):
        names = [name for key in LANGUAGES for name in pool[key]]
        sizes = np.array([len(pool[key]) for key in LANGUAGES])
        starts = np.cumsum(sizes) - sizes
        parts.append(
            pick(names, starts[language] + rng.integers(0, 1 << 30, len(language)) % sizes[language])
        )
    return parts[0] + " " + parts[1]


def _names(rng: Generator, country: Ints, language: Ints, business: Any) -> "pd.Series[str]":
    size = len(country)
    forms = [form for key in COUNTRIES[:3] for form in (words.FORM[key] * 4)[:4]]
    place = pick(words.PLACE, rng.integers(0, len(words.PLACE), size))
    trade = pick(words.TRADE, rng.integers(0, len(words.TRADE), size))
    form = pick(forms, np.minimum(country, 2) * 4 + rng.integers(0, 4, size))
    names = _person(rng, language).where(~business, place + " " + trade + " " + form)
    public = business & (country == 2) & (rng.random(size) < 0.25)
    kinds = [kind.format(town) for kind in words.PUBLIC for _, town in words.TOWN["FR"]]
    names = names.where(~public, pick(kinds, rng.integers(0, len(kinds), size)))
    unusual = rng.random(size) < 0.02
    return names.where(~unusual, pick(words.UNUSUAL, rng.integers(0, len(words.UNUSUAL), size)))


def _add_address(rng: Generator, frame: pd.DataFrame, country: Ints) -> None:
    size = len(frame)
    street, postcode, city = (np.empty(size, dtype=object) for _ in range(3))
    for position, code in enumerate(COUNTRIES):
        mine = country == position
        chosen = rng.integers(0, len(words.TOWN[code]), int(mine.sum()))
        postcode[mine] = np.array([town[0] for town in words.TOWN[code]], dtype=object)[chosen]
        city[mine] = np.array([town[1] for town in words.TOWN[code]], dtype=object)[chosen]
        roads = np.array(words.STREET[code], dtype=object)
        street[mine] = roads[rng.integers(0, len(roads), int(mine.sum()))]
    letters = pick([f" {a}{b}" for a in "ABKLX" for b in "CDXZ"], rng.integers(0, 20, size))
    numbers = digits(rng.integers(1, 400, size), 1)
    frame["street"] = pd.Series(street, dtype="str") + " " + numbers
    frame.loc[np.arange(size) % NO_ADDRESS_EVERY == 7, "street"] = None
    frame["street_extra"] = pick(["Bus 3", "2 hoog", "Bâtiment C"], rng.integers(0, 3, size)).where(
        rng.random(size) < 0.05
    )
    frame["postcode"] = pd.Series(postcode, dtype="str") + letters.where(country == 0, "")
    frame["city"] = pd.Series(city, dtype="str")
    frame["country"] = pick(COUNTRIES, country)


def _add_identifiers(rng: Generator, frame: pd.DataFrame, country: Ints, business: Any) -> None:
    """Company number, VAT id and Peppol id of businesses; SIRET and service code of public bodies."""
    size = len(frame)
    dutch, belgian, french = rsin(rng, size), kbo(rng, size), siren(rng, size)
    trade_register = digits(rng.integers(90_000_000, 99_999_999, size), 8)
    establishment = digits(siret(french), 14)
    vat = dutch_vat(dutch), "BE" + digits(belgian, 10), french_vat(french)
    legal = trade_register, digits(belgian, 10), digits(french, 9)
    endpoint = trade_register, digits(belgian, 10), establishment
    on_peppol = business & (rng.random(size) < 0.6)
    for column, values, where in (
        ("vat_id", vat, business), ("legal_id", legal, business), ("endpoint_id", endpoint, on_peppol),
        ("legal_id_scheme", ("0106", "0208", "0002"), business),
        ("endpoint_scheme", ("0106", "0208", "0009"), on_peppol),
    ):  # fmt: skip
        chosen = pd.Series(None, index=frame.index, dtype="str")
        for position in range(3):
            chosen = chosen.mask(where & (country == position), values[position])
        frame[column] = chosen
    public = frame["name"].str.contains("Commune|Lycée|Hôpital|Mairie", regex=True) & (country == 2)
    frame["siret"] = establishment.where(public)
    frame["service_code"] = ("SERVICE-" + digits(rng.integers(1, 99, size), 2)).where(public)


def _bank(rng: Generator, country: Ints) -> tuple["pd.Series[str]", "pd.Series[str]"]:
    size = len(country)
    ibans = (
        iban("NL", "INGB", rng.integers(1, 10**10, size), 10),
        iban("BE", "539", belgian_account(rng, size), 9),
        iban("FR", "3000600001", french_account(rng, size), 13),
        iban("DE", "50010517", rng.integers(1, 10**10, size), 10),
        iban("GB", "BUKB202015", rng.integers(1, 10**8, size), 8),
    )
    chosen = pd.Series(None, index=range(size), dtype="str")
    for position, values in enumerate(ibans):
        chosen = chosen.mask(country == position, values)
    known = (rng.random(size) < 0.9) | (country < 3)
    bic = pick(("INGBNL2A", "BBRUBEBB", "AGRIFRPP", "INGDDEFF", "BUKBGB22"), country)
    return chosen.where(known), bic.where(known)


def mandates(rng: Generator, people: pd.DataFrame, today: date) -> pd.DataFrame:
    """A mandate of each customer on direct debit: some of them new, cancelled or lapsed."""
    direct = people[(people["payment_method"] == "direct_debit") & people["iban"].notna()]
    direct = direct.reset_index(drop=True)
    size = len(direct)
    moment = np.datetime64(today, "D")
    signed = moment - rng.integers(200, 2_500, size)
    used = np.maximum(signed + 5, moment - rng.integers(10, 60, size))
    luck = rng.random(size)
    lapsed, fresh = luck < 0.03, (luck >= 0.03) & (luck < 0.15)
    signed = np.where(lapsed, moment - 2_600, signed)
    used = np.where(lapsed, moment - 1_200, used)
    frame = pd.DataFrame({"mandate_id": "ZW-" + direct["customer_id"], "customer_id": direct["customer_id"]})
    frame["scheme"] = np.where(direct["is_business"] & (rng.random(size) < 0.25), "B2B", "CORE")
    frame["sequence_type"] = np.where(fresh, "FRST", "RCUR")
    frame["status"] = np.where(luck > 0.96, "cancelled", "active")
    frame["iban"], frame["bic"] = direct["iban"], direct["bic"]
    frame["account_holder"] = direct["contact_name"].where(rng.random(size) < 0.1)
    frame["signed_on"] = pd.Series(signed.astype("datetime64[s]"))
    frame["last_used_on"] = pd.Series(used.astype("datetime64[s]")).mask(fresh)
    return TABLES["mandates"].conform(frame)
