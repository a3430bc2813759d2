"""Reasons that differ by their values only are one kind."""

import pandas as pd
import pytest

from invoicebatch.model.reasons import by_kind, reason_kind


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("customer 00000308 has no street", "customer … has no street"),
        ("due on 2026-12-09, after the collection date 2026-12-02", "due on …, after the collection date …"),
        ("nothing to receive, outstanding is -310.17", "nothing to receive, outstanding is …"),
        ("mail address 'a, b' is none: a.b@example.com.", "mail address … is none: …."),
        ("status is created, not approved", "status is created, not approved"),
        ("busy in run 1b2c-33", "busy in run …"),
    ],
)
def test_a_kind_is_the_reason_without_its_values(reason: str, kind: str) -> None:
    assert reason_kind(pd.Series([reason]))[0] == kind


@pytest.mark.parametrize("dtype", ["str", "category"])
def test_kinds_are_counted_most_first_and_one_text_alone_keeps_its_values(dtype: str) -> None:
    reasons = pd.Series(["customer 1 has no town", "customer 2 has no street", "customer 3 has no street"])
    assert by_kind(reasons.astype(dtype)).to_dict("records") == [
        {"reason": "customer … has no street", "rows": 2},
        {"reason": "customer 1 has no town", "rows": 1},
    ]


def test_no_reasons_have_no_kinds() -> None:
    assert by_kind(pd.Series(dtype="str")).empty
