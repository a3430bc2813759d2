"""Proposes a mapping of a foreign file from its headers and cells; nothing is imported here."""

from invoicebatch.ingest.guess.propose import Proposal, propose
from invoicebatch.ingest.guess.seen import Known

__all__ = ["Known", "Proposal", "propose"]
