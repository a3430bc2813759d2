"""What may stand once in UBL, what an attachment and a note must say: EN 16931 UBL-SR, UBL-DT and BR-CL-08.

Only what our frames can break stands here; repetitions in a document that comes in are told by the reader.
"""

from typing import Final

import numpy as np

from invoicebatch.formats.validation.facts import Facts, Mask, Rule
from invoicebatch.formats.validation.official import code_lists
from invoicebatch.formats.validation.rules.parties import any_of, payee_is_seller
from invoicebatch.model.en16931.terms import DOCUMENT

_MEANS: Final = "BG-16"


def _different(facts: Facts, term: str) -> Mask:
    """Documents with several payment instructions that say different things of the term."""
    frame = facts.frame(_MEANS)
    if term not in frame:
        return np.zeros(facts.count, bool)
    said = facts.has(_MEANS, term)
    pairs = frame.loc[said].assign(document=facts.document(_MEANS)[said]).drop_duplicates(["document", term])
    return np.bincount(pairs["document"].to_numpy(np.int64), minlength=facts.count) > 1


def _several(facts: Facts, rows: Mask) -> Mask:
    """Documents with more than one such payment instruction."""
    return facts.number_of(_MEANS, rows) > 1


def _attached(facts: Facts, lacking: str) -> Mask:
    return facts.has("BG-24", "BT-125") & facts.lacks("BG-24", lacking)


def _unknown_subject(facts: Facts) -> Mask:
    """BR-CL-08: three characters between the first two # of a note are a subject code (UNTDID 4451)."""
    frame = facts.frame("BG-1")
    if "BT-22" not in frame or frame.empty:
        return np.zeros(len(frame), bool)
    (codes,) = code_lists()["BR-CL-08"]
    subject = frame["BT-22"].str.extract(r"^[^#]*#([^#]{3})#")[0]
    return (subject.notna() & ~subject.isin(codes)).to_numpy(bool)


def _means_rule(number: str, term: str, what: str, broken: Mask) -> Rule:
    says = f"Several payment instructions {what}"
    return Rule(f"UBL-SR-{number}", DOCUMENT, term, says, "Keep one, or say the same in each.", broken)


RULES: Final = (
    *(
        Rule(f"UBL-SR-{number}", DOCUMENT, "BT-59", "The payee has no name, or is the seller", "Name another payee, or none.",
             lambda facts: payee_is_seller(facts, "BT-27"))
        for number in ("19", "20", "21")
    ),
    _means_rule("44", "BT-83", "have different remittance information", lambda facts: _different(facts, "BT-83")),
    _means_rule("46", "BT-82", "have a text", lambda facts: _several(facts, facts.has(_MEANS, "BT-82"))),
    _means_rule("47", "BT-81", "have different means codes", lambda facts: _different(facts, "BT-81")),
    _means_rule("54", "BT-87", "name a card", lambda facts: _several(facts, any_of(facts, ("BT-87", "BT-87-1", "BT-88"), _MEANS))),
    _means_rule("55", "BT-89", "name a mandate", lambda facts: _several(facts, any_of(facts, ("BT-89", "BT-91"), _MEANS))),
    Rule("BR-CL-08", "BG-1", "BT-22", "The subject code of the note is none of the list (UNTDID 4451)",
         "Use a code of that list, or none.", _unknown_subject),
    Rule("UBL-DT-06", "BG-24", "BT-125-1", "An attachment has no media type", "Give attachments.mime_code.",
         lambda facts: _attached(facts, "BT-125-1")),
    Rule("UBL-DT-07", "BG-24", "BT-125-2", "An attachment has no file name", "Give attachments.filename.",
         lambda facts: _attached(facts, "BT-125-2")),
)  # fmt: skip
