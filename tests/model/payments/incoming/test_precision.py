"""What is booked by itself is never wrong, whatever customers write."""

import pytest

from tests.model.payments.incoming.statements import KINDS, Drawn, booked, draw


def check(drawn: Drawn) -> None:
    sure = booked(drawn)
    wrong = [
        (row["payment_id"], drawn.kinds[row["payment_id"]], row["number"], row["rule"])
        for row in sure.to_dict("records")
        if row["invoice_id"] not in drawn.truth[row["payment_id"]]
    ]
    assert wrong == []
    amounts = drawn.payments.set_index("payment_id")["amount_cents"]
    totals = sure.groupby("payment_id")["cents"].sum()
    assert totals.le(amounts.reindex(totals.index)).all()
    taken = sure[~sure["beyond"]].groupby("invoice_id")["cents"].sum()
    held = drawn.documents.set_index("invoice_id")["outstanding_cents"]
    assert taken.le(held.reindex(taken.index)).all()


@pytest.mark.parametrize("seed", range(12))
def test_what_is_booked_by_itself_is_never_wrong(seed: int) -> None:
    check(draw(seed))


@pytest.mark.full
@pytest.mark.parametrize("seed", range(100, 500))
def test_what_is_booked_by_itself_is_never_wrong_in_many_statements(seed: int) -> None:
    check(draw(seed, customers=seed % 40 + 2, payments=60))


def test_much_is_booked_by_itself() -> None:
    """Else nothing could be wrong either: most payments with a right reference, and some of each sort."""
    drawn = draw(3, customers=60, payments=300)
    sure = set(booked(drawn)["payment_id"])
    share = {
        kind: sum(p in sure for p, k in drawn.kinds.items() if k == kind)
        / max(list(drawn.kinds.values()).count(kind), 1)
        for kind in KINDS
    }
    assert share["reference"] > 0.5
    assert share["number"] > 0.1
    assert share["another currency"] == share["a stranger"] == 0
