"""Pages compared as pictures, one for each layout and language.

After a wanted change: `python -m tests.formats.pdf.test_pictures` draws the pictures anew.
"""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageChops

from invoicebatch.formats.pdf.account_statement import statement_document
from invoicebatch.formats.pdf.account_statement_case import statement
from invoicebatch.formats.pdf.data import documents
from invoicebatch.formats.pdf.render import render_pages
from invoicebatch.formats.pdf.template import LAYOUTS, load_template
from invoicebatch.model.changes import RowFailure
from tests.formats.pdf import samples

GOLDEN = Path(__file__).parent / "golden"
PPI = 50
TOLERANCE = 0.004
"""Share of the ink that may differ: more than another version of the rasterizer, less than a moved word."""

LANGUAGES = {"invoice": "en", "advance": "nl", "final_note": "fr", "correction_note": "de",
             "credit_note": "en", "statement": "nl"}  # fmt: skip
PICTURES: dict[str, dict[str, Any]] = {
    **{kind: {"kind": kind, "customer": {"language": LANGUAGES[kind]}} for kind in LAYOUTS},
    **{f"invoice-{language}": {"customer": {"language": language}} for language in ("nl", "fr", "de")},
    "readings": {"readings": samples.monthly_readings(), "lines": samples.energy_lines()[:2]},
    "direct-debit": samples.MANDATE,
    "partly-paid": {"outstanding_cents": 100_000},
    "set-off": {"kind": "credit_note", "lines": [samples.line("Elektriciteit", -1000, "0.25")],
                "credited_cents": -20_000, "outstanding_cents": -10_250, "preceding_number": "2026-000007",
                "customer": {"language": "nl"}},
}  # fmt: skip


STATEMENT = "account_statement"


def values_of(name: str) -> dict[str, Any]:
    values = dict(PICTURES[name])
    if name == "final_note":
        advance = samples.line("Avance 2026-000003", -1, "500", unit="C62", advance_of=3)
        values["lines"] = [*samples.energy_lines()[:4], advance]
    if name in ("credit_note", "correction_note"):
        values["preceding_number"] = "2026-000099"
    if name == "credit_note":
        values["lines"] = [samples.line("Electricity", -1000, "0.25")]
    return values


def picture(name: str) -> Image.Image:
    template = load_template()
    if name == STATEMENT:
        document: Any = statement_document(statement("de"), template.wording("de"))
    else:
        row = samples.invoice(**values_of(name))
        [document] = documents(samples.batch(row), lambda _, language: template.wording(language))
    assert not isinstance(document, RowFailure)
    pages = [Image.open(io.BytesIO(page)).convert("L") for page in render_pages(document, template, PPI)]
    whole = Image.new("L", (sum(page.width for page in pages), pages[0].height), 255)
    for number, page in enumerate(pages):
        whole.paste(page, (number * page.width, 0))
    return whole


@pytest.mark.parametrize("name", [*PICTURES, STATEMENT])
def test_pages_look_as_they_did(name: str, tmp_path: Path) -> None:
    now = picture(name)
    then = Image.open(GOLDEN / f"{name}.png").convert("L")
    now.save(tmp_path / "now.png")
    assert now.size == then.size
    difference = np.asarray(ImageChops.difference(now, then), dtype=np.int64)
    assert (difference > 48).mean() < TOLERANCE, f"compare {tmp_path / 'now.png'} with the golden picture"


def test_the_comparison_notices_a_changed_amount() -> None:
    then = picture("invoice")
    template = load_template()
    row = samples.invoice(lines=[samples.line("Something else entirely", 1, "999")])
    [document] = documents(samples.batch(row), lambda _, language: template.wording(language))
    assert not isinstance(document, RowFailure)
    page = Image.open(io.BytesIO(render_pages(document, template, PPI)[0])).convert("L")
    difference = np.asarray(ImageChops.difference(page, then.crop((0, 0, *page.size))), dtype=np.int64)
    assert (difference > 48).mean() > TOLERANCE


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for golden in [*PICTURES, STATEMENT]:
        picture(golden).quantize(16).save(GOLDEN / f"{golden}.png", optimize=True)
