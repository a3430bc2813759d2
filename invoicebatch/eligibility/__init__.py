"""Which actions apply to which rows, and why not: pure, from rule files and frames to words."""

from invoicebatch.eligibility.evaluation import Evaluation
from invoicebatch.eligibility.load import load_rules
from invoicebatch.eligibility.pieces import Tally, Whole
from invoicebatch.eligibility.rules import Rules
from invoicebatch.eligibility.ruleset import NOT_BUSY, ActionRule, Fact

__all__ = ["NOT_BUSY", "ActionRule", "Evaluation", "Fact", "Rules", "Tally", "Whole", "load_rules"]
