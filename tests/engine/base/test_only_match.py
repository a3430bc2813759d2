import pandas as pd
import pytest

from invoicebatch.engine.base.only_match import only_match
from invoicebatch.errors import UnknownNameError

RUNS = pd.DataFrame({"run_id": ["ab", "abc", "b0"], "at": [1, 2, 3]})


@pytest.mark.parametrize(("text", "at"), [("abc", 2), ("b", 3), ("ab", 1)])
def test_first_characters_are_enough_and_a_whole_key_is_meant_whole(text: str, at: int) -> None:
    assert only_match(RUNS, "run_id", text, "run")["at"] == at


@pytest.mark.parametrize(
    ("text", "words"), [("", "No run begins"), ("x", "No run begins with 'x'"), ("a", "2 runs begin")]
)
def test_none_several_and_nothing_typed_are_refused(text: str, words: str) -> None:
    with pytest.raises(UnknownNameError, match=words):
        only_match(RUNS, "run_id", text, "run", "invoicebatch runs")
