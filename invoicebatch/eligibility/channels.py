"""Which channel a document takes: the customer's preference, the duty to e-invoice, and `rules/channels.toml`."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, Literal

import pandas as pd
from pydantic import BaseModel, ConfigDict

from invoicebatch.eligibility.duty import duty_reasons, load_duties
from invoicebatch.files.rule_tables import tables, valid
from invoicebatch.model.action import Context

FILE: Final = "channels.toml"
EINVOICE: Final = "einvoice"
CHANNELS: Final = ("email", "post", EINVOICE)
_NAMES: Final = {"email": "e-mail", "post": "post", EINVOICE: "e-invoice"}

Channel = Literal["email", "post", "einvoice"]


class Way(BaseModel):
    """What is tried in place of a channel."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    instead: tuple[Channel, ...] = ()


def load_ways(root: Path) -> Mapping[str, Way]:
    """The fallbacks of a workspace, by channel.

    Raises:
        RulesError: a file can't be read, or a key in it is wrong; file and key are named.
    """
    found = tables(root, FILE)
    return {channel: valid(Way, file, channel, table) for channel, (file, table) in found.items()}


def channels(rows: pd.DataFrame, faults: Mapping[str, "pd.Series[str]"], context: Context) -> pd.DataFrame:
    """The channel of each row; index of the rows.

    Args:
        rows: overview rows, with `eligibility.duty.COLUMNS` and `delivery_preference`.
        faults: why a row can't take a channel (empty: it can), by channel.
        context: where the rules are.

    Returns:
        channel str (the wanted one where none can be taken), instead_of str (what it falls back from, and
        why; empty: it does not), reason str (why none can be taken; empty: one can).
    """
    law = duty_reasons(rows, load_duties(context.root), context.today)
    wanted = rows["delivery_preference"].astype("str").where(law.eq(""), EINVOICE)
    columns = {channel: found.tolist() for channel, found in faults.items()}
    ways = load_ways(context.root)
    chosen = [
        _choose(want, because, {channel: found[at] for channel, found in columns.items()}, ways)
        for at, (want, because) in enumerate(zip(wanted.tolist(), law.tolist(), strict=True))
    ]
    frame = pd.DataFrame(chosen, columns=["channel", "instead_of", "reason"], index=rows.index)
    return frame.astype("str")


def _choose(
    wanted: str, law: str, faults: Mapping[str, str], ways: Mapping[str, Way]
) -> tuple[str, str, str]:
    if wanted not in CHANNELS:
        return (
            "",
            "",
            f"customer's delivery preference is {wanted}; send_via.email or post with anyway = true",
        )
    if not faults[wanted]:
        return wanted, "", ""
    if law:
        return wanted, "", f"{law}; {faults[wanted]}"
    for channel in _chain(wanted, ways):
        if not faults[channel]:
            why = faults[wanted].removesuffix("; correct it and send again")
            return channel, f"{_NAMES[channel]} instead of {_NAMES[wanted]}: {why}", ""
    return wanted, "", faults[wanted]


def _chain(wanted: str, ways: Mapping[str, Way]) -> Iterator[str]:
    """What is tried in place of a channel, then in place of these, each once."""
    seen, waiting = {wanted}, [wanted]
    while waiting:
        for channel in ways.get(waiting.pop(0), Way()).instead:
            if channel not in seen:
                seen.add(channel)
                waiting.append(channel)
                yield channel
