"""What a collection does to its mandate once the bank took it, or gave it back, and that stays. Frames in, frames out."""

import pandas as pd

from invoicebatch.model.schema.parties import MANDATES
from invoicebatch.model.status import ItemStatus, MandateStatus, SequenceType


def after_collection(
    mandates: pd.DataFrame, items: pd.DataFrame, suspended: "pd.Series[str]"
) -> pd.DataFrame:
    """The update of the mandates of confirmed collections, and of those that the bank's reasons end.

    First becomes recurrent; a one-off or final one ends the mandate; an amended account is amended
    (EPC016-06: the sequence moves when the bank took the debit, not when the file was written).

    Args:
        mandates: rows of `mandates`.
        items: confirmed items: mandate_id, sequence_type, collection_date datetime64[s].
        suspended: why, by id of the mandates to suspend.

    Returns:
        mandate_id, sequence_type, status, last_used_on, previous_mandate_id, previous_iban,
        suspended_because, version.
    """
    used = items[items["mandate_id"].notna()]
    ids = mandates["mandate_id"].astype(object)  # looked up by hash
    touched = ids.isin({*used["mandate_id"], *suspended.index})
    if not touched.any():
        return MANDATES.empty()
    rows = mandates[touched].reset_index(drop=True)
    sequence = used["sequence_type"].astype("str")
    final = used.loc[sequence.isin([SequenceType.OOFF, SequenceType.FNAL]), "mandate_id"]
    ended = rows["mandate_id"].isin(final)
    latest = used.groupby("mandate_id")["collection_date"].max()
    last = latest.reindex(rows["mandate_id"]).set_axis(rows.index)
    before, was_used = rows["last_used_on"], last.notna()
    why = rows["mandate_id"].map(suspended).astype(object)
    old = rows["sequence_type"].astype("str")
    status = rows["status"].astype("str").mask(ended, MandateStatus.CANCELLED.value)
    stops = why.notna() & status.eq(MandateStatus.ACTIVE)
    frame = rows[["mandate_id", "version"]].assign(
        sequence_type=old.mask(was_used & old.eq(SequenceType.FRST), SequenceType.RCUR.value),
        status=status.mask(stops, MandateStatus.SUSPENDED.value),
        last_used_on=before.where((before > last) | last.isna(), last),
        previous_mandate_id=rows["previous_mandate_id"].mask(was_used),
        previous_iban=rows["previous_iban"].mask(was_used),
        suspended_because=rows["suspended_because"].mask(stops, why),
    )
    return MANDATES.conform(frame)


def spent_versions(mandates: pd.DataFrame, items: pd.DataFrame) -> pd.DataFrame:
    """The versions of the mandates of which these payments take what there is once: the only, first or last
    collection, an amendment. Two runs that read the same one can't both commit; the later judges again.

    Args:
        mandates: rows of `mandates`.
        items: new rows of `bundle_items`.
    """
    once = (
        items["sequence_type"].astype("str").isin([SequenceType.OOFF, SequenceType.FRST, SequenceType.FNAL])
    )
    told = items["previous_mandate_id"].notna() | items["previous_iban"].notna()
    spent = set(items.loc[once | told, "mandate_id"].dropna())
    chosen = mandates["mandate_id"].astype(object).isin(spent)
    return mandates.loc[chosen, ["mandate_id", "version"]].reset_index(drop=True)


def last_collections(items: pd.DataFrame, bundles: pd.DataFrame) -> "pd.Series[pd.Timestamp]":
    """The date of the last collection that the bank took, also where it came back later, by mandate id.

    Args:
        items: rows of `bundle_items`.
        bundles: rows of `payment_bundles`.
    """
    taken = items[items["status"].isin([ItemStatus.CONFIRMED, ItemStatus.RETURNED])]
    dated = taken.merge(bundles[["bundle_id", "collection_date"]], on="bundle_id")
    return dated.groupby("mandate_id")["collection_date"].max()


def with_learnt(
    wanted: pd.DataFrame, stored: pd.DataFrame, last: "pd.Series[pd.Timestamp]"
) -> tuple[pd.DataFrame, int]:
    """Mandates of an import, where what they say is older than what our collections left.

    Such a row keeps its last use; first stays recurrent; what has ended is not revived; an account that was
    amended is not amended again. A signature after the last collection begins anew.

    Args:
        wanted: rows of the import, with any columns of `mandates`.
        stored: rows of `mandates`.
        last: see `last_collections`.

    Returns:
        The rows, and how many say otherwise.
    """
    before = wanted[["mandate_id"]].merge(stored, on="mandate_id", how="left").set_axis(wanted.index)
    ours = wanted["mandate_id"].map(last.to_dict()).astype("datetime64[s]")
    said = wanted.reindex(columns=MANDATES.frame_names).astype({"last_used_on": "datetime64[s]"})
    older = ours.notna() & ~(said["last_used_on"] >= ours) & ~(said["signed_on"] > ours)
    first = said["sequence_type"].eq(SequenceType.FRST) & before["sequence_type"].eq(SequenceType.RCUR)
    amended = before["previous_iban"].isna() & said["iban"].eq(before["iban"])
    keeps = {
        "last_used_on": older,
        "sequence_type": older & first,
        "status": older & before["status"].eq(MandateStatus.CANCELLED),
        "previous_mandate_id": older & before["previous_mandate_id"].isna(),
        "previous_iban": older & amended,
    }
    keeps = {column: kept for column, kept in keeps.items() if column in wanted}
    held = [kept & wanted[c].astype("str").ne(before[c].astype("str")) for c, kept in keeps.items()]
    columns = {c: wanted[c].astype(object).where(~kept, before[c]) for c, kept in keeps.items()}
    return MANDATES.conform(wanted.assign(**columns)), int(pd.DataFrame(held).any().sum())
