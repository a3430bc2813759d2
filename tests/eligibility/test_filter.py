"""Filters of external systems: the language of rules over the rows that an action has."""

from collections.abc import Callable
from datetime import date

import pandas as pd
import pytest

from invoicebatch.eligibility.filter import holds
from invoicebatch.errors import SettingsError, UnknownNameError

TODAY = date(2026, 11, 22)
Frame = Callable[..., pd.DataFrame]


def test_a_filter_speaks_of_amounts_and_dates_as_people_do(frame_of: Frame) -> None:
    frame = frame_of({}, {"outstanding_cents": 10025}, {"outstanding_cents": 10026, "sent_at": "2026-11-01"})
    frame = frame.set_axis(pd.Index([5, 6, 7]))
    assert holds("outstanding > 100.25", frame, TODAY).to_dict() == {5: True, 6: False, 7: True}
    assert holds("outstanding == 121 or sent_at < today - 14", frame, TODAY).tolist() == [True, False, True]
    assert holds("  ", frame, TODAY).tolist() == [True, True, True]


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("outstanding_cents > 10000", "write outstanding; amounts are decimals"),
        ("status = 'created'", "write ==, not ="),
        ("peppol", "there is no column peppol"),
        ("status == 'sent'", "status has no value 'sent'"),
    ],
)
def test_a_filter_that_is_wrong_is_quoted_with_what_to_write(
    frame_of: Frame, condition: str, message: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        holds(condition, frame_of({}), TODAY)
    assert f"The filter {condition!r} can't be used: " in caught.value.message
    assert message in caught.value.message


def test_a_filter_needs_its_columns(frame_of: Frame) -> None:
    with pytest.raises(UnknownNameError, match="column status"):
        holds("status == 'created'", frame_of({}).drop(columns="status"), TODAY)
