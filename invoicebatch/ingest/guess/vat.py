"""Rates of VAT, as a file names them or as its amounts show; why a line bears none is the seller's to say."""

from decimal import Decimal
from typing import Any, Final

import pandas as pd

from invoicebatch.ingest.guess.entries import Section, constant, derived
from invoicebatch.ingest.guess.seen import Seen

_WHY_NONE: Final = (
    "which lines bear no VAT, and why: exempt (E), reverse charge (AE), zero rated (Z), to another EU country (K), "
    "exported (G), outside the scope (O)?"
)


def rate_term(seen: Seen) -> str:
    """The rate in percent, as it stands in an expression: a share (0.21) is brought to percent."""
    rates = seen.numbers("vat_rate").dropna()
    term = seen.term("vat_rate")
    return f"({term} * 100)" if len(rates) and 0 < max(rates) < 1 else term


def put_vat(seen: Seen, section: Section) -> None:
    """Rate, and category where lines bear no VAT."""
    rates = seen.numbers("vat_rate") if seen.has("vat_rate") else _shown_rates(seen)
    if rates is None:
        _ask(section)
        return
    if not seen.has("vat_rate"):
        _put_shown(seen, section, rates)
    elif (rate := rate_term(seen)).endswith("* 100)"):
        section.add("vat_rate", derived(rate), "rates are written as shares: 0.21 is 21 %")
    else:
        seen.put(section, "vat_rate")
    if (rates.dropna() == 0).any():
        zero = rate_term(seen) if seen.has("vat_rate") else _amounts(seen)[1]
        section.add("vat_category", derived(f"'E' if {zero} == 0 else 'S'"), _WHY_NONE, open=True)


def _ask(section: Section) -> None:
    rate = "the file says nothing of VAT: which rate do these lines bear?"
    section.add("vat_rate", constant("21"), rate, open=True)
    section.add(
        "vat_category", constant("O"), "or do they bear none: outside its scope (O), exempt (E)?", open=True
    )
    section.add("exemption_reason", constant("…"), open=True)


def _amounts(seen: Seen) -> tuple[str, str]:
    """Net amount and VAT, as they stand in an expression."""
    net = seen.term("net") if seen.has("net") else f"({seen.term('total')} - {seen.term('vat_total')})"
    tax = seen.term("vat_total") if seen.has("vat_total") else f"({seen.term('total')} - {seen.term('net')})"
    return net, tax


def _shown_rates(seen: Seen) -> "pd.Series[Any] | None":
    """Rates that amounts of VAT show, in percent, rounded to halves."""
    if seen.has("net", "vat_total"):
        net, tax = seen.numbers("net"), seen.numbers("vat_total")
    elif seen.has("total") and seen.first("vat_total", "net"):
        other = seen.numbers("vat_total" if seen.has("vat_total") else "net")
        rest = seen.numbers("total") - other
        net, tax = (rest, other) if seen.has("vat_total") else (other, rest)
    else:
        return None
    shown = pd.DataFrame({"net": net, "tax": tax}).dropna()
    shown = shown[shown["net"] != 0]
    if shown.empty:
        return None
    return (shown["tax"] * 200 / shown["net"]).map(lambda rate: Decimal(round(rate)) / 2)


def _put_shown(seen: Seen, section: Section, rates: "pd.Series[Any]") -> None:
    if len(set(rates)) == 1:
        section.add("vat_rate", constant(f"{rates.iloc[0]:f}"), "the rate that the amounts of VAT show")
        return
    net, tax = _amounts(seen)
    shown = ", ".join(f"{rate:f}" for rate in sorted(set(rates))[:6])
    rate = derived(f"round({tax} * 200 / {net}, 0) / 2")
    section.add("vat_rate", rate, f"the amounts of VAT show the rates {shown}")
