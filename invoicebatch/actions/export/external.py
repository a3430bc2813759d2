"""Export to an external system of the settings: what is new or has changed since it last arrived there."""

from collections.abc import Iterator
from typing import Final

import pandas as pd
from pydantic import Field

from invoicebatch.eligibility.filter import holds
from invoicebatch.formats.archive.zip import safe_name
from invoicebatch.model.action import Action, Choices, Context, Params, Preview, Surroundings
from invoicebatch.model.changes import Artefact, Batch, Changes, Prepared, RowFailure, failures
from invoicebatch.model.en16931.derive import TABLES
from invoicebatch.model.exports.record import line_records, records, target_columns
from invoicebatch.model.ident import sha256_json
from invoicebatch.model.outbox.payload import ExternalPayload
from invoicebatch.model.outbox.rows import file_attachments, outbox_rows
from invoicebatch.model.status import OutboxStatus
from invoicebatch.settings import FILE

_UNCHANGED: Final = "is there already and has not changed since (again)"
_ARRIVED: Final = frozenset({OutboxStatus.SENT.value, OutboxStatus.ACCEPTED.value})
_UNDER_WAY: Final = frozenset(
    {status.value for status in (OutboxStatus.PENDING, OutboxStatus.CONNECTING, OutboxStatus.HANDING_OVER)}
)


class ExternalParams(Params):
    """What may be chosen for an export."""

    target: str = Field(max_length=60, description="External system")
    mark_as_exported: bool = Field(False, description="Mark what arrived as exported")
    again: bool = Field(False, description="Send what is there unchanged, too")


def _systems(around: Surroundings) -> dict[str, str]:
    return {name: f"{name} ({system.kind})" for name, system in around.settings.external.items()}


def artefacts(batch: Batch, params: ExternalParams, context: Context) -> Iterator[Prepared]:
    """The UBL documents of a target that takes them; a document that breaks a rule stays out."""
    from invoicebatch.formats.checked import checked_documents

    system = context.settings.external.get(params.target)
    if system is None or system.kind != "http" or system.body != "ubl":
        return
    judged = _judged(batch, params, context)
    chosen = batch.invoices[(judged["reason"] == "").to_numpy()].reset_index(drop=True)
    for item in checked_documents([Batch(chosen, batch.tables)], len(chosen), context):
        if item.failure:
            yield RowFailure(item.invoice_id, item.failure)
        else:
            yield Artefact(f"{safe_name(item.number)}.xml", item.document, invoice_id=item.invoice_id)


def _judged(batch: Batch, params: ExternalParams, context: Context) -> pd.DataFrame:
    """invoice_id, record, sha256 of the record, reason why it is not sent (empty: it is)."""
    system = context.settings.external[params.target]
    rows = batch.invoices
    made = records(rows, target_columns(system))
    if system.lines:
        by_invoice = line_records(batch["lines"])
        for record, invoice_id in zip(made, rows["invoice_id"].tolist(), strict=True):
            record["lines"] = by_invoice.get(invoice_id, [])
    frame = pd.DataFrame({"invoice_id": rows["invoice_id"], "record": made})
    frame["sha256"] = [sha256_json(record) for record in made]
    frame["reason"] = _known(frame, batch, params)
    outside = ~holds(system.where, rows, context.today)
    frame.loc[outside.to_numpy(), "reason"] = f"outside the filter of {params.target}: {system.where}"
    return frame


def _known(frame: pd.DataFrame, batch: Batch, params: ExternalParams) -> list[str]:
    """Why an invoice need not, or must not, be sent again, judged by its last message to the target."""
    box = batch["outbox"]
    box = box[(box["channel"] == ExternalPayload.channel) & (box["recipient"] == params.target)].sort_values(
        "created_at", kind="stable"
    )
    last = {
        invoice_id: (status, payload)
        for invoice_id, status, payload in zip(
            box["invoice_id"].tolist(),
            box["status"].astype("str").tolist(),
            box["payload"].tolist(),
            strict=True,
        )
    }
    reasons = []
    for invoice_id, sha256 in zip(frame["invoice_id"].tolist(), frame["sha256"].tolist(), strict=True):
        status, payload = last.get(invoice_id, ("", ""))
        if status == OutboxStatus.IN_DOUBT.value:
            reasons.append("the last message is in doubt: invoicebatch outbox resend or mark-sent")
        elif status in _UNDER_WAY:
            reasons.append("a message is under way already")
        elif status in _ARRIVED and not params.again and ExternalPayload.read(payload).sha256 == sha256:
            reasons.append(_UNCHANGED)
        else:
            reasons.append("")
    return reasons


def transform(batch: Batch, params: ExternalParams, context: Context) -> Changes:
    """Nothing yet: what arrives is marked when it has arrived; the rest fails by name."""
    if params.target not in context.settings.external:
        ids = batch.invoices["invoice_id"]
        gone = f"there is no external system {params.target!r} in the settings any more"
        return Changes(failures=failures(ids, gone))
    judged = _judged(batch, params, context)
    left_out = judged[(judged["reason"] != "") & ~judged["invoice_id"].isin(batch.failed["invoice_id"])]
    return Changes(
        failures=failures(left_out["invoice_id"], left_out["reason"]),
    )


def effects(batch: Batch, params: ExternalParams, context: Context) -> pd.DataFrame:
    """One outbox row an invoice; its payload is the record as the other side gets it."""
    if params.target not in context.settings.external:
        return outbox_rows(context.run_id, ())
    judged = _judged(batch, params, context)
    chosen = judged[(judged["reason"] == "") & ~judged["invoice_id"].isin(batch.failed["invoice_id"])]
    documents = file_attachments(batch.files)
    columns = (chosen["invoice_id"].tolist(), chosen["record"].tolist(), chosen["sha256"].tolist())
    messages = (
        (
            invoice_id,
            params.target,
            ExternalPayload(
                record=record,
                sha256=sha256,
                mark_as_exported=params.mark_as_exported,
                attachments=documents.get(invoice_id, ()),
            ),
        )
        for invoice_id, record, sha256 in zip(*columns, strict=True)
    )
    return outbox_rows(context.run_id, messages)


def preview(batch: Batch, params: ExternalParams, context: Context) -> Preview:
    """What will be sent and what not, and the first record as the other side gets it."""
    system = context.settings.external[params.target]
    judged = _judged(batch, params, context)
    counts = judged["reason"].replace("", f"to {params.target} ({system.kind})").value_counts()
    tables = {"records": pd.DataFrame({"what": counts.index.astype("str"), "rows": counts.to_numpy()})}
    chosen = judged.loc[judged["reason"] == "", "record"]
    if len(chosen):
        first = {name: "" if value is None else str(value) for name, value in chosen.iloc[0].items()}
        tables["first_record"] = pd.DataFrame({"column": list(first), "value": list(first.values())})
    return tables


ACTION = Action(
    name="export.external",
    label="External system",
    title_in_full="Export to an external system",
    help="Sends each invoice that is new or changed to an external system.",
    params=ExternalParams,
    reads=TABLES | {"lines", "outbox"},
    artefacts=artefacts,
    transform=transform,
    effects=effects,
    preview=preview,
    chunk_rows=5000,
    repeatable=True,
    schedulable=True,
    choices={"target": Choices(_systems, f"the sections [external.NAME] of {FILE}")},
)
