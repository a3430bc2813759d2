"""The payload of a message, one model a channel: all that the channel needs, and never a secret.

Keys of an older version are passed over on reading, and a key it did not write yet has its default.
"""

from typing import Any, ClassVar, Final, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field

PEPPOL: Final = "peppol"
CHORUS_PRO: Final = "chorus_pro"


class Part(BaseModel):
    """Base of a payload and of what it holds."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_name=True, serialize_by_alias=True)


class Attachment(Part):
    """A stored file that goes along.

    Attributes:
        path: relative to the data folder, or absolute.
        sha256: of its bytes.
        name: what the receiver sees.
        type: media type.
        merged_from: paths of the stored documents that it holds, where it was made of several.
    """

    path: str
    sha256: str
    name: str = ""
    type: str = "application/octet-stream"
    merged_from: tuple[str, ...] = ()

    @classmethod
    def pdf(cls, path: str, sha256: str, stem: str) -> Self:
        """A PDF under another name; `stem` is that name without its ending."""
        return cls(path=path, sha256=sha256, name=f"{stem}.pdf", type="application/pdf")

    @classmethod
    def xml(cls, path: str, sha256: str, stem: str) -> Self:
        """An XML document, like `pdf`."""
        return cls(path=path, sha256=sha256, name=f"{stem}.xml", type="application/xml")


class PostalAddress(Part):
    """The fields of `model.contact.postal.ADDRESS`."""

    name: str = ""
    street: str = ""
    street_extra: str = ""
    postcode: str = ""
    city: str = ""
    country: str = ""


class Payload(Part):
    """What every channel's payload has."""

    channel: ClassVar[str] = ""

    attachments: tuple[Attachment, ...] = ()

    @classmethod
    def read(cls, text: str) -> Self:
        """The payload of an outbox row.

        Raises:
            ValueError: it is not JSON, or lacks what the channel can't do without.
        """
        return cls.model_validate_json(text, extra="ignore")

    @property
    def ships(self) -> bool:
        """Whether it brings the document itself to its customer."""
        return True

    @property
    def words(self) -> str:
        """What there is to read of it besides its attachments."""
        return ""


P = TypeVar("P", bound=Payload)


class EmailPayload(Payload):
    """A mail but for the bytes of its attachments; `sender` empty: the settings' sender."""

    channel = "email"

    sender: str = Field(alias="from")
    from_name: str
    reply_to: str = ""
    bcc: str = ""
    language: str = "en"
    subject: str
    text: str
    html: str = ""
    reminder: bool = False
    test: bool = False

    @property
    def words(self) -> str:
        """The plain part."""
        return self.text

    @property
    def ships(self) -> bool:
        """A reminder does not bring the document, though it may be attached."""
        return not self.reminder


class PostPayload(Payload):
    """A letter: the lines in its window, the address in fields, and how it is printed."""

    channel = "post"

    number: str
    lines: tuple[str, ...]
    address: PostalAddress
    duplex: bool = True
    color: bool = False
    product: str = "cheap"
    window: Literal["left", "right"] = "left"

    @property
    def words(self) -> str:
        """What stands in the window, and how it is printed."""
        how = (
            "both sides" if self.duplex else "one side",
            "in colour" if self.color else "in black",
            self.product,
        )
        return "\n".join((*self.lines, "", ", ".join(how)))


class EInvoicePayload(Payload):
    """An electronic invoice: its network, and sender and receiver there."""

    channel = "einvoice"

    network: Literal["peppol", "chorus_pro"]
    account: str
    number: str
    scheme: str
    identifier: str

    @property
    def words(self) -> str:
        """Network and receiver."""
        return f"{self.network}: {self.scheme}:{self.identifier}"


class ExternalPayload(Payload):
    """A record as the other side gets it; `sha256` is the record's."""

    channel = "external"

    record: dict[str, Any]
    sha256: str = ""
    mark_as_exported: bool = False

    @property
    def ships(self) -> bool:
        """Other systems are not the customer."""
        return False


KINDS: Final[dict[str, type[Payload]]] = {
    kind.channel: kind for kind in (EmailPayload, PostPayload, EInvoicePayload, ExternalPayload)
}
"""Payload models by channel."""
