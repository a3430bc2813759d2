"""The review: checks as data of what is odd about documents. Frames in, findings out; nothing is read or written."""

from invoicebatch.eligibility.review.checks import Check, Checks
from invoicebatch.eligibility.review.judge import Review, judge
from invoicebatch.eligibility.review.load import FILE, load_checks

__all__ = ["FILE", "Check", "Checks", "Review", "judge", "load_checks"]
