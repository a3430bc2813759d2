"""Ids that are derived, not drawn: the same input always gives the same id."""

import hashlib
import json
import uuid
from collections.abc import Mapping
from typing import Any, Final

NAMESPACE: Final = uuid.UUID("6f1f2c0e-9f0b-5c3e-8a53-0d3a8ff3c9a1")


def sha256_json(value: Any) -> str:
    """SHA-256 of a value's canonical JSON (sorted keys, dates and decimals as text)."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), default=str, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def sha256_bytes(content: bytes) -> str:
    """SHA-256 of a file's bytes."""
    return hashlib.sha256(content).hexdigest()


def derived_id(kind: str, *parts: object) -> str:
    """A uuid5 of a kind of thing and the parts that make it unique.

    >>> derived_id("bundle", "run", "NL") == derived_id("bundle", "run", "NL")
    True
    """
    name = "\x1f".join([kind, *(str(part) for part in parts)])
    return str(uuid.uuid5(NAMESPACE, name))


def run_id(plan: Mapping[str, Any]) -> str:
    """The id of the run of a plan: the same plan finds its own run again."""
    return derived_id("run", sha256_json(plan))


def as_invoice_id(text: str) -> int | None:
    """The invoice id that a text is; None: it is none.

    >>> as_invoice_id("42"), as_invoice_id("²"), as_invoice_id("9" * 24)
    (42, None, None)
    """
    return int(text) if text.isdecimal() and len(text) < 20 and int(text) < 2**63 else None


def end_to_end_id(bundle_id: str, item_no: int) -> str:
    """ISO 20022 EndToEndId of a bundle's item: at most 35 characters, no underscore.

    >>> end_to_end_id("6f1f2c0e-9f0b-5c3e-8a53-0d3a8ff3c9a1", 7)
    'IB6F1F2C0E9F0B5C3E8A53-000007'
    """
    return f"IB{bundle_id.replace('-', '')[:20].upper()}-{item_no:06d}"
