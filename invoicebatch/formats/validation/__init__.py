"""Is a document what it must be? Rules over frames, then XSD, then the official schematron.

Each layer names the row and the rule; nothing is repaired here.
"""

from datetime import datetime
from importlib.util import find_spec
from typing import Any, Final, Literal

from invoicebatch.errors import ParameterError
from invoicebatch.model.action import Surroundings

Schematron = Literal["auto", "all", "sample", "none"]
"""Which documents the official schematron checks; `auto`: all of a few, a sample of many."""

MISSING: Final = "The official rules of e-invoices (schematron) are asked by saxonche, which is not installed"
INSTALL: Final = "pip install 'invoicebatch[einvoice]'"
WITHOUT: Final = "with schematron = none our own rules and the XSD are asked alone"


def require_official_rules(how: str = "") -> None:
    """Refuse, before anything is planned, what the official rules are to be asked of where they can't be.

    Args:
        how: how to do without them, for whoever may.

    Raises:
        ParameterError: they can't be asked here.
    """
    if find_spec("saxonche") is None:
        raise ParameterError(f"{MISSING}.", f"{INSTALL}{how and f'; or {how}'}")


def check_facturx(params: Any, around: Surroundings, now: datetime) -> None:  # noqa: ARG001
    """Documents with Factur-X data need the official rules: `Action.check` of what makes documents.

    Raises:
        ParameterError: they can't be asked here.
    """
    if around.settings.documents.facturx:
        require_official_rules("leave out [documents] facturx")
