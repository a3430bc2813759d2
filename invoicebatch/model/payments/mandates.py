"""What a collection does to its mandate once the bank took it, or gave it back. Frames in, frames out."""

import pandas as pd

from invoicebatch.model.schema.parties import MANDATES
from invoicebatch.model.status import MandateStatus, SequenceType


def after_collection(
    mandates: pd.DataFrame, items: pd.DataFrame, suspended: "pd.Series[str] | None" = None
) -> pd.DataFrame:
    """The update of the mandates of confirmed collections, and of those that the bank's reasons end.

    First becomes recurrent; a one-off or final one ends the mandate; an amended account is amended
    (EPC016-06: the sequence moves when the bank took the debit, not when the file was written).

    Args:
        mandates: rows of `mandates`.
        items: confirmed items: mandate_id, sequence_type, collection_date datetime64[s].
        suspended: why, by id of the mandates to suspend.

    Returns:
        mandate_id, sequence_type, status, last_used_on, previous_iban, suspended_because, version.
    """
    used = items[items["mandate_id"].notna()]
    because = pd.Series(dtype="str") if suspended is None else suspended
    touched = mandates["mandate_id"].isin([*used["mandate_id"], *because.index])
    if not touched.any():
        return MANDATES.empty()
    rows = mandates[touched].reset_index(drop=True)
    sequence = used["sequence_type"].astype("str")
    ended = rows["mandate_id"].isin(
        used.loc[sequence.isin([SequenceType.OOFF, SequenceType.FNAL]), "mandate_id"]
    )
    latest = used.groupby("mandate_id")["collection_date"].max()
    last = latest.reindex(rows["mandate_id"]).set_axis(rows.index)
    before, was_used = rows["last_used_on"], rows["mandate_id"].isin(used["mandate_id"])
    why = rows["mandate_id"].map(because).astype(object)
    old = rows["sequence_type"].astype("str")
    status = rows["status"].astype("str").mask(ended, MandateStatus.CANCELLED.value)
    stops = why.notna() & status.eq(MandateStatus.ACTIVE)
    frame = rows[["mandate_id", "version"]].assign(
        sequence_type=old.mask(was_used & old.eq(SequenceType.FRST), SequenceType.RCUR.value),
        status=status.mask(stops, MandateStatus.SUSPENDED.value),
        last_used_on=before.where((before > last) | last.isna(), last),
        previous_iban=rows["previous_iban"].mask(was_used),
        suspended_because=rows["suspended_because"].mask(stops, why),
    )
    return MANDATES.conform(frame)
