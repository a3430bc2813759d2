from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoicebatch.errors import RulesError
from invoicebatch.model.payments.collection import Cost, load_flows

ROOT = Path(__file__).parents[3]
DAYS = st.dates(date(2020, 1, 1), date(2090, 1, 1))


@pytest.mark.parametrize(
    ("cost", "outstanding", "expected"),
    [
        ({"type": "none"}, 10_000, 0),
        ({"type": "fixed", "amount": "12.50"}, 10_000, 1_250),
        ({"type": "percentage", "percent": "10", "minimum": "40.00"}, 10_000, 4_000),
        ({"type": "percentage", "percent": "2.5"}, 12_345, 309),
        ({"type": "percentage", "percent": "50", "maximum": "10"}, 10_000, 1_000),
        ({"type": "fixed", "amount": "12.50"}, 0, 0),
    ],
)
def test_costs(cost: dict, outstanding: int, expected: int) -> None:
    assert Cost.model_validate(cost).cents(outstanding) == expected


@pytest.mark.parametrize(
    ("outstanding", "expected"), [(10_000, 4_000), (250_000, 37_500), (500_000, 62_500), (2_000_000, 97_500)]
)
def test_the_graduated_cost_of_the_shipped_flow(outstanding: int, expected: int) -> None:
    assert load_flows(ROOT)["standard"].steps[2].cost.cents(outstanding) == expected


@given(DAYS, DAYS)
def test_steps_never_lie_in_the_past_nor_nearer_than_the_flow_says(due: date, today: date) -> None:
    flow = load_flows(ROOT)["standard"]
    day = flow.first_date(due, today)
    assert day >= today
    for number in range(1, len(flow.steps)):
        following = flow.next_date(due, number, day)
        assert following is not None
        assert (following - day).days >= flow.steps[number].after_days - flow.steps[number - 1].after_days
        day = following
    assert flow.next_date(due, len(flow.steps), day) is None


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[a]\nlabel='A'\nstart_days=1", "a.steps"),
        (
            "[a]\nlabel='A'\nstart_days=-1\n[[a.steps]]\nname='x'\nafter_days=0\nchannel='none'",
            "a.start_days",
        ),
        (
            "[a]\nlabel='A'\nstart_days=1\n[[a.steps]]\nname='x'\nafter_days=0\nchannel='fax'",
            "a.steps.0.channel",
        ),
        (
            "[a]\nlabel='A'\nstart_days=1\n[[a.steps]]\nname='x'\nafter_days=3\nchannel='none'\n[[a.steps]]\nname='y'\nafter_days=3\nchannel='none'",
            "must ascend",
        ),
        (
            "[a]\nlabel='A'\nstart_days=1\n[[a.steps]]\nname='x'\nafter_days=0\nchannel='none'\ncost={type='fixed', amount=1.5}",
            "two decimals",
        ),
        ("[a", "not valid TOML"),
    ],
)
def test_a_wrong_flow_is_named_by_file_and_key(tmp_path: Path, text: str, named: str) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/collection_flows.toml").write_text(text)
    with pytest.raises(RulesError, match=r"collection_flows\.toml") as error:
        load_flows(tmp_path)
    assert named in str(error.value)
