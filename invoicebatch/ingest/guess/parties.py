"""The sections of customers and mandates."""

from invoicebatch.ingest.guess.entries import Section, column, constant, derived, text
from invoicebatch.ingest.guess.seen import Seen
from invoicebatch.model.counted import counted

_PLAIN = [
    "contact_name",
    "vat_id",
    "street_extra",
    "postcode",
    "city",
    "country",
    "email",
    "phone",
    "language",
    "iban",
    "bic",
    "account_holder",
    "payment_method",
]
DESCRIBES = ("customer_name", "last_name", "email", "street", "city", "iban", "country")
"""What a file of customers says of them."""


def customer_key(seen: Seen) -> tuple[str, str] | None:
    """Role and doubt of what tells customers apart; None: nothing does."""
    if seen.has("customer_id"):
        return "customer_id", seen.doubt("customer_id")
    role = seen.first("email", "customer_name")
    if role is None:
        return None
    lost = seen.cells(role).null_count
    without = f"; {counted(lost, 'row')} without one would belong to no customer" if lost else ""
    return role, f"the file has no customer number; {seen.roles[role].header!r} stands in for it{without}"


def customers(seen: Seen) -> list[Section]:
    """The customers, where the file describes them, and their mandates."""
    key = customer_key(seen)
    if key is None or not seen.first(*DESCRIBES):
        return []
    header = seen.roles[key[0]].header
    section = Section("customers")
    section.add("group_by", text(header))
    if _differ(seen, header):
        section.add("when_rows_differ", text("last"), "rows of one customer differ; the last one counts")
    section.add("customer_id", text(header), key[1])
    _name(seen, section, header)
    _street(seen, section)
    for role in _PLAIN:
        seen.put(section, role)
    if seen.has("vat_id"):
        vat = column(seen.roles["vat_id"].header)
        section.add(
            "is_business", derived(f"'no' if not {vat} else 'yes'"), "a customer with a VAT id is a business"
        )
    mandates = _mandates(seen, header)
    if mandates and not seen.has("payment_method"):
        iban = column(seen.roles["iban"].header)
        way = derived(f"'credit_transfer' if not {iban} else 'direct_debit'")
        section.add("payment_method", way, "a customer with an IBAN and a mandate pays by direct debit")
    seen.taken.add(header)
    return [section, *mandates]


def _differ(seen: Seen, header: str) -> bool:
    roles = [role for role in (*DESCRIBES, "first_name", "postcode") if role in seen.roles]
    frame = seen.frame(*roles).assign(key=seen.columns[header].to_pylist())
    return bool((frame.dropna(subset=["key"]).groupby("key").nunique(dropna=False) > 1).any(axis=None))


def _name(seen: Seen, section: Section, key: str) -> None:
    if seen.has("last_name"):
        parts = [role for role in ("first_name", "last_name") if role in seen.roles]
        section.add("name", derived(" & ' ' & ".join(seen.term(role) for role in parts)))
    elif seen.has("first_name", "customer_name"):
        both = ["first_name", "customer_name"]
        section.add(
            "name", derived(" & ' ' & ".join(seen.term(role) for role in both)), "first name and name"
        )
    elif seen.has("customer_name"):
        seen.put(section, "name", "customer_name")
    else:
        section.add("name", text(key), "the file has no name; approval asks for one")


def _street(seen: Seen, section: Section) -> None:
    if seen.has("street", "house_number"):
        section.add("street", derived(f"{seen.term('street')} & ' ' & {seen.term('house_number')}"))
    else:
        seen.put(section, "street")


def _mandates(seen: Seen, key: str) -> list[Section]:
    if not seen.has("mandate_id", "iban"):
        return []
    section = Section("mandates")
    mandate = seen.roles["mandate_id"].header
    section.add("group_by", text(mandate))
    section.add("mandate_id", text(mandate), seen.doubt("mandate_id"))
    section.add("customer_id", text(key))
    for role in ("iban", "bic", "account_holder"):
        seen.put(section, role)
    if seen.cells("iban").null_count:
        section.add("skip", text(f"not {column(seen.roles['iban'].header)}"))
    if seen.has("signed_on"):
        seen.put(section, "signed_on")
    else:
        section.open = True
        section.comments.append(
            "when were the mandates signed? No bank takes one without its date: fill it in, and take the # away"
        )
        section.add("signed_on", constant("2026-01-31"))
    seen.taken.add(mandate)
    return [section]
