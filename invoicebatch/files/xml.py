"""The one XML parser for bytes from outside: no DTD, no entities, no network, bounded size.

Every module that reads XML it did not write itself comes here; nothing else may configure lxml.
"""

from codecs import BOM_UTF8
from collections.abc import Iterator
from typing import Any, BinaryIO, Final
from xml.parsers import expat

from lxml import etree

from invoicebatch.errors import InputFileError
from invoicebatch.files.limits import DOCUMENT_BYTES, ELEMENT_BYTES, check_tags, words

_CHUNK: Final = 256 << 10


class _PrologEndError(Exception):
    """The root element has been reached: the prolog is clean."""


def parse_xml(data: bytes, name: str = "the XML file") -> etree._Element:
    """The root element of a document.

    Args:
        data: the document, at most `DOCUMENT_BYTES`.
        name: what the error message calls it.

    Raises:
        InputFileError: not well-formed, too large, of too many tags, nested too deeply, or with a DOCTYPE.
    """
    if len(data) > DOCUMENT_BYTES:
        raise InputFileError(f"{name} is larger than {words(DOCUMENT_BYTES)}", "Split it into smaller files.")
    check_tags(name, data)
    refuse_doctype(data, name)
    try:
        return etree.fromstring(data, etree.XMLParser(**_OPTIONS))
    except etree.XMLSyntaxError as error:
        raise _malformed(name, error) from error


def iterate_xml(
    stream: BinaryIO, tags: tuple[str, ...], name: str = "the XML file"
) -> Iterator[etree._Element]:
    """Elements of the given tags as they end, each freed once the next one is asked for.

    Memory stays bounded: more than `ELEMENT_BYTES` without a wanted element is refused. A byte order
    mark decides the encoding, and blanks before the document are read over.

    Args:
        stream: the document's bytes; the caller bounds their total.
        tags: tags in Clark notation, `{namespace}local`; `{*}local` for any namespace.
        name: what the error message calls it.

    Raises:
        InputFileError: not well-formed, an element too large, or a DOCTYPE.
    """
    head = stream.read(_CHUNK)
    marked = head.startswith(BOM_UTF8)
    head = head.removeprefix(BOM_UTF8).lstrip(b" \t\r\n")
    encoding = "utf-8" if marked else None
    refuse_doctype(head, name, encoding)
    parser = etree.XMLPullParser(events=("end",), tag=tags, encoding=encoding, **_OPTIONS)
    pending, chunk = 0, head
    try:
        while chunk:
            parser.feed(chunk)
            pending += len(chunk)
            for _, element in parser.read_events():
                pending = 0
                if not etree.iselement(element):
                    continue
                yield element
                _free(element)
            if pending > ELEMENT_BYTES:
                raise InputFileError(f"{name} holds one element of more than {words(ELEMENT_BYTES)}")
            chunk = stream.read(_CHUNK)
        parser.close()
    except etree.XMLSyntaxError as error:
        raise _malformed(name, error) from error


_OPTIONS: Final[dict[str, Any]] = {
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "dtd_validation": False,
    "attribute_defaults": False,
    "huge_tree": False,
    "remove_comments": True,
    "remove_pis": True,
}


def split_name(element: etree._Element) -> tuple[str, str]:
    """An element's namespace and its name in it; lxml's own QName refuses namespaces with odd characters."""
    namespace, _, name = str(element.tag).removeprefix("{").rpartition("}")
    return namespace, name


def _free(element: etree._Element) -> None:
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]


def _malformed(name: str, error: Exception) -> InputFileError:
    return InputFileError(f"{name} is not well-formed XML: {error}", "Export it again from its source.")


def refuse_doctype(head: bytes, name: str, encoding: str | None = None) -> None:
    """Read the prolog with expat, which sees a DOCTYPE in any encoding before its content counts.

    Raises:
        InputFileError: there is one, or no root element.
    """

    def doctype(*_: object) -> None:
        raise InputFileError(
            f"{name} declares a DOCTYPE, which can hide entities and outside files",
            "No invoice or workbook needs one: remove it, or export the file again from its source.",
        )

    def element(*_: object) -> None:
        raise _PrologEndError

    parser = expat.ParserCreate(encoding)
    parser.StartDoctypeDeclHandler = doctype
    parser.StartElementHandler = element
    try:
        parser.Parse(head, False)
    except _PrologEndError:
        return
    except (expat.ExpatError, LookupError, ValueError) as error:
        raise _malformed(name, error) from error
    raise InputFileError(f"{name} is not an XML document: it has no root element")
