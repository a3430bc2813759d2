"""The site is built from the pages and the program; a link that leads nowhere is a fault."""

import re
import runpy
import tomllib
from pathlib import Path

import pytest
from PIL import Image

from invoicebatch.actions import registry

ROOT = Path(__file__).resolve().parents[2]


def test_the_site_is_built_and_every_link_leads_somewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_MKDOCS_2_WARNING", "1")
    build = pytest.importorskip(
        "mkdocs.commands.build", reason="mkdocs is not installed: pip install -e '.[docs]'"
    )
    from mkdocs.config import load_config

    build.build(load_config(str(ROOT / "mkdocs.yml"), site_dir=str(tmp_path / "site"), strict=True))
    page = (tmp_path / "site" / "actions" / "approve.html").read_text()
    assert "invoicebatch run approve" in page
    assert (tmp_path / "site" / "reference" / "python.html").read_text().count("doc-heading") > 20
    assert "googleapis" not in page
    assert "cdn" not in page


def test_every_written_page_is_in_the_navigation() -> None:
    nav = (ROOT / "mkdocs.yml").read_text()
    pages = (page.relative_to(ROOT / "docs").as_posix() for page in (ROOT / "docs").rglob("*.md"))
    assert [page for page in pages if page not in nav and not page.startswith("decisions/")] == []


def test_what_is_told_of_actions_is_told_of_those_on_the_bar() -> None:
    told = tomllib.loads((ROOT / "docs" / "actions.toml").read_text())
    bar = {name for name, action in registry().items() if not action.hidden}
    assert set(told) <= bar
    assert all(one["lead"].strip() and ("where" in one or "ids" in one) for one in told.values())


def test_a_usage_line_is_that_of_its_command_whoever_builds_the_site() -> None:
    text = runpy.run_path(str(ROOT / "docs" / "pages.py"))["commands_page"]()
    usages = re.findall(r"^#+ (invoicebatch[^\n]*)\n+```console\n([^\n]*)", text, flags=re.MULTILINE)
    assert len(usages) > 60
    for heading, usage in usages:
        rest = usage.removeprefix(heading)
        assert rest != usage, usage
        assert re.fullmatch(r"(?: (?:--\w[\w-]*|\[?[A-Z_-]+(?:\.\.\.)?\]?))*", rest), usage


def test_the_page_of_each_action_shows_its_dialog_and_says_what_it_shows() -> None:
    pages = runpy.run_path(str(ROOT / "docs" / "pages.py"))["generated"]()
    bar = {name: action for name, action in registry().items() if not action.hidden}
    for name, action in bar.items():
        ((told, place),) = re.findall(r"!\[([^\]]*)\]\(([^)]*)\)", pages[f"actions/{name}.md"])
        assert name in told
        assert action.title in told
        with Image.open(ROOT / "docs" / "actions" / place) as picture:
            assert picture.format == "PNG"
            assert picture.width == 680
            assert len(picture.getcolors() or []) > 8, "an empty dialog"
    files = sorted((ROOT / "docs" / "actions" / "pictures").iterdir())
    assert [file.stem for file in files] == sorted(bar)
    assert max(file.stat().st_size for file in files) < 40_000
    assert sum(file.stat().st_size for file in files) < 1_000_000
