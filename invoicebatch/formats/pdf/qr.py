"""The EPC QR code of a SEPA credit transfer (EPC069-12 version 2) as text and as SVG.

Only the code itself lives here; whether a document shows one is decided in `payment`.
"""

from dataclasses import dataclass

from invoicebatch.model.money import to_decimal
from invoicebatch.model.payments.reference import as_creditor_reference

MAX_CENTS = 99_999_999_999
MAX_BYTES = 331


@dataclass(frozen=True, slots=True)
class Transfer:
    """What a banking app fills in: beneficiary, account, amount in euro cents and a reference."""

    name: str
    iban: str
    bic: str
    cents: int
    reference: str


def epc_text(transfer: Transfer) -> str:
    """The payload, or nothing where the transfer can't be put into an EPC code.

    An ISO 11649 reference is structured, every other reference is text of at most 140 characters.
    """
    if not 0 < transfer.cents <= MAX_CENTS or not transfer.iban:
        return ""
    structured = as_creditor_reference(transfer.reference)
    text = "" if structured else transfer.reference[:140]
    amount = f"EUR{to_decimal(transfer.cents)}"
    fields = ["BCD", "002", "1", "SCT", transfer.bic, transfer.name[:70], transfer.iban, amount]
    payload = "\n".join([*fields, "", structured, text]).rstrip("\n")
    return payload if len(payload.encode()) <= MAX_BYTES else ""


def svg(payload: str) -> str:
    """The QR code (error correction M) as one SVG path, one unit a module, no quiet zone."""
    import numpy as np
    import zxingcpp

    # Bytes keep the EPC character set 1 (UTF-8) without an ECI marker that banks' readers refuse.
    code = zxingcpp.create_barcode(payload.encode(), zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    image = np.asarray(zxingcpp.write_barcode_to_image(code, scale=1, add_quiet_zones=False))
    dark = np.pad(image == 0, ((0, 0), (1, 1))).astype(np.int8)
    edges = np.diff(dark, axis=1)
    (rows, starts), (_, ends) = np.nonzero(edges == 1), np.nonzero(edges == -1)
    runs = zip(rows.tolist(), starts.tolist(), (ends - starts).tolist(), strict=True)
    path = "".join(f"M{x} {y}h{w}v1h-{w}z" for y, x, w in runs)
    side = image.shape[0]
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}"><path d="{path}"/></svg>'
