"""The hardened XML parser: what it reads, and every known attack it refuses."""

import io
import subprocess
import sys
import textwrap

import pytest

from invoicebatch.errors import InputFileError
from invoicebatch.files.limits import ELEMENT_BYTES
from invoicebatch.files.xml import iterate_xml, parse_xml

LAUGHS = b"".join(
    [b'<!DOCTYPE r [<!ENTITY a0 "lol">']
    + [b'<!ENTITY a%d "%s">' % (i, b"&a%d;" % (i - 1) * 10) for i in range(1, 10)]
    + [b"]><r>&a9;</r>"]
)
DOCTYPES = {
    "billion laughs": LAUGHS,
    "entity in an attribute": LAUGHS.replace(b"<r>&a9;</r>", b'<r a="&a9;"/>'),
    "outside file": b'<!DOCTYPE r [<!ENTITY e SYSTEM "file:///etc/hostname">]><r>&e;</r>',
    "outside DTD": b'<!DOCTYPE r SYSTEM "http://127.0.0.1:9/x.dtd"><r/>',
    "parameter entity": b'<!DOCTYPE r [<!ENTITY % p SYSTEM "file:///etc/hostname"> %p;]><r/>',
    "UTF-16": '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE r [<!ENTITY e "x">]><r>&e;</r>'.encode(
        "utf-16"
    ),
    "after a comment": b"<?xml version='1.0'?><!-- <r/> --><!DOCTYPE r><r/>",
}


@pytest.mark.parametrize("data", DOCTYPES.values(), ids=DOCTYPES)
def test_doctype_is_refused_in_every_disguise(data: bytes) -> None:
    with pytest.raises(InputFileError, match="DOCTYPE"):
        parse_xml(data)
    with pytest.raises(InputFileError, match="DOCTYPE"):
        list(iterate_xml(io.BytesIO(data), ("r",)))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"   ",
        b"hello",
        b"<a>",
        b"<a></b>",
        b"<a>&undefined;</a>",
        b"\x00\x01",
        b'<?xml version="1.0" encoding="x-no"?><a/>',
    ],
)
def test_what_is_no_xml_is_refused_by_name(data: bytes) -> None:
    with pytest.raises(InputFileError, match=r"bill\.xml"):
        parse_xml(data, "bill.xml")


def test_depth_and_size_are_bounded() -> None:
    with pytest.raises(InputFileError):
        parse_xml(b"<a>" * 10_000 + b"</a>" * 10_000)
    with pytest.raises(InputFileError):
        parse_xml(b"<a>" + b"x" * (11 << 20) + b"</a>")


def test_reads_plain_documents_and_other_encodings() -> None:
    assert (
        parse_xml(
            "<a>é</a>".encode("latin-1").replace(b"<a>", b'<?xml version="1.0" encoding="iso-8859-1"?><a>')
        ).text
        == "é"
    )
    assert parse_xml("<a>é</a>".encode("utf-16")).text == "é"
    assert parse_xml(b"\xef\xbb\xbf<a>x</a>").text == "x"


def test_stream_gives_elements_in_order_and_forgets_them() -> None:
    rows = b"".join(b"<row><c>%d</c></row>" % i for i in range(100_000))
    seen = [element.findtext("c") for element in iterate_xml(io.BytesIO(b"<s>" + rows + b"</s>"), ("row",))]
    assert seen == [str(i) for i in range(100_000)]


def test_one_endless_element_is_refused() -> None:
    endless = b"<s><row>" + b"<c>1</c>" * (2 * ELEMENT_BYTES // 8) + b"</row></s>"
    with pytest.raises(InputFileError, match="one element"):
        list(iterate_xml(io.BytesIO(endless), ("row",)))


def test_a_truncated_stream_is_refused() -> None:
    with pytest.raises(InputFileError, match="well-formed"):
        list(iterate_xml(io.BytesIO(b"<s><row/><row/>"), ("row",)))


def test_attacks_stay_within_bounded_memory() -> None:
    code = textwrap.dedent(
        f"""
        import io, resource
        from invoicebatch.errors import InputFileError
        from invoicebatch.files.xml import iterate_xml
        size = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (size + (200 << 20),) * 2)
        class Endless(io.RawIOBase):
            def __init__(self): self.sent = False
            def read(self, n=-1):
                if self.sent: return b"<c>1</c>" * (n // 8)
                self.sent = True
                return b"<s><row>"
        for stream in (Endless(), io.BytesIO({LAUGHS!r})):
            try: list(iterate_xml(stream, ("row",)))
            except InputFileError: print("refused")
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split() == ["refused", "refused"]
