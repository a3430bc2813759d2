"""The packed PDF is the same document: each object as the compiler wrote it, in a file that every check passes."""

import io
import re

import pikepdf
import pytest
import typst

from invoicebatch.formats.pdf.object_streams import packed

PAGES = "\n".join(
    f"#heading(level: 1)[Part {part}]\n#table(columns: 2, [(a\\)], [endstream endobj {part}])\n#pagebreak(weak: true)"
    for part in range(40)
)
DOCUMENT = f"""
#set document(title: "endobj (1", date: datetime(year: 2026, month: 1, day: 2))
#pdf.attach("a.xml", bytes("<a>endstream\\nendobj\\n</a>"), relationship: "source", mime-type: "text/xml", description: "a")
{PAGES}
""".encode()


def compiled(standard: str) -> bytes:
    document = (
        DOCUMENT if standard in ("a-3a", "a-3b", "1.7", "2.0") else DOCUMENT.replace(b"#pdf.attach", b"//")
    )
    return typst.compile(document, pdf_standards=[standard])


def laid_out(pdf: bytes, end: bytes) -> bytes:
    """The document with other white space after each object, as compilers of other versions write it."""
    start = int(pdf.split()[-2])
    body = pdf[:start].replace(b"endobj\n", b"endobj" + end)
    places = [match.start(1) for match in re.finditer(rb"^(\d+) 0 obj$", body, re.MULTILINE)]
    entries = "".join(f"{place:010d} 00000 n \n" for place in places)
    table = f"xref\n0 {len(places) + 1}\n0000000000 65535 f \n{entries}".encode()
    trailer = pdf[pdf.index(b"trailer", start) : pdf.rindex(b"startxref")]
    return body + table + trailer + b"startxref\n%d\n%%%%EOF" % len(body)


def objects(pdf: bytes) -> dict[int, bytes]:
    """Each object of the document's own, unpacked; the stream that holds others and the last table are not its own."""
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        found = {}
        for each in opened.objects:
            if isinstance(each, pikepdf.Stream):
                if each.get("/Type") not in ("/ObjStm", "/XRef"):
                    found[each.objgen[0]] = each.stream_dict.unparse() + each.read_raw_bytes()
            else:
                found[each.objgen[0]] = each.unparse(resolved=True)
        return found


@pytest.mark.parametrize("standard", ["a-3a", "a-2b", "ua-1", "1.7", "2.0"])
def test_every_object_is_what_it_was(standard: str) -> None:
    plain = compiled(standard)
    small = packed(plain)
    assert len(small) < 0.6 * len(plain)
    assert objects(small) == objects(plain)
    with pikepdf.open(io.BytesIO(plain)) as before, pikepdf.open(io.BytesIO(small)) as after:
        assert after.check_pdf_syntax() == []
        assert after.trailer.ID == before.trailer.ID
        assert after.docinfo == before.docinfo
        assert len(after.pages) == len(before.pages) == 40


@pytest.mark.parametrize(
    ("end", "smaller"), [(b"\n", True), (b"\n\n", True), (b"\r\n", False), (b" \n", False)]
)
def test_other_white_space_loses_nothing(end: bytes, smaller: bool) -> None:
    plain = laid_out(compiled("a-2b"), end)
    small = packed(plain)
    assert (len(small) < 0.6 * len(plain)) is smaller
    assert objects(small) == objects(plain) == objects(compiled("a-2b"))
    with pikepdf.open(io.BytesIO(small)) as opened:
        assert opened.check_pdf_syntax() == []


@pytest.mark.parametrize(
    "pdf", [compiled("a-1b"), packed(compiled("a-3b")), b"", b"%PDF-1.7 startxref\n9\n%%EOF"]
)
def test_what_may_not_or_can_not_be_packed_stays(pdf: bytes) -> None:
    """PDF/A-1 knows no object streams."""
    assert packed(pdf) is pdf
