"""The words of a mail: subject, plain text and HTML from sandboxed templates in the reader's language.

Templates see plain values only and reach no file but their neighbours; nothing is sent here.
"""

from invoicebatch.formats.mail.letter import LANGUAGES, Letter, Letters, pick_language, template_sets
from invoicebatch.formats.mail.values import COLUMNS, letter_values

__all__ = ["COLUMNS", "LANGUAGES", "Letter", "Letters", "letter_values", "pick_language", "template_sets"]
