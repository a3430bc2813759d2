"""An action is one file and its lines in the rules: it shows everywhere without another edit.

A copy of the product gets two new actions, one in a group that was not there before; then each face is
looked at.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
NEW = Path(__file__).parent / "new_action"


def _copy_with_new_actions(copy: Path) -> None:
    for name in ("invoicebatch", "rules", "notebooks", "docs"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    actions = copy / "invoicebatch" / "actions"
    shutil.copy(NEW / "csv_for_accountant.py", actions / "export")
    (actions / "archive").mkdir()
    shutil.copy(NEW / "tag.py", actions / "archive")
    with (copy / "rules" / "actions.toml").open("a") as rules:
        rules.write((NEW / "rules.toml").read_text())


def test_a_new_action_shows_everywhere_without_another_edit(tmp_path: Path) -> None:
    _copy_with_new_actions(tmp_path)
    done = subprocess.run(
        [sys.executable, str(NEW / "look.py")],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    the_command_line_lists_and_offers_them(seen)
    the_bar_has_the_new_group_and_the_new_member(seen)
    the_sheet_offers_them_with_the_values_of_the_workspace(seen)
    they_run_as_notebooks(seen)
    a_value_the_workspace_does_not_know_is_refused_in_words(seen)
    an_export_job_runs_what_may_be_scheduled_and_nothing_else(seen)
    what_comes_next_is_a_command_that_works(seen)
    the_table_of_the_readme_has_them(seen)
    the_site_has_a_page_of_them(seen)


def the_command_line_lists_and_offers_them(seen: Any) -> None:
    groups = {one["action"]: (one["group"], one["label"]) for one in seen["actions"]}
    assert groups["archive.tag"] == ("archive", "Tag")
    assert groups["export.csv_for_accountant"] == ("export", "CSV for the accountant")
    assert "archive.tag" in seen["run"]
    assert "export.csv_for_accountant" in seen["run"]
    assert "[choices: BE, FR, NL]" in " ".join(seen["help"].replace("│", " ").split())


def the_bar_has_the_new_group_and_the_new_member(seen: Any) -> None:
    labels = {action["name"]: action["groupLabel"] for action in seen["bar"]}
    assert labels["archive.tag"] == "Archive"
    names = list(labels)
    assert names.index("export.csv_for_accountant") == names.index("export.job") + 1
    assert names[-1] == "archive.tag"


def the_sheet_offers_them_with_the_values_of_the_workspace(seen: Any) -> None:
    assert {"Archive: Tag", "Export: CSV for the accountant"} <= set(seen["sheet"]["titles"])
    assert "NL" in seen["sheet"]["parameters"]["export.csv_for_accountant account"]


def they_run_as_notebooks(seen: Any) -> None:
    """A new group by the notebook of any action, a new member by its group's."""
    for which in ("notebook", "group notebook"):
        assert seen[which]["state"] == "finished"
        assert seen[which]["done"] == seen[which]["selected"] > 0


def a_value_the_workspace_does_not_know_is_refused_in_words(seen: Any) -> None:
    assert seen["refused"]["code"] == 2
    assert "account: there is no 'MARS'" in seen["refused"]["err"]
    assert "NL" in seen["refused"]["err"]


def an_export_job_runs_what_may_be_scheduled_and_nothing_else(seen: Any) -> None:
    assert seen["job"]["code"] == 0, seen["job"]["err"]
    assert "export.csv_for_accountant" in seen["worker"]["err"]
    assert seen["no job"]["code"] == 2
    assert "export.csv_for_accountant" in seen["no job"]["err"]


def what_comes_next_is_a_command_that_works(seen: Any) -> None:
    assert seen["tagged"]["next"][0]["label"] == "CSV for the accountant"
    assert seen["following"]["selected"] == seen["tagged"]["done"]
    assert len(seen["following"]["files"]) == 1


def the_table_of_the_readme_has_them(seen: Any) -> None:
    assert "| Archive | `archive.tag` |" in seen["table"]
    assert ", `export.csv_for_accountant`" in seen["table"]


def the_site_has_a_page_of_them(seen: Any) -> None:
    assert "`archive.tag`: Puts a tag on invoices, by which they are found again." in seen["page"]
    assert "| `is_empty` |" in seen["page"]
    assert "invoicebatch run archive.tag --where" in seen["page"]
