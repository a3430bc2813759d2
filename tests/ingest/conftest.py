"""Small files for intake tests, written to a temporary folder."""

from collections.abc import Callable
from pathlib import Path

import pytest

from invoicebatch.ingest.intake import Intake, read_files
from invoicebatch.ingest.mapping.model import parse_mapping

INVOICES = "external_id,customer_id,company_account_id\nA1,00013,NL\nA2,C2,NL\n"
LINES = (
    "external_id,name,quantity,price,vat_rate\n"
    "A1,Electricity,10,0.25,21\nA1,Gas,3,1.005,21\nA1,Water,1,2.00,9\nA2,Gas,1,10,21\n"
)

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write text or bytes to a file of that name."""

    def write_file(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write_file


@pytest.fixture
def take(write: Write) -> Callable[..., Intake]:
    """Import some files given as name=content; `mapping` is TOML content as a dict."""

    def take_files(files: dict[str, str | bytes], mapping: dict | None = None, **options: object) -> Intake:
        paths = [write(name, content) for name, content in files.items()]
        parsed = parse_mapping(mapping, "mapping.toml") if mapping else None
        return read_files(paths, options.pop("kind", None), parsed, defaults=options)

    return take_files
