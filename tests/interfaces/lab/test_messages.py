"""Nothing that a browser sends runs, or is written into code, unless it is of its form."""

import ast
from typing import Any

import pytest

from invoicebatch.actions import find
from invoicebatch.errors import UsageError
from invoicebatch.interfaces.lab import as_code, dialogs
from invoicebatch.interfaces.lab.messages import KINDS, read


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"kind": "eval"},
        {"kind": ["code"]},
        {"kind": "code", "as": "__import__"},
        {"kind": "code", "as": "python", "params": {"x=1); import os; os.system('id') #": 1}},
        {"kind": "code", "as": "python", "params": "x"},
        {"kind": "dialog", "action": "approve\n"},
        {"kind": "pick", "which": "__class__"},
        {"kind": "file", "index": -1},
        {"kind": "select", "op": "set", "ids": ["1; drop"]},
        {"kind": "preview", "n": "many"},
        {"kind": "page", "start": -1, "v": 1},
        {"kind": "view", "filters": {"total": "x"}},
    ],
)
def test_a_message_of_another_form_is_refused(message: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        read(message)


def test_every_kind_that_the_grid_answers_has_a_form() -> None:
    assert all(model.model_config["extra"] == "ignore" for model in KINDS.values())
    assert read({"kind": "view", "sort": [["total", True]], "only": False})["sort"] == [("total", True)]


@pytest.mark.parametrize("text", ["2026-11-22", "x') or exit('", "\\", "a\n'''\"\"\"", "__import__('os')"])
def test_values_are_written_as_literals_of_their_type(text: str) -> None:
    credit = find("credit")
    params = dialogs.typed(credit, {"reason": text, "invoice_date": "2026-11-22"})
    click = as_code.Click("/w", "credit", "Credit", params, as_code.Chosen([1]))
    (plan,) = [
        n
        for n in ast.walk(ast.parse(as_code.python(click)))
        if isinstance(n, ast.Assign) and n.targets[0].id == "plan"
    ]
    given = {keyword.arg: ast.unparse(keyword.value) for keyword in plan.value.keywords}
    assert ast.literal_eval(given["reason"]) == text
    assert given["invoice_date"] == "date(2026, 11, 22)"


def test_a_parameter_that_the_action_does_not_have_is_refused() -> None:
    with pytest.raises(UsageError, match="has no parameter"):
        dialogs.typed(find("approve"), {"x": 1})
