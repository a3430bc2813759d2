"""The rules of EN 16931 and Peppol BIS Billing 3 that our documents can break, by their official ids.

Sources: EN 16931-1 and the schematrons of CEN (1.3) and OpenPeppol (3.0). The decimals of amounts
(BR-DEC) can't be wrong here: amounts are whole cents.
"""

from typing import Final

from invoicebatch.formats.validation.facts import Rule
from invoicebatch.formats.validation.rules import (
    codes,
    document,
    france,
    germany,
    lines,
    national,
    parties,
    peppol,
    structure,
    totals,
    vat,
)

RULES: Final[tuple[Rule, ...]] = (
    *document.RULES,
    *parties.RULES,
    *lines.RULES,
    *totals.RULES,
    *vat.RULES,
    *codes.RULES,
    *peppol.RULES,
    *national.RULES,
    *germany.RULES,
    *france.RULES,
    *structure.RULES,
)
"""Every rule; those with a PEPPOL id are asked of documents that follow Peppol BIS Billing 3."""
