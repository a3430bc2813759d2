"""Reading values out of ISO 20022 elements of any version: by local name, missing ones as empty text."""

from datetime import date
from decimal import Decimal, InvalidOperation

from lxml import etree

from invoicebatch.model.money import to_cents


def text(element: etree._Element, path: str) -> str:
    """Text of the first element on the path (local names, `/` between), stripped; else empty."""
    found = element.find("/".join(f"{{*}}{name}" for name in path.split("/")))
    return (found.text or "").strip() if found is not None else ""


def every(element: etree._Element, path: str) -> list[etree._Element]:
    """All elements on the path."""
    return element.findall("/".join(f"{{*}}{name}" for name in path.split("/")))


def first(element: etree._Element, *paths: str) -> str:
    """The first of several paths that holds text."""
    return next((found for path in paths if (found := text(element, path))), "")


def cents(value: str) -> int | None:
    """Cents of an amount; None where it is missing or has more than two decimals."""
    try:
        return to_cents(Decimal(value)) if value else None
    except (InvalidOperation, ValueError):
        return None


def day(value: str) -> date | None:
    """The date of an ISO date or date and time."""
    try:
        return date.fromisoformat(value[:10]) if value else None
    except ValueError:
        return None


def reason(element: etree._Element, path: str) -> str:
    """Reason code and further words of a status or return (StsRsnInf, RtrInf), on one line."""
    code = first(element, f"{path}/Rsn/Cd", f"{path}/Rsn/Prtry")
    words = [(found.text or "").strip() for found in every(element, f"{path}/AddtlInf")]
    return " ".join(part for part in (code, *words) if part)[:200]
