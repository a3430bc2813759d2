"""Who must get an electronic invoice, as data (`rules/einvoice/duty.toml`): the law's reason for each row.

Mail and post ask it before they send; whether that warns or refuses is a setting.
"""

import tomllib
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Final, Literal

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from invoicebatch.errors import RulesError
from invoicebatch.files.shipped import shipped
from invoicebatch.model.action import Context

FILE: Final = "duty.toml"

COLUMNS: Final = frozenset(
    {
        "account_country", "customer_country", "customer_is_business", "customer_siret", "customer_endpoint_scheme",
        "invoice_date", "shipping_channel",
    }
)  # fmt: skip
"""Overview columns that `duty_reasons` needs."""

_LEITWEG: Final = "0204"


class Duty(BaseModel):
    """One duty: of which parties, from which day, by which channel."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    seller: str = ""
    buyer: str
    who: Literal["", "business", "private", "public"] = ""
    since: date = Field(alias="from")
    channel: str
    because: str


@lru_cache(maxsize=8)
def load_duties(root: Path) -> tuple[Duty, ...]:
    """The duties of a workspace: its own, then those that are shipped.

    Raises:
        RulesError: a file can't be read, or a key in it is wrong; file and key are named.
    """
    ours, own = (folder / "einvoice" / FILE for folder in (shipped("rules"), root / "rules"))
    files = [own] if own.is_file() and own.resolve() != ours.resolve() else []
    return tuple(duty for file in (*files, ours) for duty in _read(file))


def _read(file: Path) -> list[Duty]:
    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8-sig")).get("duties", [])
        return [Duty.model_validate(table) for table in tables]
    except OSError as error:
        raise RulesError(f"{file} can't be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RulesError(f"{file} is not valid TOML: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        raise RulesError(f"{file}: duties: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error


def duty_reasons(rows: pd.DataFrame, duties: tuple[Duty, ...], today: date) -> "pd.Series[str]":
    """Why mail or post alone will not do, by row; empty: nothing speaks against it.

    Args:
        rows: the columns of `COLUMNS`.
        duties: the first that fits counts.
        today: the day of a row that has no invoice date yet.
    """
    reason = pd.Series("", index=rows.index, dtype="str")
    day = rows["invoice_date"].fillna(pd.Timestamp(today))
    kinds = _kinds(rows)
    sent = rows["shipping_channel"].eq("einvoice").fillna(value=False)
    for duty in duties:
        fits = (
            rows["customer_country"].eq(duty.buyer)
            & (day >= pd.Timestamp(duty.since))
            & (reason == "")
            & ~sent
        )
        if duty.seller:
            fits &= rows["account_country"].eq(duty.seller)
        if duty.who:
            fits &= kinds[duty.who]
        reason = reason.mask(fits.fillna(value=False).astype(bool), duty.because)
    return reason


def _kinds(rows: pd.DataFrame) -> Mapping[str, "pd.Series[bool]"]:
    business = rows["customer_is_business"].fillna(value=True).astype(bool)
    siret = rows["customer_siret"].fillna("").ne("")
    public = siret | rows["customer_endpoint_scheme"].eq(_LEITWEG).fillna(value=False)
    return {"business": business, "private": ~business & ~public, "public": public}


def refused_by_law(rows: pd.DataFrame, reason: "pd.Series[str]", context: Context) -> "pd.Series[str]":
    """The reasons, with the law's where there is none yet and `[einvoice] duty` refuses."""
    if context.settings.einvoice.duty != "refuse":
        return reason
    return reason.where(reason != "", duty_reasons(rows, load_duties(context.root), context.today))


def law_preview(rows: pd.DataFrame, context: Context) -> dict[str, pd.DataFrame]:
    """A table for a preview: of how many rows the law asks something else; none where there are none."""
    said = duty_reasons(rows, load_duties(context.root), context.today)
    counts = said[said != ""].value_counts()
    if counts.empty:
        return {}
    return {"law": pd.DataFrame({"mail or post alone will not do": counts.index, "rows": counts.to_numpy()})}
