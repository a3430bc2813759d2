"""What a file can hold: the kinds, the columns each takes, and how a file is recognised."""

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from invoicebatch.errors import InputFileError, UnknownNameError
from invoicebatch.model.schema import TABLES, Column
from invoicebatch.model.schema.types import SCALED, text

_EXTERNAL = text("external_id", "The document, by its id in the system it came from", required=True)
_ADVANCE = text("advance_of_external_id", "The advance that a line of a final note deducts, by external id")


@dataclass(frozen=True, slots=True)
class KindOfFile:
    """One kind of file.

    Attributes:
        name: what a person calls it.
        table: where its rows go.
        columns: what it may hold; `invoice_id` is spelled `external_id` in files.
        needs: columns without which no row can be made.
        key: columns (frame names) that tell its rows apart.
        aliases: other names for columns, each with the column it stands for.
        told_by_columns: whether a file can be recognised by its columns alone.
    """

    name: str
    table: str
    columns: tuple[Column, ...]
    needs: tuple[str, ...]
    key: tuple[str, ...]
    aliases: tuple[tuple[str, str], ...] = ()
    told_by_columns: bool = True

    @property
    def rows(self) -> str:
        """Under which name an intake holds its rows: open items and invoices go into one table."""
        return self.name if self.name == OPEN_ITEMS else self.table

    @property
    def by_name(self) -> Mapping[str, tuple[Column, bool]]:
        """Columns by the names a file may use; the flag says cents or basis points already."""
        plain = {column.name: (column, False) for column in self.columns}
        scaled = {c.frame_name: (c, True) for c in self.columns if c.type in SCALED}
        return {**plain, **scaled, **{alias: plain[name] for alias, name in self.aliases}}


_NOT_READ: Final = frozenset({"version", "invoice_id", "advance_of", "what"})
_OF_ACTIONS: Final = frozenset({"invoices", "customers", "company_accounts", "mandates"})
_ALWAYS: Final = frozenset({"external_id", "kind", "status"})


def _columns(table: str) -> tuple[Column, ...]:
    """Columns of a table that an import may set: keys, and those no action owns."""
    described = TABLES[table]
    return tuple(
        column
        for column in described.columns
        if column.name not in _NOT_READ
        and (table not in _OF_ACTIONS or column.editable or column.name in {*described.key, *_ALWAYS})
    )


def _kind(name: str, table: str, needs: str, key: str, extra: tuple[Column, ...] = ()) -> KindOfFile:
    return KindOfFile(name, table, (*extra, *_columns(table)), tuple(needs.split()), tuple(key.split()))


def _open_items() -> KindOfFile:
    """What is still to be paid of an earlier system's invoices; a file says so itself, by name or mapping."""
    names = [
        "external_id",
        "number",
        "company_account_id",
        "customer_id",
        "currency",
        "invoice_date",
        "due_date",
        "outstanding",
        "remittance_reference",
    ]
    by_name = {column.name: column for column in TABLES["invoices"].columns}
    needs = ("number", "customer_id", "invoice_date", "due_date", "outstanding")
    aliases = (("customer", "customer_id"), ("date", "invoice_date"))
    columns = tuple(by_name[name] for name in names)
    return KindOfFile(
        OPEN_ITEMS, "invoices", columns, needs, ("external_id",), aliases, told_by_columns=False
    )


OPEN_ITEMS: Final = "open_items"
HISTORY: Final = "history"


def _history() -> KindOfFile:
    """What an earlier system billed; a file says so itself, by name or `--kind`."""
    needs, key = "customer_id period_start period_end total", "customer_id company_account_id kind period_end"
    return replace(_kind(HISTORY, "billing_history", needs, key), told_by_columns=False)


_RANGES = (
    text("number_pattern", "Pattern of invoice numbers"),
    text("credit_note_pattern", "Pattern of credit note numbers"),
)

KINDS: Final[Mapping[str, KindOfFile]] = {
    kind.name: kind
    for kind in (
        _kind("accounts", "company_accounts", "company_account_id name", "company_account_id", _RANGES),
        _kind("number_ranges", "number_ranges", "company_account_id series pattern", "company_account_id series"),
        _kind("customers", "customers", "customer_id", "customer_id"),
        _kind("mandates", "mandates", "mandate_id customer_id iban signed_on", "mandate_id"),
        _kind("invoices", "invoices", "external_id", "external_id"),
        _open_items(),
        _history(),
        _kind("lines", "lines", "external_id name price", "external_id line_no", (_EXTERNAL, _ADVANCE)),
        _kind(
            "allowance_charges", "allowance_charges", "external_id amount", "external_id allowance_no", (_EXTERNAL,)
        ),
        _kind(
            "vat_breakdown", "vat_breakdown", "external_id vat_category taxable tax",
            "external_id vat_category vat_rate_bp", (_EXTERNAL,),
        ),
        _kind(
            "measurements", "measurements", "external_id line_no meter_id date_from date_to usage",
            "external_id line_no reading_no", (_EXTERNAL,),
        ),
        _kind("attachments", "attachments", "external_id reference", "external_id attachment_no", (_EXTERNAL,)),
        _kind("payments", "payments", "external_id booked_on amount", "payment_id", (_EXTERNAL,)),
    )
}  # fmt: skip
"""Every kind of file, in the order in which their rows depend on one another."""

_ALIASES: Final = {
    "company_accounts": "accounts", "account": "accounts", "company_account": "accounts", "invoice": "invoices",
    "line": "lines", "invoice_lines": "lines", "customer": "customers", "debtors": "customers",
    "mandate": "mandates", "measurement": "measurements", "readings": "measurements",
    "meter_readings": "measurements", "payment": "payments", "vat": "vat_breakdown",
    "allowances": "allowance_charges", "number_range": "number_ranges", "open_item": "open_items",
}  # fmt: skip


def plain_name(text: str) -> str:
    """A header or file name in our way of writing: `Customer ID` is `customer_id`."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", text.strip())
    return re.sub(r"[^a-z0-9]+", "_", spaced.lower()).strip("_")


def kind_named(name: str) -> KindOfFile:
    """The kind of that name.

    Raises:
        UnknownNameError: there is none; the hint offers all.
    """
    plain = plain_name(name)
    found = KINDS.get(_ALIASES.get(plain, plain))
    if found is None:
        raise UnknownNameError(f"There is no kind of file {name!r}", f"Kinds: {', '.join(KINDS)}, ubl")
    return found


def match_columns(kind: KindOfFile, headers: Iterable[str]) -> dict[str, tuple[Column, bool]]:
    """Which header is which column of the kind; headers that are none are left out."""
    known = kind.by_name
    return {header: known[plain_name(header)] for header in headers if plain_name(header) in known}


def detect_kind(file: str, headers: Iterable[str]) -> KindOfFile:
    """The kind of a file by its name, else by its columns.

    Raises:
        InputFileError: no kind fits, or several do equally; the message lists columns and kinds.
    """
    headers = list(headers)
    named = _by_file_name(file)
    if named is not None:
        return named
    found = {
        kind.name: {column.name for column, _ in match_columns(kind, headers).values()}
        for kind in KINDS.values()
    }
    scores = {name: len(columns) for name, columns in found.items() if columns.issuperset(KINDS[name].needs)}
    best = [name for name, score in scores.items() if score == max(scores.values(), default=0)]
    if len(best) != 1 or not KINDS[best[0]].told_by_columns:
        choice = ", ".join(best or KINDS)
        raise InputFileError(
            f"{file}: what it holds can't be told from its columns ({listed(headers)})",
            f"Say --kind (one of {choice}), or map its columns with --map.",
        )
    return KINDS[best[0]]


def _by_file_name(file: str) -> KindOfFile | None:
    stem = plain_name(
        file.rpartition("[")[2].rstrip("]") if "[" in file else file.rpartition("/")[2].partition(".")[0]
    )
    for name in sorted({**{kind: kind for kind in KINDS}, **_ALIASES}, key=len, reverse=True):
        if stem == name or stem.endswith(f"_{name}") or stem.startswith(f"{name}_"):
            return KINDS[_ALIASES.get(name, name)]
    return None


def listed(headers: Iterable[str]) -> str:
    """Headers for a message: the first twenty of them, each shortened."""
    names = [name if len(name) <= 40 else f"{name[:39]}…" for name in headers]
    rest = f" and {len(names) - 20} more" if len(names) > 20 else ""
    return ", ".join(names[:20]) + rest


def check_needs(kind: KindOfFile, file: str, headers: list[str]) -> None:
    """Refuse a file that lacks a column without which no row can be made.

    Raises:
        InputFileError: names the missing columns, the nearest found ones, and all found ones.
    """
    found = {column.name for column, _ in match_columns(kind, headers).values()}
    missing = [need for need in kind.needs if need not in found]
    if not missing:
        return
    word = "column" if len(missing) == 1 else "columns"
    raise InputFileError(
        f"{file} ({kind.name}) has no {word} {', '.join(missing)}. Columns found: {listed(headers)}",
        "Rename the columns, or map them with --map.",
    )


def unused_note(kind: KindOfFile, file: str, header: str) -> str:
    """One sentence on a column that is not read, with the nearest name that would be."""
    plain = plain_name(header)
    owned = {column.name for column in TABLES[kind.table].columns}
    if plain in owned or plain.removesuffix("_cents") in owned:
        return f"{file}: column {header} is set by actions, so it is not imported"
    near = difflib.get_close_matches(plain, list(kind.by_name), n=1, cutoff=0.75)
    hint = f"; did you mean {near[0]}?" if near else ""
    return f"{file}: column {header} is unknown and was not read{hint}"
