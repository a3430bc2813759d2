"""What people read where a value is wrong: parameters, settings, mappings and flows, never a word of Python."""

import re
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Final, get_args

import pytest
from pydantic import BaseModel

from invoicebatch.actions import registry
from invoicebatch.engine.plan.params import parse_params
from invoicebatch.errors import InvoicebatchError, RulesError
from invoicebatch.ingest.mapping.model import parse_mapping
from invoicebatch.interfaces.lab.dialogs import problems
from invoicebatch.model.payments.collection import load_flows
from invoicebatch.settings import Settings, load_settings

PYTHON: Final = re.compile(
    r"Value error|Input should|Field required|datetime\.|Decimal\(|validation error|\btype=|<class|Traceback|"
    r"\bNone\b|\bint\b|\bbool\b|\bstr\b|\bdict\b|\btuple\b|JSONDecode|Expecting value|pydantic|unable to"
)
WRONG: Final = (
    "perhaps", "", "-1", "31-12-2026", "1e400", "NaN", "x" * 600, date(1, 1, 1), Decimal("0.001"), -5, 10**30,
    1.5, True, None, ["perhaps"], {"a": 1}, b"bytes",
)  # fmt: skip
PARAMETERS: Final = [(a.name, name) for a in registry().values() for name in a.params.model_fields]


@contextmanager
def suppress_into(told: list[str]) -> Iterator[None]:
    """Keep the message of our own error, where one is raised; any other goes on."""
    try:
        yield
    except InvoicebatchError as error:
        told.append(error.message)


@pytest.mark.parametrize(("action", "name"), PARAMETERS)
def test_a_wrong_parameter_is_named_in_words(action: str, name: str) -> None:
    found = registry()[action]
    told = []
    for value in WRONG:
        told += problems(found, {name: value}).values()
        with suppress_into(told):
            parse_params(found, {name: value}, Settings(), date(2026, 11, 22), {})
    assert told
    assert [text for text in told if PYTHON.search(text)] == []


def _keys(section: type[BaseModel], prefix: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, field in section.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _keys(kind, (*prefix, name))
        elif name == "external":
            yield from _keys(get_args(kind)[1], ("external", "ledger"))
        else:
            yield (*prefix, name)


@pytest.mark.parametrize("keys", list(_keys(Settings)), ids=".".join)
def test_a_wrong_setting_is_named_in_words(
    keys: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("INVOICEBATCH_EXECUTOR__PROCESSES", raising=False)
    told: list[str] = []
    for value in ('"perhaps"', "-1", "1e999", "[[1]]", "{ a = 1 }", "2026-11-22", '""'):
        *tables, key = keys
        head = f"[{'.'.join(tables)}]\n" if tables else ""
        kind = 'kind = "files"\n' if tables and tables[0] == "external" and key != "kind" else ""
        (tmp_path / "invoicebatch.toml").write_text(f"{head}{kind}{key} = {value}\n")
        with suppress_into(told):
            load_settings(tmp_path)
    assert told
    assert [text for text in told if PYTHON.search(text) or ".".join(keys) not in text] == []


MAPPINGS: Final = (
    '[invoices]\nnumber = { column = "N", constant = "x" }',
    "[invoices]\nnumber = { colum = 1 }",
    "[invoices]\nnumber = { column = 1 }",
    '[file]\ndecimal = ";"\n[invoices]\nnumber = "N"',
    '[file]\ndelimiter = "ab"\n[invoices]\nnumber = "N"',
    '[file]\ncolour = "red"\n[invoices]\nnumber = "N"',
    '[[refuse]]\nwhen = 1\n[invoices]\nnumber = "N"',
    '[invoices]\nwhen_rows_differ = "guess"\nnumber = "N"',
    "[invoices]\nonly_new = true",
    "[invoices]\nfiles = 7",
    'refuse = 3\n[invoices]\nnumber = "N"',
)


@pytest.mark.parametrize("text", MAPPINGS)
def test_a_wrong_mapping_is_named_in_words(text: str) -> None:
    with pytest.raises(RulesError) as error:
        parse_mapping(tomllib.loads(text), "m.toml")
    assert not PYTHON.search(str(error.value)), str(error.value)


FLOWS: Final = (
    "standard = 1",
    "[standard]\nlabel = 1",
    '[standard]\nlabel = "S"\nstart_days = "soon"\nsteps = []',
    '[standard]\nlabel = "S"\nstart_days = 0\nsteps = [{ name = "", after_days = -1, channel = "pigeon" }]',
    '[standard]\nlabel = "S"\nstart_days = 0\nsteps = [{ name = "a", after_days = 1, channel = "post", cost = { type = "fixed", amount = "lots" } }]',
    '[standard]\nlabel = "S"\nstart_days = 0\nsteps = [{ name = "a", after_days = 1, channel = "post", cost = { amount = 12.5 } }]',
    '[standard]\nlabel = "S"\nstart_days = 0\nsteps = [{ name = "a", after_days = 1, channel = "post", titles = { xx = "y" } }]',
)


@pytest.mark.parametrize("text", FLOWS)
def test_a_wrong_flow_is_named_in_words(text: str, tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/collection_flows.toml").write_text(text)
    with pytest.raises(RulesError, match=r"collection_flows.toml: standard") as error:
        load_flows(tmp_path)
    assert not PYTHON.search(error.value.message.replace(str(tmp_path), "")), error.value.message
