"""What a collection does to its mandate once the bank took it. Frames in, frames out."""

import pandas as pd

from invoicebatch.model.schema.parties import MANDATES
from invoicebatch.model.status import MandateStatus, SequenceType


def after_collection(mandates: pd.DataFrame, items: pd.DataFrame) -> pd.DataFrame:
    """The update of the mandates of confirmed collections.

    First becomes recurrent; a one-off or final one ends the mandate; an amended account is amended
    (EPC016-06: the sequence moves when the bank took the debit, not when the file was written).

    Args:
        mandates: rows of `mandates`.
        items: confirmed items: mandate_id, sequence_type, collection_date datetime64[s].

    Returns:
        mandate_id, sequence_type, status, last_used_on, previous_iban, version.
    """
    used = items[items["mandate_id"].notna()]
    if used.empty:
        return MANDATES.empty()
    rows = mandates[mandates["mandate_id"].isin(used["mandate_id"])].reset_index(drop=True)
    sequence = used["sequence_type"].astype("str")
    ended = rows["mandate_id"].isin(
        used.loc[sequence.isin([SequenceType.OOFF, SequenceType.FNAL]), "mandate_id"]
    )
    latest = used.groupby("mandate_id")["collection_date"].max()
    last = latest.reindex(rows["mandate_id"]).set_axis(rows.index)
    before = rows["last_used_on"]
    frame = rows[["mandate_id", "version"]].assign(
        sequence_type=rows["sequence_type"].astype("str").replace(SequenceType.FRST, SequenceType.RCUR),
        status=rows["status"].astype("str").mask(ended, MandateStatus.CANCELLED.value),
        last_used_on=before.where(before > last, last),
        previous_iban=pd.Series(None, index=rows.index, dtype="str"),
    )
    return MANDATES.conform(frame)
