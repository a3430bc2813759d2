"""By what the review judges: what is kept of it is valid as long as this is the same."""

from datetime import date
from pathlib import Path
from typing import Final

from invoicebatch.files.rule_tables import told_apart

FILE: Final = "review.toml"


def judged_by(root: Path, today: date, term_days: int) -> str:
    """The checks of a workspace, the day and the term of payment that they may ask for, as one hash.

    Raises:
        RulesError: the checks can't be read.
    """
    return told_apart(root, FILE, today, term_days)
