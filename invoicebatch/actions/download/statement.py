"""Download statements of account: one PDF a customer, company account and currency; nothing changes."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Final

import pandas as pd
from pydantic import Field, model_validator

from invoicebatch.formats.archive.zip import Entry, safe_name, unique_names, write_zip
from invoicebatch.formats.pdf.account_statement_data import (
    COLUMNS,
    READS,
    Key,
    balances,
    by_ledger,
    statements,
)
from invoicebatch.model.action import Action, Context, Params, Preview
from invoicebatch.model.changes import Artefact, Batch, Changes, Prepared, RowFailure, RowUnchanged
from invoicebatch.model.payments.ledger import KEY, by_currency

if TYPE_CHECKING:
    from invoicebatch.formats.pdf.account_statement import Statement

_PART: Final = 2000
"""Statements a ZIP: what is held in memory at once."""

_QUIET: Final = "nothing happened in the period and nothing is open: there is no statement to make"


class StatementParams(Params):
    """The period of the statements."""

    period_start: date | None = Field(None, description="First day; empty: a year before the last one")
    period_end: date | None = Field(None, description="Last day; empty: today")

    @model_validator(mode="after")
    def _in_order(self) -> "StatementParams":
        if self.period_start and self.period_end and self.period_start > self.period_end:
            raise ValueError(f"the period starts on {self.period_start}, after its end on {self.period_end}")
        return self


def _period(params: StatementParams, today: date) -> tuple[date, date]:
    end = params.period_end or max(today, params.period_start or today)
    return params.period_start or _year_before(end), end


def _year_before(end: date) -> date:
    return (pd.Timestamp(end) - pd.DateOffset(years=1) + pd.DateOffset(days=1)).date()


def artefacts(batch: Batch, params: StatementParams, context: Context) -> Iterator[Prepared]:
    """`statement-<customer>.pdf` where the selection is of one ledger, else `statements.zip`."""
    ids = by_ledger(batch.invoices[[*KEY, "invoice_id"]])
    made = dict(statements(batch, *_period(params, context.today), context.today))
    for key in ids.keys() - made.keys():
        yield from (RowUnchanged(int(row["invoice_id"]), _QUIET) for row in ids[key])
    files: list[Entry] = []
    names, part, last = _names(ids), 0, list(made)[-1:]
    for key, pdf in _rendered(batch, made, context):
        if isinstance(pdf, str):
            yield from (RowFailure(int(row["invoice_id"]), pdf) for row in ids[key])
        else:
            files.append(Entry(names[key], pdf))
        if len(files) == _PART or (files and [key] == last):
            part += 1
            yield _file(files, f"statements-{part:02d}.zip" if len(made) > _PART else "", alone=len(ids) == 1)
            files = []


def _rendered(
    batch: Batch, made: "Mapping[Key, Statement]", context: Context
) -> Iterator[tuple[Key, bytes | str]]:
    from invoicebatch.formats.pdf.account_statement import StatementJob, render_statements
    from invoicebatch.formats.pdf.job import account_folders

    settings = context.settings
    folders = account_folders(batch["company_accounts"], settings, context.root)
    jobs = (
        StatementJob(tuple(some), *folders, settings.documents.language)
        for some in _groups(list(made.values()))
    )
    results = context.map(render_statements, jobs)
    yield from zip(made, (pdf for some in results for pdf in some), strict=True)


def _groups(all_of_them: "list[Statement]") -> "Iterator[list[Statement]]":
    from invoicebatch.formats.pdf.account_statement import JOB_STATEMENTS

    for start in range(0, len(all_of_them), JOB_STATEMENTS):
        yield all_of_them[start : start + JOB_STATEMENTS]


def _names(keys: Iterable[Key]) -> dict[Key, str]:
    """`statement-00013.pdf`, with company account and currency where a customer has several ledgers."""
    frame = pd.DataFrame(list(keys), columns=KEY)
    several = frame.duplicated("customer_id", keep=False)
    stems = frame["customer_id"].mask(several, frame[KEY].agg("-".join, axis=1))
    names = unique_names(f"statement-{safe_name(stem)}.pdf" for stem in stems)
    return dict(zip(keys, names, strict=True))


def _file(files: list[Entry], archive: str, *, alone: bool) -> Artefact:
    if alone:
        return Artefact(files[0].name, files[0].content)  # type: ignore[arg-type]
    return Artefact(archive or "statements.zip", partial(write_zip, files))


def transform(batch: Batch, params: StatementParams, context: Context) -> Changes:  # noqa: ARG001
    """Nothing changes; rows whose statement could not be made are failures."""
    return Changes(failures=batch.failed)


def preview(batch: Batch, params: StatementParams, context: Context) -> Preview:
    """How many statements, and the balances they open and close with, by currency."""
    found = balances(batch, *_period(params, context.today), context.today)
    found = found[(found["entries"] > 0) | found[["opening_cents", "closing_cents"]].ne(0).any(axis=1)]
    counts = found.groupby("currency", as_index=False).size().rename(columns={"size": "statements"})
    return {"statements": counts.merge(by_currency(found), on="currency")}


ACTION = Action(
    name="download.statement",
    label="Statement of account",
    title_in_full="Download statements of account",
    help="One PDF a customer (a ZIP of several), company account and currency: opening balance, invoices, credits,"
    " payments, closing balance. All created documents of those that the selection has a document of count, selected or not.",
    params=StatementParams,
    columns=COLUMNS,
    reads=READS,
    artefacts=artefacts,
    transform=transform,
    preview=preview,
    repeatable=True,
)
