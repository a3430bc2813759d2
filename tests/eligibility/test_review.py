"""rules/review.toml: what a workspace may change, and what is refused by file and key."""

from pathlib import Path

import pytest

from invoicebatch.eligibility.review import load_checks
from invoicebatch.errors import RulesError


def _own(root: Path, text: str) -> Path:
    (root / "rules").mkdir()
    (root / "rules" / "review.toml").write_text(text, encoding="utf-8")
    return root


def test_a_workspace_changes_one_parameter_a_severity_and_adds_a_check(tmp_path: Path) -> None:
    ours = load_checks(tmp_path)
    root = _own(
        tmp_path,
        "[total_high.parameters]\nmost = 99.5\n[billed_twice]\nseverity = 'off'\n[history]\ndocuments = 3\n"
        "[foreign]\nwhen = \"currency != 'EUR' and earlier_documents is None\"\nreason = '{currency}'\nseverity = 'stop'\n",
    )
    checks = load_checks(root)
    assert checks.by_name["total_high"].condition.text == "outstanding > 99.5"
    assert checks.by_name["total_high"].reason == ours.by_name["total_high"].reason
    assert set(checks.by_name) == set(ours.by_name) - {"billed_twice"} | {"foreign"}
    assert checks.documents == 3


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[total.parameters]\nmost = 0\n", "total.parameters.most: must be more than 0"),
        ("[total]\nseverity = 'halt'\n", "total.severity: must be 'stop', 'look' or 'off'; got 'halt'"),
        ("[total]\nwhen = 'totl > 5'\n", "total.when: there is no column totl; did you mean total"),
        ("[total_zero]\nwhen = 'total == 1'\nparameters = { most = 1 }\n", "total_zero.when: does not use the parameter most"),
        ("[total]\nexpected = 'usual'\n", "total.expected: there is no column usual"),
        ("[total]\nwhen = 'review is None'\nparameters = {}\n", "total.when: review is what the checks make of it"),
        ("[total]\nreason = '{product}'\n", "total.reason: there is no column product"),
        ("[total]\nfactor = 2\n", "total.factor: is not known"),
        ("[own]\nwhen = 'total > 5'\nreason = 'x'\n", "own.severity: is missing"),
        ("[history]\ndocuments = 0\n", "history.documents: must be at least 1"),
        ("total = 5\n", "total: must be a table of names and values"),
    ],
)  # fmt: skip
def test_a_wrong_key_is_refused_by_file_and_key(tmp_path: Path, text: str, told: str) -> None:
    root = _own(tmp_path, text)
    with pytest.raises(RulesError) as refused:
        load_checks(root)
    assert f"{root / 'rules' / 'review.toml'}: {told}" in str(refused.value)
