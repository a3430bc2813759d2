"""Templates: layered, checked, hashed; faults named by file and line."""

from pathlib import Path

import pytest
from PIL import Image

from invoicebatch.errors import RenderError
from invoicebatch.formats.pdf import check
from invoicebatch.formats.pdf.check import check_template
from invoicebatch.formats.pdf.compare import document_text
from invoicebatch.formats.pdf.data import documents
from invoicebatch.formats.pdf.render import render, render_pages
from invoicebatch.formats.pdf.template import (
    DEFAULT,
    Template,
    load_template,
    template_folders,
)
from invoicebatch.model.changes import RowFailure
from tests.formats.pdf import samples


def folder(root: Path, **files: str) -> Path:
    """A template folder; in the names `__` stands for a slash, `_toml` and `_typ` for the ending."""
    for name, text in files.items():
        stem, _, kind = name.rpartition("_")
        path = root / (stem.replace("__", "/") + "." + kind)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def pdf_of(template: Template, **values: object) -> bytes:
    [document] = documents(
        samples.batch(samples.invoice(**values)), lambda _, language: template.wording(language)
    )
    assert not isinstance(document, RowFailure)
    return render(document, template)


def test_a_line_of_ones_own_changes_just_that(tmp_path: Path) -> None:
    mine = folder(
        tmp_path / "mine", template_toml='colour = "#883322"\n', texts__en_toml='[title]\ninvoice = "Bill"'
    )
    template = load_template((mine,))
    assert template.look["colour"] == "#883322"
    assert template.look["paper"] == load_template().look["paper"]
    text = document_text(pdf_of(template))
    assert "Bill 2026-000001" in text
    assert "Amount due" in text


def test_the_accounts_template_lies_over_the_workspaces(tmp_path: Path) -> None:
    folder(tmp_path / "house", template_toml='colour = "#111111"\nwindow = "right"\n')
    folder(tmp_path / "brand", template_toml='colour = "#222222"\n')
    template = load_template(template_folders(tmp_path, "house", "brand"))
    assert (template.look["colour"], template.look["window"]) == ("#222222", "right")
    assert template.name == "brand"


def test_the_hash_follows_every_file(tmp_path: Path) -> None:
    mine = folder(tmp_path / "mine", template_toml='colour = "#883322"\n')
    first = load_template((mine,)).sha256
    assert first != load_template().sha256
    assert load_template((mine,)).sha256 == first
    folder(mine, texts__nl_toml='[title]\ninvoice = "Nota"')
    assert load_template((mine,)).sha256 != first


@pytest.mark.parametrize("ending", ["png", "jpg", "svg"])
def test_a_logo_of_any_usual_kind_is_shown(tmp_path: Path, ending: str) -> None:
    mine = folder(tmp_path / "mine", template_toml=f'logo = "logo.{ending}"\n')
    if ending == "svg":
        svg = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 20"><rect width="40" height="20" fill="red"/></svg>'
        (mine / "logo.svg").write_text(svg)
    else:
        Image.new("RGB", (40, 20), "red").save(mine / f"logo.{ending}")
    template = load_template((mine,))
    [document] = documents(samples.batch(samples.invoice()), lambda _, language: template.wording(language))
    assert not isinstance(document, RowFailure)
    import io

    with Image.open(io.BytesIO(render_pages(document, template, 40)[0])) as picture:
        corner = picture.convert("RGB").crop((0, 0, 200, 60))
        assert any(r > 200 and g < 60 for _, (r, g, _b) in corner.getcolors(20000) or [])
    assert render(document, template)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('color = "#883322"', "unknown setting color"),
        ('colour = "red"', "colour = 'red' is not usable"),
        ("window_top = 50", "window_top must be a str"),
        ("colour = ", "template.toml: Invalid value"),
        ('logo = "missing.png"', "logo missing.png is not"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(RenderError, match=message):
        load_template((folder(tmp_path / "mine", template_toml=text),))


def test_a_language_of_ones_own_takes_what_it_lacks_from_english(tmp_path: Path) -> None:
    mine = folder(tmp_path / "mine", texts__es_toml='[title]\ninvoice = "Factura"')
    text = document_text(pdf_of(load_template((mine,)), customer={"language": "es"}))
    assert "Factura 2026-000001" in text
    assert "Amount due" in text


def test_a_year_of_eleven_months_is_named(tmp_path: Path) -> None:
    mine = folder(tmp_path / "mine", texts__nl_toml='[format]\nmonths = ["januari"]')
    with pytest.raises(RenderError, match=r"texts/nl.toml: format.months must name 12 months"):
        load_template((mine,))


@pytest.mark.parametrize("name", ["../outside", "nowhere"])
def test_a_folder_outside_or_absent_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "house").mkdir()
    with pytest.raises(RenderError, match=r"outside the workspace|does not exist"):
        template_folders(tmp_path / "house", name)


def test_a_template_reads_nothing_outside_its_folder(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    mine = folder(tmp_path / "mine", parts__totals_typ='#let totals = read("/../secret.txt")\n')
    with pytest.raises(RenderError, match=r"totals.typ line 1"):
        pdf_of(load_template((mine,)))


def test_our_own_template_has_no_fault() -> None:
    checked = check_template(DEFAULT)
    assert checked.faults == ()
    assert checked.cases > 25


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ({"parts__totals_typ": '#import "base.typ": *\n#let totals = d.totals.duee\n'},
         "totals.typ line 2 (field duee)"),
        ({"parts__totals_typ": "#let totals = [*oops]\n"}, "totals.typ line 1"),
        ({"parts__totals_typ": '#import "base.typ": *\n#let totals = []\n'}, "does not show Total excluding VAT"),
        ({"texts__nl_toml": '[payment]\ntransfer = "Betaal {bedrag}"'}, "uses {bedrag}, which nothing fills in"),
        ({"template_toml": 'fonts = ["Nosuch", "Source Sans Pro", "DejaVu Sans", "Noto Sans CJK SC"]'},
         "unknown font family: nosuch"),
        ({"template_toml": 'fonts = ["Source Sans Pro"]'}, "that no font of the template can show"),
    ],
)  # fmt: skip
def test_each_fault_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str], problem: str
) -> None:
    scripts = "Chinese, Japanese, Korean"
    monkeypatch.setattr(check, "_cases", lambda: {scripts: {"customer": {"name": "山田太郎"}}})
    monkeypatch.setattr(check, "LAYOUTS", ("invoice",))
    checked = check_template(folder(tmp_path / "mine", **files))
    assert any(problem in fault.problem for fault in checked.faults), checked.faults


def test_nothing_is_fetched_or_read_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "secret.typ").write_text("#let x = 1")
    for name in ("fetching", "linking"):
        (tmp_path / name).mkdir()
    (tmp_path / "fetching" / "opening.typ").write_text('#import "@preview/cetz:0.2.0": canvas')
    (tmp_path / "linking" / "opening.typ").symlink_to(tmp_path / "secret.typ")
    with pytest.raises(RenderError, match=r"opening\.typ: .@preview/cetz is a package"):
        load_template((tmp_path / "fetching",))
    with pytest.raises(RenderError, match=r"opening\.typ is a link out of the folder"):
        load_template((tmp_path / "linking",))
