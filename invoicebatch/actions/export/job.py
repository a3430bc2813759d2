"""Export job: an export of these invoices that the worker runs, once or on a schedule."""

import json
from typing import Annotated, Any, Final, Literal

import pandas as pd
from croniter import croniter
from pydantic import BeforeValidator, Field, field_validator

from invoicebatch.model.action import Action, Context, Params, Preview
from invoicebatch.model.changes import Batch, Changes
from invoicebatch.model.contact.mailbox import address_fault
from invoicebatch.model.ident import derived_id

_MOST_IDS: Final = 100_000


def _parameters(value: object) -> object:
    return json.loads(value) if isinstance(value, str) and value.strip() else value or {}


class JobParams(Params):
    """What the job does and when."""

    name: str = Field(
        "export", min_length=1, max_length=80, description="Name of the job; part of its folder's name"
    )
    export: Literal[
        "export.invoices",
        "export.lines",
        "export.measurements",
        "export.xml",
        "export.ubl",
        "export.external",
    ] = Field("export.invoices", description="What it exports")
    parameters: Annotated[dict[str, Any], BeforeValidator(_parameters)] = Field(
        default_factory=dict, description='Parameters of that export, as JSON: {"format": "csv"}'
    )
    filter: str = Field(
        "", description="Which invoices, as a filter looked up at each run; empty: the selected ones"
    )
    schedule: str = Field("", description="Cron expression such as 0 6 * * 1; empty: once, now")
    target: str = Field(
        "", description="Folder for the files, absolute or in the workspace; empty: the run's own"
    )
    mark_as_exported: bool = Field(False, description="Mark what was exported")
    notify: str = Field("", description="Mail address told when a run has finished")

    @field_validator("schedule")
    @classmethod
    def _cron(cls, value: str) -> str:
        if value and (len(value.split()) != 5 or not croniter.is_valid(value)):
            raise ValueError("not a cron expression of five fields, such as 0 6 * * 1")
        return value

    @field_validator("notify")
    @classmethod
    def _address(cls, value: str) -> str:
        if value and (fault := address_fault(value)):
            raise ValueError(fault)
        return value


def _where(batch: Batch, params: JobParams) -> str:
    if params.filter.strip():
        return params.filter
    ids = batch.invoices["invoice_id"].tolist()
    return f"invoice_id IN ({', '.join(map(str, ids))})"


def transform(batch: Batch, params: JobParams, context: Context) -> Changes:
    """One job; its first run is due now, or when the schedule says."""
    due = context.now
    if params.schedule:
        from datetime import UTC, datetime

        local = context.now.replace(tzinfo=UTC).astimezone()
        due = croniter(params.schedule, local).get_next(datetime).astimezone(UTC).replace(tzinfo=None)
    job = {
        "job_id": derived_id("job", context.run_id),
        "name": params.name,
        "action": params.export,
        "parameters": json.dumps(
            params.parameters | ({"mark_as_exported": True} if params.mark_as_exported else {})
        ),
        "where": _where(batch, params),
        "schedule": params.schedule or None,
        "target": params.target or None,
        "notify": params.notify or None,
        "enabled": True,
        "user": context.user,
        "next_at": due,
    }
    return Changes(inserts={"export_jobs": pd.DataFrame([job])}, totals={"jobs": 1})


def preview(batch: Batch, params: JobParams, context: Context) -> Preview:  # noqa: ARG001
    """The job in words."""
    chosen = params.filter or f"{len(batch):,} selected invoices"
    when = f"by schedule {params.schedule}" if params.schedule else "once, as soon as the worker is free"
    shown = {
        "name": params.name,
        "export": params.export,
        "invoices": chosen,
        "when": when,
        "folder": params.target or "the run's own",
    }
    return {"job": pd.DataFrame({"what": list(shown), "value": list(shown.values())})}


ACTION = Action(
    name="export.job",
    label="Export job",
    help="Makes a job that the worker runs: any export of these invoices, once or on a schedule.",
    params=JobParams,
    columns=frozenset({"invoice_id"}),
    transform=transform,
    preview=preview,
    repeatable=True,
)
