"""SEPA payment initiation messages of ISO 20022: written, validated and re-read."""

from invoicebatch.formats.pain.check import check_message
from invoicebatch.formats.pain.message import Message
from invoicebatch.formats.pain.write import write_message

__all__ = ["Message", "check_message", "write_message"]
