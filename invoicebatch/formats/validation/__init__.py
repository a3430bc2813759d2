"""Is a document what it must be? Rules over frames, then XSD, then the official schematron.

Each layer names the row and the rule; nothing is repaired here.
"""

from typing import Literal

Schematron = Literal["auto", "all", "sample", "none"]
"""Which documents the official schematron checks; `auto`: all of a few, a sample of many."""
