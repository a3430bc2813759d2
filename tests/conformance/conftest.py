"""The official examples, read once."""

from pathlib import Path

import pytest

from invoicebatch.files.xml import parse_xml
from invoicebatch.ingest.ubl import read_ubl
from invoicebatch.ingest.ubl.reader import read_document


@pytest.fixture(scope="session")
def examples(shared) -> list[Path]:
    """EN 16931, Peppol BIS Billing and Self-Billing, XRechnung, and the energy extension."""
    sets = (
        "en16931-*/examples/*",
        "peppol-bis-3*/examples/*",
        "peppol-selfbilling-*/examples/*",
        "xrechnung-*/examples/*_ubl.xml",
        "energie*/*.xml",
    )
    return [path for each in sets for path in sorted((shared / "validation").glob(each))]


@pytest.fixture(scope="session")
def read_examples(examples):
    return [read_document(parse_xml(path.read_bytes())) for path in examples]


@pytest.fixture(scope="session")
def example_intake(examples):
    return read_ubl(examples)
