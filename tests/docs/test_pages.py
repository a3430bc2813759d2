"""The site tells the truth: every command and every block of code of its pages runs, on a workspace like the reader's."""

import contextlib
import json
import os
import re
import runpy
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import invoicebatch as ib
from invoicebatch.engine.workspace import Workspace
from tests.commands import command
from tests.copies import new_workspace
from tests.docs.settings import SETTINGS

DOCS = Path(__file__).resolve().parents[2] / "docs"
WRITTEN = sorted(
    (page for page in DOCS.rglob("*.md") if page.name not in ("tutorial.md", "tables.md")),
    key=lambda page: (page.name != "recipes.md", page),  # before all is bundled
)
NOT_ALL_DONE = {0, 3}


class Block(NamedTuple):
    """A block of code of a page."""

    language: str
    title: str
    text: str


def blocks(page: str) -> Iterator[Block]:
    for found in re.finditer(
        r'^```(\w+)(?: title="([^"]*)")?\n(.*?)^```', page, flags=re.DOTALL | re.MULTILINE
    ):
        yield Block(found[1], found[2] or "", found[3])


def faults_of(page: str, folder: Path, name: str) -> list[str]:
    """Run the blocks of a page in its order; what did not do as the page says."""
    faults: list[str] = []
    for block in blocks(page):
        if block.title:
            _save(folder / block.title, block.text)
        if block.language == "toml":
            tomllib.loads(block.text)
        if block.language == "python":
            with contextlib.chdir(folder):
                exec(compile(block.text, name, "exec"), {"ws": ib.open("."), "ib": ib})
        if block.language == "sh":
            faults += [
                f"{name}: {fault}" for line in block.text.splitlines() if (fault := _fault(line, folder))
            ]
    return faults


def _save(path: Path, text: str) -> None:
    """A file that the reader saves; to the settings the lines are added."""
    path.parent.mkdir(parents=True, exist_ok=True)
    before = path.read_text() if path.name == "invoicebatch.toml" else ""
    path.write_text(before if before and text in before else before + text)


def _fault(line: str, folder: Path) -> str:
    given, _, comment = line.partition("   # ")
    program, *arguments = shlex.split(_filled(given, folder))
    assert program == "invoicebatch", line
    expected = {int(comment.split()[0])} if comment[:1].isdigit() else {0}
    if "--dry-run" in arguments and not comment:
        expected = NOT_ALL_DONE
    said = command(folder, *arguments)
    return (
        ""
        if said.returncode in expected
        else f"{line} → {said.returncode}\n{said.stdout[-600:]}{said.stderr}"
    )


def _filled(line: str, folder: Path) -> str:
    """BUNDLE and NUMBER as the reader would fill them in: the bundle of most payments, an invoice in it."""
    if "BUNDLE" not in line and "NUMBER" not in line:
        return line
    bundles = json.loads(command(folder, "payments", "list", "--json").stdout)
    bundle = max(bundles, key=lambda one: (one["state"] != "cancelled", one["items"]))["bundle_id"]
    items = json.loads(command(folder, "payments", "items", bundle, "--json").stdout)
    return line.replace("BUNDLE", bundle[:12]).replace("NUMBER", items[0]["remittance"].split()[0])


@pytest.fixture(scope="module")
def billing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace in the middle of its month: created, cases and a plan, some documents still to be approved."""
    folder = tmp_path_factory.mktemp("billing")
    workspace = new_workspace(folder)
    workspace.load_sample(40, 1)
    for name in ("odoo", "erpnext", "mail_merge"):
        shipped = DOCS.parent / "rules" / "mappings" / f"{name}.toml"
        own = shipped.read_text().replace(
            "[invoices]\n", '[invoices]\ncompany_account_id = { constant = "NL" }\n'
        )
        _save(folder / "rules" / "mappings" / f"{name}_nl.toml", own)
    (folder / "invoicebatch.toml").write_text(SETTINGS)
    workspace = Workspace(folder)
    empty = workspace.select(where="status = 'empty'").frame["invoice_id"].tolist()
    workspace.select(ids=empty[:-4]).plan("approve").apply()
    approved = workspace.select(where="status = 'approved'").frame["invoice_id"].tolist()
    workspace.select(ids=approved[:-3]).plan("create").apply()
    owed = workspace.select(where="status = 'created' and outstanding > 0 and payment_bundle_id is null")
    ids = owed.frame["invoice_id"].tolist()
    workspace.select(ids=ids[:2]).plan("assign.collection_case").apply()
    workspace.select(ids=ids[2:3]).plan("assign.payment_plan", instalments=2).apply()
    return folder


def test_the_tutorial_does_what_it_says(tmp_path: Path) -> None:
    assert faults_of((DOCS / "tutorial.md").read_text(), tmp_path, "tutorial.md") == []
    created = ib.open(tmp_path).select(where="status = 'created'").frame
    assert created["number"].tolist() == [f"SN2026-0000{each}" for each in (1, 2, 3, 4)]
    assert created.set_index("number").loc["SN2026-00002", "outstanding_cents"] == 0


def shortened(page: str) -> str:
    """Of what the pages of the actions have alike, the command that plans the action; the slow sweeps run all."""
    if os.environ.get("ALL_EXAMPLES"):
        return page
    page = re.sub(r"^```python\n.*?^```", "", page, flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"^invoicebatch why .*\n", "", page, flags=re.MULTILINE)


def test_the_pages_of_the_actions_run(billing: Path) -> None:
    pages = runpy.run_path(str(DOCS / "pages.py"))["generated"]()
    owed = (
        ib.open(billing)
        .select(where="status = 'created' and outstanding > 0 and payment_plan_id is null")
        .frame
    )
    customer = owed.groupby(["customer_id", "company_account_id"])["invoice_id"].agg(list).iloc[0][:2]
    chosen = ",".join(map(str, customer))
    faults = []
    for name, page in pages.items():
        own = page.replace("--ids 1,2", f"--ids {chosen}").replace("ids=[1, 2]", f"ids={customer}")
        faults += faults_of(shortened(own), billing, name) if name.startswith("actions/") else []
    assert faults == []


def test_the_written_pages_run(billing: Path) -> None:
    assert [fault for page in WRITTEN for fault in faults_of(page.read_text(), billing, page.name)] == []
