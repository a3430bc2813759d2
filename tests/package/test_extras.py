"""What is not installed is said by name, with what to install, before anything is done; all else works without it."""

import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from invoicebatch.errors import ParameterError, UsageError
from invoicebatch.formats.pdf import fonts
from invoicebatch.interfaces.api import Workspace, open_workspace
from invoicebatch.interfaces.notebook import runner

ROOT = Path(__file__).resolve().parents[2]
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]


@pytest.fixture
def without() -> Iterator[Callable[[str], None]]:
    """Make a package one that is not installed."""
    with pytest.MonkeyPatch.context() as patch:

        def hide(name: str) -> None:
            patch.setitem(sys.modules, name, None)
            fonts.font_folders.cache_clear()

        yield hide
    fonts.font_folders.cache_clear()


def test_the_official_rules_are_asked_for_before_anything_is_planned(
    make_workspace: Callable[..., Workspace], without: Callable[[str], None]
) -> None:
    workspace = make_workspace(2, status="approved")
    (workspace.root / "invoicebatch.toml").write_text("[integrations]\npeppol = true\n")
    rows = open_workspace(workspace.root).select(all=True)
    without("saxonche")
    for action in ("export.ubl", "send_via.einvoice", "send_via.preferred"):
        with pytest.raises(ParameterError, match=r"pip install 'invoicebatch\[einvoice\]'; or "):
            rows.plan(action)
    rows.plan("export.ubl", schematron="none")
    rows.plan("send_via.preferred", parts="email")
    rows.plan("create")


def test_documents_with_data_in_them_need_the_official_rules_too(
    make_workspace: Callable[..., Workspace], without: Callable[[str], None]
) -> None:
    workspace = make_workspace(1, status="approved")
    (workspace.root / "invoicebatch.toml").write_text("[documents]\nfacturx = true\n")
    without("saxonche")
    for action in ("create", "regenerate"):
        with pytest.raises(ParameterError, match=r"invoicebatch\[einvoice\]"):
            open_workspace(workspace.root).select(all=True).plan(action)


def test_a_name_without_a_font_gets_no_number_and_the_others_are_made(
    make_workspace: Callable[..., Workspace], without: Callable[[str], None]
) -> None:
    workspace = make_workspace(3)
    workspace.select(all=True).plan("approve").apply()
    with workspace.store.write() as session:
        session._con.execute(
            "UPDATE customers SET name = '山田太郎' WHERE customer_id = (SELECT customer_id FROM invoices WHERE invoice_id = 2)"
        )
        session._con.execute("UPDATE lines SET name = '電気' WHERE invoice_id = 3")
    without("noto_cjk_sans_otc")
    plan = workspace.select(all=True).plan("create")
    assert dict(zip(plan.refused["invoice_id"], plan.refused["reason"], strict=True)) == {
        2: fonts.CJK_MISSING
    }
    report = plan.apply()
    assert report.done["invoice_id"].tolist() == [1]
    assert report.failed["invoice_id"].tolist() == [3]
    assert "電" in report.failed["reason"].item()
    assert report.failed["reason"].item().endswith("pip install 'invoicebatch[cjk]'")


def test_a_notebook_is_refused_before_its_folder_is_made(
    make_workspace: Callable[..., Workspace], without: Callable[[str], None]
) -> None:
    workspace = make_workspace(1)
    without("ipykernel")
    book = runner.find_notebook(workspace.root, "approve")
    with pytest.raises(UsageError, match=r"pip install 'invoicebatch\[notebook\]'"):
        runner.run_notebook(workspace.root, book, {"dry_run": True})
    assert not list((workspace.root / "data" / "runs").glob("*approve*"))


def test_every_extra_is_told_where_people_install() -> None:
    page = (ROOT / "docs" / "index.md").read_text()
    assert [name for name in EXTRAS if name not in ("docs", "test") and f"`{name}`" not in page] == []
    told = {each for name in EXTRAS["all"] for each in name.partition("[")[2].rstrip("]").split(",")}
    assert told | {"notebook"} == set(EXTRAS) - {"all", "docs", "test"}
