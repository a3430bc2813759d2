"""Several documents of one customer in one message: what is asked, and which documents go together."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import pandas as pd
from pydantic import Field

from invoicebatch.model.outbox.again import SendParams
from invoicebatch.settings import Settings

CUSTOMER: Final = "customer_id"


class CombineParams(SendParams):
    """What a way of sending that takes several documents in one message may be asked."""

    combine: Literal["document", "customer"] = Field(
        "document", description="customer: the documents of a customer in one message"
    )

    @property
    def combined(self) -> bool:
        """Whether several documents may share a message."""
        return self.combine == "customer"


def as_set(settings: Settings) -> dict[str, Any]:
    """The default of `combine`, as the settings say."""
    return {"combine": settings.sending.combine}


def together(params: CombineParams) -> str:
    """The column whose rows a run does in one commit, so that no message is made twice; see `Action.together`."""
    return CUSTOMER if params.combined else ""


@dataclass(frozen=True, slots=True)
class Bundle:
    """Documents of one message, by invoice id; it is number `part` of the `parts` that a customer gets."""

    ids: tuple[int, ...]
    part: int = 1
    parts: int = 1


def bundles(
    rows: pd.DataFrame, params: CombineParams, sizes: Mapping[int, int] | None = None, limit: float = 0
) -> list[Bundle]:
    """The messages that documents go in, in the order of the first of each.

    A customer's documents are together where that is asked, apart by company account, which is the
    sender; and in several messages where they are larger than one may be.

    Args:
        rows: invoice_id, customer_id, company_account_id of overview rows.
        params: what is asked.
        sizes: bytes of each document and what goes with it, by invoice id; None: there is no limit.
        limit: bytes a message.
    """
    if not params.combined:
        return [Bundle((invoice_id,)) for invoice_id in rows["invoice_id"].tolist()]
    by_customer = rows.groupby([CUSTOMER, "company_account_id"], sort=False, dropna=False, observed=True)
    found = (ids.tolist() for _, ids in by_customer["invoice_id"])
    return [each for ids in found for each in _numbered(list(_split(ids, sizes, limit)))]


def _numbered(parts: Sequence[tuple[int, ...]]) -> Iterable[Bundle]:
    return (Bundle(ids, at, len(parts)) for at, ids in enumerate(parts, 1))


def _split(ids: Sequence[int], sizes: Mapping[int, int] | None, limit: float) -> Iterator[tuple[int, ...]]:
    """Ids in their order, each part as many as fit; one that is too large by itself is alone."""
    part: list[int] = []
    size = 0
    for invoice_id in ids:
        more = sizes.get(invoice_id, 0) if sizes is not None else 0
        if part and size + more > limit and sizes is not None:
            yield tuple(part)
            part, size = [], 0
        part.append(invoice_id)
        size += more
    yield tuple(part)


def left(found: Iterable[Bundle], good: pd.DataFrame) -> Iterator[tuple[Bundle, list[int]]]:
    """Each bundle that has documents left, with their positions in the good rows."""
    position = dict(zip(good["invoice_id"].tolist(), range(len(good)), strict=True))
    for bundle in found:
        if at := [position[each] for each in bundle.ids if each in position]:
            yield bundle, at
