"""Lines of sample documents, their VAT and meter readings; totals are the sums of these lines."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from invoicebatch.ingest.sample import words
from invoicebatch.ingest.sample.accounts_and_customers import ACCOUNTS, LANGUAGES
from invoicebatch.ingest.sample.digits import Generator, Ints, decimals, digits, gsrn, half_up, pick
from invoicebatch.ingest.sample.plan import Plan
from invoicebatch.model.money import tax_cents
from invoicebatch.model.schema import TABLES
from invoicebatch.model.status import Kind

RATES: Final = np.array([550, 600, 900, 2000, 2100])
_ADVANCE, _DEDUCTION = len(words.PRODUCTS), len(words.PRODUCTS) + 1
_FEED_IN: Final = [product.register for product in words.PRODUCTS].index("feed-in")
_POWER: Final = [n for n, product in enumerate(words.PRODUCTS) if product.register in ("high", "low")]
_TAX: Final = [product.names["en"] for product in words.PRODUCTS].index("Energy tax")
_STANDARD: Final = [2100, 2100, 2000]


def _table(of: Any) -> Ints:
    """A figure of every product, the two of advances added."""
    return np.array([of(product) for product in words.PRODUCTS])


_PRICE: Final = _table(lambda p: p.price)
_QUANTITY: Final = _table(lambda p: p.quantity)
_RATE: Final = np.vstack([_table(lambda p: [p.rates[a] for a in ACCOUNTS]), [_STANDARD, _STANDARD]])
_METERED: Final = np.append(_table(lambda p: p.register != ""), [False, False])
_UNITS: Final = [*(p.unit for p in words.PRODUCTS), "C62", "C62"]
_REGISTERS: Final = [*(p.register or None for p in words.PRODUCTS), None, None]
_NAMES: Final = [
    names[key]
    for names in (*(p.names for p in words.PRODUCTS), words.ADVANCE, words.DEDUCTION)
    for key in LANGUAGES
]


def rate_of(product: Ints, account: Ints) -> Ints:
    """The VAT rate of products in their accounts, in basis points."""
    rates: Ints = _RATE[product, account]
    return rates


@dataclass(frozen=True, slots=True)
class LineNumbers:
    """Lines as numbers: owner is the position of the document in its chunk."""

    owner: Ints
    place: Ints
    product: Ints
    price_micro: Ints
    quantity_milli: Ints
    net: Ints
    rate: Ints


def line_numbers(rng: Generator, plan: Plan) -> LineNumbers:
    """Products, quantities and prices of all lines of a chunk."""
    starts = np.cumsum(plan.counts) - plan.counts
    owner = np.repeat(np.arange(len(plan.ids)), plan.counts)
    place = np.arange(len(owner)) - starts[owner]
    product = _products(rng, len(plan.ids), owner, place)
    price = rng.integers(_PRICE[product, 0], _PRICE[product, 1] + 1)
    price = np.where(price > 4_000_000, price // 10_000 * 10_000, price)
    quantity = rng.integers(_QUANTITY[product, 0], _QUANTITY[product, 1] + 1)
    quantity *= _signs(rng, plan)[owner]
    _tax_the_supplied(owner, product, quantity)
    _set_advances(rng, plan, starts, product, price, quantity)
    note = plan.crediting[owner]
    original = np.flatnonzero(note) - np.repeat(plan.counts[plan.crediting], plan.counts[plan.crediting])
    product[note], price[note], quantity[note] = product[original], price[original], -quantity[original]
    net = half_up(quantity * price, 10_000_000)
    return LineNumbers(owner, place, product, price, quantity, net, rate_of(product, plan.account[owner]))


def _products(rng: Generator, size: int, owner: Ints, place: Ints) -> Ints:
    """Products of a document are all different, and none starts with what the debtor delivers."""
    first = rng.integers(0, len(words.PRODUCTS) - 1, size)
    first += first >= _FEED_IN
    step = rng.choice([1, 3, 7, 9], size)
    product: Ints = (first[owner] + place * step[owner]) % len(words.PRODUCTS)
    return np.where(place < len(words.PRODUCTS), product, len(words.PRODUCTS) - 1)


def _tax_the_supplied(owner: Ints, product: Ints, quantity: Ints) -> None:
    """Energy tax is due on the electricity of the same document, where it has some."""
    supplied = np.zeros(int(owner.max(initial=0)) + 1, dtype=np.int64)
    power = np.isin(product, _POWER)
    np.add.at(supplied, owner[power], quantity[power])
    taxed = (product == _TAX) & (supplied[owner] != 0)
    quantity[taxed] = supplied[owner[taxed]]


def _signs(rng: Generator, plan: Plan) -> Ints:
    """Credit notes and most statements are owed to the debtor, and half of the corrections."""
    luck = rng.random(len(plan.ids))
    negative = (plan.kind == Kind.CREDIT_NOTE.value) & ~plan.crediting
    negative |= (plan.kind == Kind.STATEMENT.value) & (luck < 0.6)
    negative |= (plan.kind == Kind.CORRECTION_NOTE.value) & (luck < 0.5)
    return np.where(negative, -1, 1)


def _set_advances(
    rng: Generator, plan: Plan, starts: Ints, product: Ints, price: Ints, quantity: Ints
) -> None:
    """Advances have one line; the last line of a final note takes the advance off again."""
    advance = plan.kind == Kind.ADVANCE.value
    alone = advance & (plan.counts == 1)
    at = starts[alone]
    product[at], quantity[at] = _ADVANCE, 1_000
    price[at] = rng.integers(2_500, 20_000, len(at)) * 10_000
    last = (starts + plan.counts - 1)[plan.deducting]
    product[last], quantity[last] = _DEDUCTION, -1_000
    price[last] = price[starts[np.flatnonzero(plan.deducting) - 1]]


def line_frame(plan: Plan, lines: LineNumbers, language: Ints) -> pd.DataFrame:
    """The `lines` frame of a chunk."""
    deduction = lines.product == _DEDUCTION
    frame = pd.DataFrame({"invoice_id": plan.ids[lines.owner], "line_no": lines.place + 1})
    frame["name"] = pick(_NAMES, lines.product * len(LANGUAGES) + language[lines.owner])
    frame["quantity"] = decimals(lines.quantity_milli * 1_000)
    frame["unit"] = pick(_UNITS, lines.product)
    frame["price"] = decimals(lines.price_micro)
    frame["price_base"] = decimals(np.full(len(frame), 1_000_000))
    frame["net_cents"] = lines.net
    frame["vat_category"] = pick(["S"], np.zeros(len(frame)))
    frame["vat_rate_bp"] = lines.rate
    frame["item_id"] = "P" + digits(lines.product + 1, 3)
    advance = pd.array(plan.ids[lines.owner] - 1, dtype="Int64")
    frame["advance_of"] = pd.Series(advance).where(deduction)
    return TABLES["lines"].conform(frame)


def vat_sums(lines: LineNumbers, size: int) -> tuple[Ints, Ints, Ints]:
    """Taxable amount and tax by document and rate (BR-CO-17), and whether the rate occurs."""
    code = np.searchsorted(RATES, lines.rate)
    taxable, times = np.zeros((2, size, len(RATES)), dtype=np.int64)
    np.add.at(taxable, (lines.owner, code), lines.net)
    np.add.at(times, (lines.owner, code), 1)
    tax = tax_cents(taxable.ravel(), np.tile(RATES, size)).reshape(taxable.shape)
    return taxable, tax, times


def vat_frame(plan: Plan, taxable: Ints, tax: Ints, times: Ints) -> pd.DataFrame:
    """The `vat_breakdown` frame of a chunk."""
    document, code = np.nonzero(times)
    frame = pd.DataFrame({"invoice_id": plan.ids[document]})
    frame["vat_category"] = pick(["S"], np.zeros(len(frame)))
    frame["vat_rate_bp"] = RATES[code]
    frame["taxable_cents"], frame["tax_cents"] = taxable[document, code], tax[document, code]
    return TABLES["vat_breakdown"].conform(frame)


def readings(
    rng: Generator, plan: Plan, lines: LineNumbers, start: Any, end: Any, meters: Ints
) -> pd.DataFrame:
    """The `measurements` frame: one reading a metered line, two for every fifth line.

    Args:
        rng: source of chance.
        plan: the documents.
        lines: their lines.
        start: first day of each document's period, datetime64[D].
        end: last day.
        meters: by document, whose meters these are.
    """
    metered = _METERED[lines.product] & (plan.kind != Kind.CREDIT_NOTE.value)[lines.owner]
    at = np.flatnonzero(metered)
    times = np.where(at % 5 == 0, 2, 1)
    row, number = np.repeat(at, times), np.cumsum(times) - times
    second = np.arange(len(row)) - np.repeat(number, times)
    split = np.repeat(times == 2, times)
    owner, whole = lines.owner[row], np.abs(lines.quantity_milli[row])
    usage = np.where(split, np.where(second == 1, whole - whole // 2, whole // 2), whole)
    before = rng.integers(0, 90_000_000, len(at)).repeat(times) + np.where(second == 1, whole // 2, 0)
    middle = start[owner] + 14
    frame = pd.DataFrame(
        {"invoice_id": plan.ids[owner], "line_no": lines.place[row] + 1, "reading_no": second + 1}
    )
    serial = meters[owner] * 16 + lines.product[row]
    frame["connection_id"] = _connections(plan.account[owner], serial)
    frame["meter_id"] = "E" + digits(serial + 100_000, 10)
    frame["register"] = pick(_REGISTERS, lines.product[row])
    frame["date_from"] = np.where(second == 1, middle + 1, start[owner]).astype("datetime64[s]")
    frame["date_to"] = np.where(split & (second == 0), middle, end[owner]).astype("datetime64[s]")
    frame["value_from"], frame["value_to"] = decimals(before * 1_000), decimals((before + usage) * 1_000)
    frame["usage"] = decimals(usage * 1_000)
    frame["unit"] = pick(_UNITS, lines.product[row])
    method = rng.choice(3, len(row), p=[0.8, 0.15, 0.05])
    frame["method"] = pick(["actual", "estimated", "customer"], method)
    return TABLES["measurements"].conform(frame)


def _connections(account: Ints, serial: Ints) -> "pd.Series[str]":
    dutch, belgian = gsrn("871687", serial), gsrn("541448", serial)
    french = "09" + digits(serial, 12)
    return dutch.mask(account == 1, belgian).mask(account == 2, french)


def month_before(day: npt.NDArray[np.datetime64], today: date) -> tuple[Any, Any]:
    """First and last day of the month before each date (today's where there is none)."""
    known = np.where(np.isnat(day), np.datetime64(today, "D"), day)
    month = known.astype("datetime64[M]") - 1
    return month.astype("datetime64[D]"), (month + 1).astype("datetime64[D]") - 1
