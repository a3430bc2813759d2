"""A value that the workspace does not know is refused before anything is planned, in words."""

import re
from collections.abc import Callable

import pytest

from invoicebatch.errors import ParameterError
from invoicebatch.interfaces.api import Workspace
from tests.engine.sending import configure

Make = Callable[..., Workspace]


@pytest.mark.parametrize(
    ("action", "params", "says", "hint"),
    [
        ("assign.collection_case", {"flow": "gentle"}, "flow: there is no 'gentle'", "standard, business; from rules/collection"),
        ("export.external", {}, "target: there is none to choose", r"sections \[external.NAME\] of invoicebatch.toml"),
        ("export.external", {"target": "erp"}, "target: there is no 'erp'", r"\[external.NAME\]"),
        ("export.job", {"export": "create"}, "export: there is no 'create'", "export.invoices, export.lines"),
        ("export.job", {"export": "export.job"}, "there is no 'export.job'", "export.invoices"),
        ("send_via.email", {"template": "reminder"}, "template: there is no 'reminder'", "There are: invoice; from templates/mail"),
        ("send_via.einvoice", {"network": "peppol"}, "network: there is no 'peppol'", r"auto; from \[integrations\]"),
    ],
)  # fmt: skip
def test_it_says_what_there_is_and_where_it_comes_from(
    make_workspace: Make, action: str, params: dict[str, str], says: str, hint: str
) -> None:
    with pytest.raises(ParameterError, match=says) as error:
        make_workspace(1).select(all=True).plan(action, **params)
    assert re.search(hint, error.value.hint)


def test_several_to_choose_from_and_none_chosen(make_workspace: Make) -> None:
    sections = "".join(
        f'[external.{name}]\nkind = "files"\nurl = "{name}"\n' for name in ("ledger", "archive")
    )
    workspace = configure(make_workspace(1), sections)
    with pytest.raises(ParameterError, match="target: choose one") as error:
        workspace.select(all=True).plan("export.external")
    assert "ledger, archive" in error.value.hint
    assert workspace.select(all=True).plan("export.external", target="archive").selected == 1


def test_a_template_of_the_workspace_can_be_chosen(make_workspace: Make) -> None:
    workspace = make_workspace(1)
    (workspace.root / "templates" / "mail" / "friendly").mkdir(parents=True)
    plan = workspace.select(all=True).plan("send_via.email", template="friendly")
    assert plan.params.model_dump()["template"] == "friendly"


def test_a_long_list_is_cut_and_counted(make_workspace: Make) -> None:
    sections = "".join(f'[external.t{n:02}]\nkind = "files"\nurl = "x"\n' for n in range(25))
    workspace = configure(make_workspace(1), sections)
    with pytest.raises(ParameterError) as error:
        workspace.select(all=True).plan("export.external", target="other")
    assert "t19 and 5 more" in error.value.hint
