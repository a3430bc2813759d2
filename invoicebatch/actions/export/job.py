"""Export job: an export of these invoices that the worker runs, once or on a schedule."""

import json
from datetime import datetime
from typing import Annotated, Any

import pandas as pd
from pydantic import BeforeValidator, Field, field_validator

from invoicebatch.model.action import Action, Checking, Choices, Context, Params, Preview, Surroundings
from invoicebatch.model.changes import Batch, Changes
from invoicebatch.model.contact.mailbox import address_fault
from invoicebatch.model.exports.schedule import next_time, schedule_fault
from invoicebatch.model.ident import derived_id


def _parameters(value: object) -> object:
    try:
        return json.loads(value) if isinstance(value, str) and value.strip() else value or {}
    except ValueError as error:
        raise ValueError(f'must be JSON, such as {{"format": "csv"}}; got {value}') from error


class JobParams(Params):
    """What the job does and when."""

    name: str = Field(
        "export", min_length=1, max_length=80, description="Name of the job; part of its folder's name"
    )
    export: str = Field("export.invoices", description="What it exports")
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
        if value and (fault := schedule_fault(value)):
            raise ValueError(fault)
        return value

    @field_validator("notify")
    @classmethod
    def _address(cls, value: str) -> str:
        if value and (fault := address_fault(value)):
            raise ValueError(fault)
        return value


def _check(params: JobParams, around: Checking, _: datetime) -> None:
    """Filter and parameters of the export are refused now, not when the job is due."""
    if params.filter.strip():
        around.check_filter(params.filter)
    around.check_params(params.export, params.parameters)


def transform(batch: Batch, params: JobParams, context: Context) -> Changes:  # noqa: ARG001
    """One job; its first run is due now, or when the schedule says.

    Without a filter its invoices are the rows done by this run, so that a million of them cost nothing more.
    """
    job = {
        "job_id": derived_id("job", context.run_id),
        "name": params.name,
        "action": params.export,
        "parameters": json.dumps(
            params.parameters | ({"mark_as_exported": True} if params.mark_as_exported else {})
        ),
        "where": params.filter.strip(),
        "run_id": context.run_id,
        "schedule": params.schedule or None,
        "target": params.target or None,
        "notify": params.notify or None,
        "enabled": True,
        "user": context.user,
        "next_at": next_time(params.schedule, context.now) if params.schedule else context.now,
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


def _exports(around: Surroundings) -> dict[str, str]:
    return {
        name: f"{action.group_label}: {action.label}"
        for name, action in around.actions.items()
        if action.schedulable
    }


ACTION = Action(
    name="export.job",
    label="Export job",
    help="Makes a job that the worker runs: any export of these invoices, once or on a schedule.",
    params=JobParams,
    columns=frozenset({"invoice_id"}),
    check=_check,
    transform=transform,
    preview=preview,
    repeatable=True,
    choices={"export": Choices(_exports, "the actions that an export job may run")},
)
