"""Rendering: one typst compiler beside each process, documents in groups, bytes out.

The functions are picklable by name, for a pool of spawned processes; nothing is written here.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal

from invoicebatch.errors import RenderError
from invoicebatch.formats.pdf import qr
from invoicebatch.formats.pdf.compile import TemplateError, compile_pages
from invoicebatch.formats.pdf.data import Document, documents
from invoicebatch.formats.pdf.faults import describe
from invoicebatch.formats.pdf.fonts import CJK_FAMILY, font_folders, has_cjk
from invoicebatch.formats.pdf.object_streams import packed
from invoicebatch.formats.pdf.template import Template, load_template
from invoicebatch.formats.pdf.wording import Wording
from invoicebatch.formats.validation.workspace_rules import WorkspaceRules
from invoicebatch.model.changes import Batch, RowFailure
from invoicebatch.model.ident import sha256_bytes, sha256_json
from invoicebatch.model.slices import slices

JOB_DOCUMENTS: Final = 20
"""Documents a job: enough to hide the hand-over between processes, few enough to spread well."""


@dataclass(frozen=True, slots=True)
class RenderJob:
    """A few documents for one process.

    Attributes:
        batch: their rows.
        folders: by company account, the folders that override the shipped template.
        language: where neither customer nor account has one.
        known: by invoice, template and content hash of its present document; a document that
            would be the same is not rendered.
        facturx: embed the invoice as data (Factur-X), checked by these rules; the template's hash then is another one.
    """

    batch: Batch
    folders: Mapping[str, tuple[Path, ...]]
    language: str = "en"
    known: Mapping[int, tuple[str, str]] = field(default_factory=dict)
    facturx: WorkspaceRules | None = None


@dataclass(frozen=True, slots=True)
class Rendered:
    """A document's bytes and what they were made of; no bytes where nothing changed."""

    invoice_id: int
    pdf: bytes
    template: str
    template_sha256: str
    content_sha256: str
    content: Mapping[str, Any] = field(default_factory=dict, repr=False)


def render_jobs(
    batch: Batch,
    folders: Mapping[str, tuple[Path, ...]],
    language: str,
    known: Mapping[int, tuple[str, str]] | None = None,
    size: int = JOB_DOCUMENTS,
    facturx: WorkspaceRules | None = None,
) -> Iterator[RenderJob]:
    """The batch in groups of `size` documents, each with just its own rows."""
    for part in slices(batch, size):
        yield RenderJob(part, folders, language, known or {}, facturx)


def render_documents(job: RenderJob) -> list[Rendered | RowFailure]:
    """Render a job's documents; a document that can't be made is a failure with its reason."""
    from invoicebatch.formats.checked import facturx_documents

    templates, broken = _templates(job)
    accounts = job.batch["company_accounts"].set_index("company_account_id")["language"].to_dict()

    def wording_for(account_id: str, language: str | None) -> Wording:
        template = templates.get(account_id) or load_template()
        return template.wording(language, accounts.get(account_id), job.language)

    data = None if job.facturx is None else facturx_documents(job.batch, job.facturx)
    results: list[Rendered | RowFailure] = []
    for document in documents(job.batch, wording_for):
        if isinstance(document, RowFailure):
            results.append(document)
        elif document.account_id in broken:
            results.append(RowFailure(document.invoice_id, broken[document.account_id]))
        else:
            template = templates[document.account_id]
            known = job.known.get(document.invoice_id)
            xml = None if data is None else data[document.invoice_id]
            results.append(_rendered(document, template, known, xml))
    return results


def _templates(job: RenderJob) -> tuple[dict[str, Template], dict[str, str]]:
    templates, broken = {}, {}
    for account_id in job.batch["company_accounts"]["company_account_id"]:
        try:
            templates[account_id] = load_template(job.folders.get(account_id, ()))
        except RenderError as error:
            broken[account_id] = str(error)
    return templates, broken


def _rendered(
    document: Document, template: Template, known: tuple[str, str] | None, data: bytes | str | None
) -> Rendered | RowFailure:
    """The document; `data` is its Factur-X document, or why that can't be made."""
    from invoicebatch.formats.cii.facturx import embed

    if isinstance(data, str):
        return RowFailure(document.invoice_id, f"Factur-X: {data}")
    sha256 = (
        template.sha256 if data is None else sha256_json(["facturx", template.sha256, sha256_bytes(data)])
    )
    result = Rendered(
        document.invoice_id, b"", template.name, sha256, document.content_sha256, document.content
    )
    if known == (sha256, document.content_sha256):
        return result
    try:
        pdf = render(document, template)
        return replace(result, pdf=pdf if data is None else embed(pdf, data))
    except RenderError as error:
        return RowFailure(document.invoice_id, str(error))


def render(document: Document, template: Template) -> bytes:
    """The PDF of a document; the same document and template give the same bytes.

    Raises:
        RenderError: a template that fails on it, or a character that no font has.
    """
    return _compiled(document, template, "pdf")[0][0]


def render_pages(document: Document, template: Template, ppi: float = 110) -> list[bytes]:
    """The pages as PNG pictures, for a preview.

    Raises:
        RenderError: as `render`.
    """
    return _compiled(document, template, "png", ppi)[0]


def render_watched(document: Document, template: Template) -> tuple[bytes, list[str]]:
    """The PDF, and what the compiler finds doubtful, such as a font that does not exist.

    Raises:
        RenderError: as `render`.
    """
    pages, warnings = _compiled(document, template, "pdf")
    told = [warning for warning in warnings if has_cjk() or CJK_FAMILY not in warning]
    return pages[0], [f"template {template.name}: {warning}" for warning in told]


def _compiled(
    document: Document, template: Template, form: Literal["pdf", "png"], ppi: float = 0
) -> tuple[list[bytes], list[str]]:
    content = document.content
    options: dict[str, Any] = {"timestamp": _timestamp(content), "format": form}
    options |= {"pdf_standards": template.look["pdf"]} if form == "pdf" else {"ppi": ppi}
    fonts = (*template.fonts, *font_folders())
    try:
        pages, warnings = compile_pages(template.root, fonts, _inputs(document, template), **options)
    except TemplateError as error:
        raise RenderError(
            describe(error.message, error.hints, error.diagnostic, template.name, content)
        ) from error
    except RenderError as error:
        raise RenderError(f"template {template.name}: {error.message}") from error
    return [packed(page) for page in pages] if form == "pdf" else pages, warnings


def _inputs(document: Document, template: Template) -> dict[str, bytes]:
    payment = document.content["payment"]
    code = payment["code"]
    content = {**document.content, "payment": {**payment, "qr": qr.svg(code) if code else ""}}
    return {
        "main.typ": f'#include "{document.kind}.typ"\n'.encode(),
        **template.files,
        "data.json": json.dumps(content, ensure_ascii=False).encode(),
        "words.json": template.words[document.wording.language],
    }


def _timestamp(content: Mapping[str, Any]) -> int:
    day = content["document_date"]
    return int(datetime(day["year"], day["month"], day["day"], 12, tzinfo=UTC).timestamp())
