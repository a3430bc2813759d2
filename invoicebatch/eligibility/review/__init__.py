"""The review: checks as data of what is odd about documents. Frames in, findings out; nothing is read or written."""

from invoicebatch.eligibility.review.checks import Check, Checks
from invoicebatch.eligibility.review.judge import Review, judge
from invoicebatch.eligibility.review.load import load_checks

__all__ = ["Check", "Checks", "Review", "judge", "load_checks"]
