"""The closed vocabularies of an invoice and the status transition table.

Everything here is data: the store refuses a status change that `TRANSITIONS` does not hold.
"""

from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """What a document is."""

    INVOICE = "invoice"
    ADVANCE = "advance"
    FINAL_NOTE = "final_note"
    CORRECTION_NOTE = "correction_note"
    CREDIT_NOTE = "credit_note"
    STATEMENT = "statement"


class Status(StrEnum):
    """Where a document stands between the billing run and its stored PDF."""

    EMPTY = "empty"
    APPROVAL_FAILED = "approval_failed"
    APPROVED = "approved"
    GENERATION_FAILED = "generation_failed"
    CREATED = "created"


PAYABLE: Final = (Status.CREATED, Status.GENERATION_FAILED)
"""Documents that have their number: money may be booked on them."""


class ShippingStatus(StrEnum):
    """Whether the document reached the customer."""

    TO_SEND = "to_send"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"


class BuyerAnswer(StrEnum):
    """What the buyer, or the network for it, says of an electronic invoice."""

    DEPOSITED = "deposited"
    RECEIVED = "received"
    IN_PROCESS = "in_process"
    UNDER_QUERY = "under_query"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    PAID = "paid"


class ExportStatus(StrEnum):
    """Whether the document was exported."""

    UNEXPORTED = "unexported"
    EXPORTED = "exported"


class PaymentStatus(StrEnum):
    """How far the document is paid; derived, never stored."""

    OPEN = "open"
    IN_PAYMENT = "in_payment"
    PARTLY_PAID = "partly_paid"
    PAID = "paid"
    OVERDUE = "overdue"


class PaymentMethod(StrEnum):
    """How a customer pays; EN 16931 BT-81 groups."""

    CREDIT_TRANSFER = "credit_transfer"
    DIRECT_DEBIT = "direct_debit"


class DeliveryPreference(StrEnum):
    """How a customer wants documents delivered."""

    EMAIL = "email"
    POST = "post"
    EINVOICE = "einvoice"
    MANUAL = "manual"


class Series(StrEnum):
    """The number series of a company account."""

    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"


class MandateScheme(StrEnum):
    """SEPA direct debit scheme (ISO 20022 local instrument)."""

    CORE = "CORE"
    B2B = "B2B"


class LocalInstrument(StrEnum):
    """ISO 20022 local instrument of a payment: a direct debit scheme, or an instant credit transfer."""

    CORE = "CORE"
    B2B = "B2B"
    INST = "INST"


class SequenceType(StrEnum):
    """ISO 20022 SequenceType3Code of the next collection under a mandate."""

    FRST = "FRST"
    RCUR = "RCUR"
    OOFF = "OOFF"
    FNAL = "FNAL"


class MandateStatus(StrEnum):
    """Whether a mandate may be used."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    CANCELLED = "cancelled"


class CaseStatus(StrEnum):
    """A collection case."""

    ACTIVE = "active"
    PAUSED = "paused"
    CLOSED = "closed"


class PlanStatus(StrEnum):
    """A payment plan."""

    DRAFT = "draft"
    ACTIVE = "active"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class BundleStatus(StrEnum):
    """A payment bundle: made, written to a bank file, taken by the bank or called off."""

    CREATED = "created"
    EXPORTED = "exported"
    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"


class BundlePart(StrEnum):
    """The two parts of the outgoing bank file; they are never netted."""

    COLLECTIONS = "collections"
    REFUNDS = "refunds"


class ItemStatus(StrEnum):
    """One payment inside a bundle; `accepted`: the bank took it and has not booked it yet."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    RETURNED = "returned"
    CANCELLED = "cancelled"


class EntryKind(StrEnum):
    """What a report says of a payment.

    Taken but not booked, booked, refused before or returned after booking, a return taken back, or received.
    The order is the one in which entries of one day are booked.
    """

    ACCEPTED = "accepted"
    CONFIRMED = "confirmed"
    PAYMENT = "payment"
    REJECTED = "rejected"
    RETURNED = "returned"
    RESTORED = "restored"


class Movement(StrEnum):
    """What a booking on a document is: money that moved, a set-off with another document, a loss written off."""

    PAYMENT = "payment"
    SET_OFF = "set_off"
    WRITE_OFF = "write_off"


class IncomingStatus(StrEnum):
    """A payment that came in: booked (all or some of it), proposed for an invoice, open, or none of ours.

    Derived, never stored.
    """

    BOOKED = "booked"
    PROPOSED = "proposed"
    OPEN = "open"
    SET_ASIDE = "set_aside"


class RunStatus(StrEnum):
    """A run in the journal."""

    QUEUED = "queued"
    RUNNING = "running"
    FINISHED = "finished"
    ABANDONED = "abandoned"


class Verdict(StrEnum):
    """What the review makes of a document that waits for approval."""

    FINE = "fine"
    LOOK = "look"
    STOP = "stop"


class RowOutcome(StrEnum):
    """One invoice in a run: `claimed` and `reserved` are unfinished, the others final.

    `unchanged`: there was nothing to do for it, and nothing is wrong.
    """

    CLAIMED = "claimed"
    RESERVED = "reserved"
    DONE = "done"
    UNCHANGED = "unchanged"
    REFUSED = "refused"
    FAILED = "failed"


class ArtefactStatus(StrEnum):
    """A file of a run: on disk in staging, or published under its final name."""

    STAGED = "staged"
    PUBLISHED = "published"


class OutboxStatus(StrEnum):
    """A message on its way out of the house.

    `accepted`: a network took it and will say later what became of it; it is asked, not sent again.
    """

    PENDING = "pending"
    CONNECTING = "connecting"
    HANDING_OVER = "handing_over"
    ACCEPTED = "accepted"
    SENT = "sent"
    FAILED = "failed"
    IN_DOUBT = "in_doubt"


TRANSITIONS: Final[dict[str, frozenset[tuple[Status, Status]]]] = {
    "approve": frozenset(
        {
            (Status.EMPTY, Status.APPROVED),
            (Status.EMPTY, Status.APPROVAL_FAILED),
            (Status.APPROVAL_FAILED, Status.APPROVED),
            (Status.APPROVAL_FAILED, Status.APPROVAL_FAILED),
        }
    ),
    "import": frozenset({(Status.APPROVAL_FAILED, Status.EMPTY)}),
    "create": frozenset({(Status.APPROVED, Status.CREATED), (Status.APPROVED, Status.GENERATION_FAILED)}),
    "withdraw_approval": frozenset({(Status.APPROVED, Status.EMPTY), (Status.APPROVAL_FAILED, Status.EMPTY)}),
    "regenerate": frozenset(
        {
            (Status.CREATED, Status.CREATED),
            (Status.GENERATION_FAILED, Status.CREATED),
            (Status.GENERATION_FAILED, Status.GENERATION_FAILED),
        }
    ),
}
"""Allowed status changes by action, and by an import; who is not named may not change the status.

A regeneration that fails on a `created` row leaves it `created` with its last good document.
"""

WAITING: Final = (Status.EMPTY, Status.APPROVAL_FAILED)
"""Statuses of documents that wait for approval."""

DELETABLE: Final = frozenset({Status.EMPTY})
"""Statuses whose rows may be deleted."""

CLOSED_RUNS: Final = frozenset({RunStatus.FINISHED, RunStatus.ABANDONED})
"""Run statuses that nothing leads out of."""

ERASED: Final = "erased"
"""The event of a run that erased a customer's data; stands too where a text is required and was erased."""
