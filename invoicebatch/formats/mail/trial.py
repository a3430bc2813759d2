"""A mail made into a test of itself: for a person of the house, and not to be mistaken for the real one."""

import re
from typing import Final

from markupsafe import Markup

from invoicebatch.model.outbox.payload import EmailPayload

MARK: Final = "TEST"
_LINE: Final = "This is a test. The mail itself would go to {}; it was not sent to anyone else."
_STYLE: Final = "background:#ffe08a;color:#1a1a1a;padding:10px 16px;font:15px sans-serif"


def as_test(payload: EmailPayload, recipient: str) -> EmailPayload:
    """The same mail, marked in subject, text and header, without a blind copy.

    Args:
        payload: the mail as the run would send it.
        recipient: who that would go to.
    """
    said = f"{MARK}: {_LINE.format(recipient)}"
    banner = Markup('<div style="{}">{}</div>').format(_STYLE, said)
    body = re.search(r"<body[^>]*>", payload.html, re.IGNORECASE)
    at = body.end() if body else 0
    html = f"{payload.html[:at]}{banner}{payload.html[at:]}" if payload.html else ""
    subject, text = f"{MARK}: {payload.subject}", f"{said}\n\n{payload.text}"
    return payload.model_copy(
        update={"test": True, "subject": subject, "text": text, "html": html, "bcc": ""}
    )
