"""A mapping proposed for one file: which sections it has, how the file is written, what is not sure."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from invoicebatch.errors import InputFileError
from invoicebatch.ingest.cells import Mask
from invoicebatch.ingest.guess.documents import AMOUNTS, invoices, lines, open_items, payments
from invoicebatch.ingest.guess.entries import MARK, Section, column, constant, text
from invoicebatch.ingest.guess.layout import Layout, layout_of
from invoicebatch.ingest.guess.parties import DESCRIBES, customers
from invoicebatch.ingest.guess.samples import DATES, NUMBERS, date_formats, mark_of, roles_of
from invoicebatch.ingest.guess.seen import Known, Seen, listed
from invoicebatch.ingest.guess.words import language_of, totals
from invoicebatch.ingest.kinds import KINDS, kind_named, match_columns
from invoicebatch.ingest.numbers import DecimalMark

GUESSED: Final = ("invoices", "lines", "customers", "mandates", "payments", "open_items")
"""Kinds of file that a mapping is proposed for."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A mapping for one file.

    Attributes:
        toml: its text; what is not sure stands above its line as a comment that begins with `# ?`.
        doubts: the same, a sentence each.
        kinds: what the file holds.
        unread: headers that it leaves out.
    """

    toml: str
    doubts: tuple[str, ...]
    kinds: tuple[str, ...]
    unread: tuple[str, ...]


def propose(path: Path, known: Known, kind: str | None = None) -> Proposal:
    """Propose a mapping from the headers and the cells of a file.

    Args:
        path: CSV, Excel or Parquet.
        known: what the workspace has.
        kind: what the file holds, where that is known; None: told from its columns.

    Raises:
        InputFileError: it can't be read, or what it holds can't be told.
        UnknownNameError: no such kind.
    """
    layout = layout_of(path)
    _check_foreign(path.name, list(layout.cells.columns))
    file, seen, skip = _look(layout, known)
    sections = _sections(path.name, seen, kind)
    for section in sections if skip else ():
        section.add("skip", text(skip))
    if any(section.name == "invoices" for section in sections) and not known.accounts:
        sections.append(_an_account())
    unread = tuple(header for header in layout.cells.columns if header not in seen.taken)
    head = [
        f"# Proposed from {path.name}: {len(layout.cells):,} rows, {', '.join(one.name for one in sections)}."
    ]
    head += [f"# {MARK[2:]} begins what was not sure: look at it, then take the mark away.", ""]
    left = [f"# Not read: {listed(unread)}", ""] if unread else []
    if file.entries or file.comments:
        sections.insert(0, file)
    body = [line for section in sections for line in section.lines()]
    doubts = tuple(doubt for section in sections for doubt in section.doubts)
    kinds = tuple(section.name for section in sections if section is not file)
    return Proposal("\n".join([*head, *body, *left]), doubts, kinds, unread)


def _check_foreign(name: str, headers: list[str]) -> None:
    """A file of our own columns needs no mapping.

    Raises:
        InputFileError: so it is here.
    """
    for kind in KINDS.values():
        own = match_columns(kind, headers)
        if len(own) == len(headers) and set(kind.needs) <= {column.name for column, _ in own.values()}:
            raise InputFileError(
                f"{name} has the columns of {kind.name} by their own names: it needs no mapping.",
                f"Import it as it is: invoicebatch import {name} --kind {kind.name}",
            )


def _look(layout: Layout, known: Known) -> tuple[Section, Seen, str]:
    """How the file is written, what its columns hold, and by what rows of totals are left out."""
    columns = dict(layout.cells.columns)
    roles = roles_of(columns)
    key = next(
        (roles[role].header for role in ("external_id", "customer_id", "mandate_id") if role in roles), None
    )
    rows, skip = _totals(columns, key)
    if skip:
        columns = {header: cells.filter(pa.array(~rows)) for header, cells in columns.items()}
        roles = roles_of(columns)
    file = Section("file")
    date_format = _written(layout, columns, file, {role: guess.header for role, guess in roles.items()})
    if skip:
        count = int(rows.sum())
        file.comments.append(
            f"{count} {'row is' if count == 1 else 'rows are'} taken for totals and skipped: {skip}"
        )
    return file, Seen(columns, roles, date_format, known, set()), skip


def _totals(columns: dict[str, pa.Array], key: str | None) -> tuple[Mask, str]:
    """Rows of totals: without a number, or with a word such as Total in its place; and the condition of `skip`."""
    size = len(next(iter(columns.values()), []))
    if key is None:
        return np.zeros(size, dtype=bool), ""
    cells = pc.utf8_lower(columns[key])
    empty = np.asarray(pc.is_null(cells))
    empty &= np.arange(size) >= np.flatnonzero(~empty)[-1] if not empty.all() else False
    words = [word for word in totals() if pc.any(pc.fill_null(pc.starts_with(cells, word), False)).as_py()]
    shortest = [
        word for word in words if not any(word != other and word.startswith(other) for other in words)
    ]
    said = np.zeros(size, dtype=bool)
    for word in shortest:
        said |= np.asarray(pc.fill_null(pc.starts_with(cells, word), False))
    tests = [f"not {column(key)}"] if empty.any() else []
    tests += [f"starts_with(lower({column(key)}), {word!r})" for word in sorted(shortest)]
    return empty | said, " or ".join(tests)


def _written(
    layout: Layout, columns: dict[str, pa.Array], file: Section, headers: dict[str, str]
) -> str | None:
    """Fill the section `[file]`; the format of its dates."""
    options = layout.options
    for key in ("encoding", "delimiter", "sheet"):
        value = getattr(options, key)
        if value:
            file.add(key, text(value))
    if options.header_row > 1:
        file.add("header_row", str(options.header_row))
    if layout.sheets:
        file.comments.append(
            f"of the workbook's sheets {', '.join(layout.sheets)} {'is' if len(layout.sheets) == 1 else 'are'} not read"
        )
    if layout.ragged:
        file.comments.append(
            f"{layout.ragged} rows have more or fewer cells than the header, and would be refused"
        )
    native = layout.cells.native
    cells = [columns[h].drop_null() for role, h in headers.items() if role in NUMBERS and h not in native]
    mark, unsure = mark_of(cells)
    if mark is not DecimalMark.UNSURE:
        file.add("decimal", text(mark.value))
    elif unsure:
        likely = "." if language_of(headers.values()) == "en" else ","
        file.add(
            "decimal", text(likely), "is 1.000 a thousand or one? ',' where it is a thousand, '.' where one"
        )
    return _dates(columns, file, headers)


def _dates(columns: dict[str, pa.Array], file: Section, headers: dict[str, str]) -> str | None:
    found = [date_formats(columns[h].drop_null()) for role, h in headers.items() if role in DATES]
    foreign = [formats for formats in found if formats and formats != ["yyyy-mm-dd"]]
    if not foreign:
        return None
    common = [form for form in foreign[0] if all(form in formats for formats in foreign)] or foreign[0]
    days_first = language_of(headers.values()) != "en"
    best = next((form for form in common if form.startswith("dd") == days_first), common[0])
    unsure = len(common) > 1 and not days_first
    doubt = f"no date tells day from month: {' or '.join(common)}?" if unsure else ""
    file.add("date_format", text(best), doubt)
    return best


def _sections(name: str, seen: Seen, kind: str | None) -> list[Section]:
    wanted = kind_named(kind).name if kind else _kind(seen)
    if wanted is not None and wanted not in GUESSED:
        raise InputFileError(f"No mapping is proposed for {wanted}.", f"It is for {', '.join(GUESSED)}.")
    match wanted:
        case "payments" if (
            seen.has("external_id")
            and seen.first("amount", "total")
            and seen.first("booked_on", "invoice_date")
        ):
            return [payments(seen)]
        case "open_items" if seen.has("external_id", "due_date", "outstanding"):
            return [open_items(seen), *customers(seen)]
        case "lines" if seen.has("external_id") and seen.first(*AMOUNTS):
            return [lines(seen)]
        case "invoices" if seen.first(*AMOUNTS):
            return [invoices(seen), lines(seen), *customers(seen)]
        case "customers" | "mandates" if seen.first("customer_id", "email", "customer_name"):
            return customers(seen)
    told = ", ".join(f"{guess.header!r} as {role}" for role, guess in seen.roles.items()) or "nothing"
    raise InputFileError(
        f"{name}: what it holds can't be told from its headers. Recognised: {told}.",
        f"Say --kind ({', '.join(GUESSED)}), or write a mapping by hand: rules/mappings/online_retail.toml shows how.",
    )


def _kind(seen: Seen) -> str | None:
    """What a file holds, by what its columns hold; None: it can't be told."""
    sells = seen.first("name", "price", "net", "quantity", "vat_rate", "vat_total")
    if (
        seen.has("external_id", "booked_on")
        and seen.first("amount", "total")
        and not sells
        and not seen.has("due_date")
    ):
        return "payments"
    if seen.has("external_id", "customer_id", "due_date", "outstanding", "invoice_date") and not sells:
        return "open_items"
    if seen.first(*AMOUNTS) and seen.first("external_id", "customer_id", "customer_name", "email"):
        whose = seen.first("customer_id", "customer_name", "email", "invoice_date", "due_date")
        return "invoices" if whose else "lines"
    if seen.first("customer_id", "customer_name", "email") and seen.first(*DESCRIBES):
        return "customers"
    return None


def _an_account() -> Section:
    section = Section("accounts", open=True)
    section.comments.append(
        "the workspace has no company account: who sends these invoices? Fill it in, and take the # away"
    )
    section.add("only_new", "true")
    for key, value in _ACCOUNT.items():
        section.add(key, constant(value))
    return section


_ACCOUNT: Final = {
    "company_account_id": "MAIN", "name": "…", "legal_name": "…", "vat_id": "…", "street": "…", "postcode": "…",
    "city": "…", "country": "…", "currency": "EUR", "email": "…", "iban": "…", "language": "en",
}  # fmt: skip
