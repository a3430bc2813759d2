"""Commands on several payment bundles at once."""

import json
from collections.abc import Callable

import pytest

from invoicebatch.interfaces.api import Workspace
from invoicebatch.interfaces.cli.main import run
from tests.paying import date_has_come

Make = Callable[..., Workspace]


def test_write_confirm_and_cancel_take_several(
    money_workspace: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace = money_workspace(4)
    for number in (1, 2, 3):
        workspace.select(ids=[number]).plan("assign.bank_file").apply()
    first, second, third = workspace.payments.list()["bundle_id"]
    where = ["-w", str(workspace.root)]
    assert run(["payments", "write", first[:8], "nothing", *where]) == 2
    assert set(workspace.payments.list()["state"]) == {"created"}
    capsys.readouterr()
    assert run(["payments", "write", first[:8], second, first, "--json", *where]) == 0
    reports = json.loads(capsys.readouterr().out)
    assert [report["action"] for report in reports] == ["payments.write"] * 2
    assert run(["payments", "write", third, "--json", *where]) == 0
    assert json.loads(capsys.readouterr().out)["done"] == 1
    date_has_come(workspace)
    assert run(["payments", "confirm", first, second, *where]) == 2
    assert run(["payments", "confirm", first, second, "--yes", *where]) == 0
    assert run(["payments", "cancel", third, *where]) == 2
    assert run(["payments", "cancel", third, "--yes", *where]) == 0
    states = workspace.payments.list().set_index("bundle_id")["state"]
    assert states[[first, second, third]].tolist() == ["confirmed", "confirmed", "cancelled"]
