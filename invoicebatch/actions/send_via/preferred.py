"""Send: each document by its customer's channel, tightened by the duty to e-invoice.

What a channel needs and makes is that of its own action; here rows only find their way.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from typing import Any, Final, Literal

import pandas as pd
from pydantic import Field

from invoicebatch.actions.send_via import einvoice, email, post
from invoicebatch.eligibility.channels import CHANNELS, channels
from invoicebatch.formats.validation import require_official_rules
from invoicebatch.model.action import Action, Context, Outgoing, Params, Preview, Surroundings
from invoicebatch.model.changes import Batch, Changes, Frames, Prepared, where_said
from invoicebatch.model.contact.preference import AGAINST, ANYWAY, preference_faults
from invoicebatch.model.outbox.again import WAIVES
from invoicebatch.model.outbox.rows import outbox_rows
from invoicebatch.model.outbox.together import CombineParams, as_set, together
from invoicebatch.model.status import ShippingStatus
from invoicebatch.settings import Settings

_ACTIONS: Final[Mapping[str, Action]] = {
    "email": email.ACTION,
    "post": post.ACTION,
    "einvoice": einvoice.ACTION,
}
_WATCHED: Final = (
    "delivery_preference", "customer_email", "customer_endpoint_id", "customer_siret", "customer_postcode",
    "customer_is_business",
)  # fmt: skip


class PreferredParams(CombineParams):
    """What may be chosen for a sending."""

    parts: Literal["all", "email", "post", "einvoice"] = Field("all", description="Channels to send by")
    note: str = Field("", max_length=500, description="A line of your own in every mail")


def defaults(settings: Settings, _today: date) -> dict[str, Any]:
    """Whether documents share a message, as the settings say."""
    return as_set(settings)


def _check(params: PreferredParams, around: Surroundings, now: datetime) -> None:  # noqa: ARG001
    if params.parts in ("all", "einvoice") and einvoice.makes_documents(around.settings):
        require_official_rules("choose parts = email or post")


def _params(channel: str, params: PreferredParams, context: Context) -> Params:
    """The parameters of a channel's action: the settings' own, and what was chosen here."""
    action = _ACTIONS[channel]
    values: dict[str, Any] = {}
    values |= action.defaults(context.settings, context.today) if action.defaults else {}
    values |= {"again": params.again, "note": params.note, "combine": params.combine, "anyway": True}
    return action.params(
        **{name: value for name, value in values.items() if name in action.params.model_fields}
    )


def _ways(batch: Batch, params: PreferredParams, context: Context) -> pd.DataFrame:
    """Channel, fallback and reason of each row, worked out once a reading; see `channels`."""
    return batch.once("ways", lambda: _chosen(batch, params, context))


def _chosen(batch: Batch, params: PreferredParams, context: Context) -> pd.DataFrame:
    rows = batch.invoices
    faults = {}
    for channel, action in _ACTIONS.items():
        assert action.row_checks is not None  # noqa: S101 - each of the three has some
        found = action.row_checks(batch, _params(channel, params, context), context)
        reasons = found.drop_duplicates("invoice_id").set_index("invoice_id")["reason"]
        faults[channel] = rows["invoice_id"].map(reasons).astype("str").fillna("")
    ways = channels(rows, faults, context)
    unwanted = preference_faults(rows)
    ways["reason"] = unwanted.where(unwanted != "", ways["reason"])
    if params.parts != "all":
        away = (ways["reason"] == "") & (ways["channel"] != params.parts)
        ways["reason"] = ways["reason"].mask(away, "goes by " + ways["channel"] + f", not by {params.parts}")
    return ways


def row_checks(batch: Batch, params: PreferredParams, context: Context) -> pd.DataFrame:
    """Rows that no lawful channel of the customer's takes."""
    return where_said(batch.invoices["invoice_id"], _ways(batch, params, context)["reason"])


def warnings(batch: Batch, params: PreferredParams, context: Context) -> pd.DataFrame:
    """Each fallback, and what a channel's own action warns of."""
    ways = _ways(batch, params, context)
    found = [where_said(batch.invoices["invoice_id"], ways["instead_of"])]
    for channel, part in _parts(batch, ways):
        own = _ACTIONS[channel].warnings
        found += [own(part, _params(channel, params, context), context)] if own else []
    return pd.concat(found, ignore_index=True)


def _parts(batch: Batch, ways: pd.DataFrame) -> Iterator[tuple[str, Batch]]:
    """The rows of each channel that has any, with their files and failures."""
    for channel in CHANNELS:
        rows = batch.invoices[ways["channel"].eq(channel).to_numpy()].reset_index(drop=True)
        if rows.empty:
            continue
        files, failed, unchanged = (
            frame[frame["invoice_id"].isin(rows["invoice_id"])] if len(frame) else frame
            for frame in (batch.files, batch.failed, batch.unchanged)
        )
        known = batch.once(channel, dict[str, Any])
        yield channel, Batch(rows, batch.tables, files, failed, unchanged, known)


def _each(
    batch: Batch, params: PreferredParams, context: Context, what: Callable[[Action], Any]
) -> Iterator[tuple[str, Batch, Any]]:
    """Channel, rows and outcome of a function of each channel's action that has it."""
    for channel, part in _parts(batch, _ways(batch, params, context)):
        if function := what(_ACTIONS[channel]):
            yield channel, part, function(part, _params(channel, params, context), context)


def artefacts(batch: Batch, params: PreferredParams, context: Context) -> Iterator[Prepared]:
    """The files of each channel."""
    for _, _, made in _each(batch, params, context, lambda action: action.artefacts):
        yield from made


def transform(batch: Batch, params: PreferredParams, context: Context) -> Changes:
    """Shipping status `sending`, by each row's channel; the history keeps each fallback."""
    by_channel: dict[str, Changes] = {
        channel: found for channel, _, found in _each(batch, params, context, lambda action: action.transform)
    }
    made = list(by_channel.values())
    ways = _ways(batch, params, context)
    said = where_said(batch.invoices["invoice_id"], ways["instead_of"])
    notes = pd.concat([changes.notes for changes in made], ignore_index=True)
    kept = [said, notes[~notes["reason"].str.startswith(AGAINST)]]  # the fallback says it better
    return Changes(
        updates=_joined([changes.updates for changes in made]),
        failures=pd.concat([changes.failures for changes in made], ignore_index=True),
        notes=pd.concat(kept, ignore_index=True),
        totals={f"by_{channel}": len(each.updates["invoices"]) for channel, each in by_channel.items()},
    )


def _joined(frames: list[Frames]) -> Frames:
    names = dict.fromkeys(name for each in frames for name in each)
    return {
        name: pd.concat([each[name] for each in frames if name in each], ignore_index=True) for name in names
    }


def effects(batch: Batch, params: PreferredParams, context: Context) -> pd.DataFrame:
    """The messages of each channel."""
    made = [found for *_, found in _each(batch, params, context, lambda action: action.effects)]
    messages: pd.DataFrame = pd.concat([outbox_rows(context.run_id, ()), *made], ignore_index=True)
    return messages


def messages(batch: Batch, params: PreferredParams, context: Context) -> list[Outgoing]:
    """The documents of each message, channel by channel."""
    return [
        one for *_, found in _each(batch, params, context, lambda action: action.messages) for one in found
    ]


def preview(batch: Batch, params: PreferredParams, context: Context) -> Preview:
    """Tables `parts` (channel, invoices, total) and `fallbacks`, and each channel's own with its part."""
    ways = _ways(batch, params, context)
    rows = batch.invoices.assign(part=ways["channel"], instead_of=ways["instead_of"])
    by_channel = rows.groupby(["part", "currency"], as_index=False, observed=True)
    tables = {"parts": by_channel.agg(invoices=("invoice_id", "size"), total_cents=("total_cents", "sum"))}
    other = rows[rows["instead_of"] != ""]
    if len(other):
        counts = other.groupby(["part", "instead_of"], as_index=False).size()
        tables["fallbacks"] = counts.rename(columns={"instead_of": "fallback", "size": "rows"})
    for channel, _, own in _each(batch, params, context, lambda action: action.preview):
        for name, frame in own.items():
            mine = frame.assign(part=channel)
            tables[name] = pd.concat([tables[name], mine], ignore_index=True) if name in tables else mine
    tables.pop(ANYWAY, None)  # here another channel than the preference is a fallback, and named
    return tables


ACTION = Action(
    name="send_via.preferred",
    label="Send",
    help="Sends each document the way its customer wants it: e-mail, post or e-invoice.",
    params=PreferredParams,
    defaults=defaults,
    check=_check,
    reads=email.ACTION.reads | einvoice.ACTION.reads,
    row_checks=row_checks,
    warnings=warnings,
    check_columns=frozenset().union(*(action.check_columns or () for action in _ACTIONS.values())),
    check_reads=frozenset().union(*(action.check_reads for action in _ACTIONS.values())),
    own_parts=CHANNELS,
    artefacts=artefacts,
    transform=transform,
    effects=effects,
    messages=messages,
    preview=preview,
    chunk_rows=1000,
    together=together,
    irreversible=True,
    waives=WAIVES,
    watch=_WATCHED,
    outcome=("shipping_status", ShippingStatus.SENDING.value),
)
