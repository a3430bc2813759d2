"""The payment code, read back by a reader of its own."""

import io

import numpy as np
import zxingcpp

from invoicebatch.formats.pdf import qr
from invoicebatch.formats.pdf.data import documents
from invoicebatch.formats.pdf.render import render_pages
from invoicebatch.formats.pdf.template import load_template
from tests.formats.pdf import samples

TRANSFER = qr.Transfer("Énergie Łódź", "NL91ABNA0417164300", "ABNANL2A", 12345, "RF18 5390 0754 7034")


def test_the_payload_has_the_lines_of_the_standard() -> None:
    assert qr.epc_text(TRANSFER).split("\n") == [
        "BCD", "002", "1", "SCT", "ABNANL2A", "Énergie Łódź", "NL91ABNA0417164300", "EUR123.45", "",
        "RF18539007547034",
    ]  # fmt: skip


def test_other_references_are_free_text() -> None:
    transfer = qr.Transfer("A", "NL91ABNA0417164300", "", 1, "+++090/9337/55493+++")
    assert qr.epc_text(transfer).endswith("EUR0.01\n\n\n+++090/9337/55493+++")


def test_nothing_to_transfer_gives_no_code() -> None:
    for cents in (0, -5, 10**11):
        assert not qr.epc_text(qr.Transfer("A", "NL91ABNA0417164300", "", cents, "x"))


def test_a_phone_reads_it_from_the_page() -> None:
    from PIL import Image

    template = load_template()
    [document] = documents(samples.batch(samples.invoice()), lambda *_: template.wording("nl"))
    pages = render_pages(document, template, ppi=150)
    codes = [
        code.bytes.decode()
        for picture in pages
        for code in zxingcpp.read_barcodes(np.asarray(Image.open(io.BytesIO(picture)).convert("L")))
    ]
    assert len(codes) == 1
    assert "EUR1526.35" in codes[0]
    assert codes[0].startswith("BCD\n002\n1\nSCT\nABNANL2A\nNoordlicht Energie B.V.")
