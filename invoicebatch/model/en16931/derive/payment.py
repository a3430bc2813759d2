"""BG-16: how a document is paid, from the customer's payment method, mandate and the seller's account."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from invoicebatch.model.en16931.derive.source import Source, filled, frame_of, text
from invoicebatch.model.payments import amount_due

SEPA_DIRECT_DEBIT = "59"
SEPA_CREDIT_TRANSFER = "58"
CREDIT_TRANSFER = "30"
_IBAN = r"^[A-Z]{2}\d{2}[A-Z0-9]{11,30}$"


def is_debited(source: Source) -> npt.NDArray[np.bool_]:
    """Documents that are collected by direct debit: not a credit note, and under a mandate that can be used."""
    of_invoice = ("currency", "mandate_id", "mandate_status", "mandate_iban")
    terms = pd.DataFrame({name: text(source.invoices, name) for name in of_invoice}).assign(
        payment_method=text(source.customers, "payment_method"),
        account_creditor_id=text(source.accounts, "creditor_id"),
    )
    due = source.invoices["total_cents"].astype("Int64").gt(0).fillna(value=False)
    debited: npt.NDArray[np.bool_] = (amount_due.is_debited(terms) & due & ~source.credit).to_numpy(bool)
    return debited


def payment_means(source: Source, documents: pd.DataFrame) -> pd.DataFrame:
    """One row a document that names a mandate or an account of the seller (UNCL 4461 codes)."""
    debited = is_debited(source)
    account = filled(text(source.accounts, "iban"))
    rows = np.flatnonzero(debited | account.notna().to_numpy())
    debit = pd.Series(debited[rows])
    iban = account.iloc[rows].reset_index(drop=True)
    sepa = iban.str.match(_IBAN).fillna(value=False) & documents["BT-5"].iloc[rows].reset_index(drop=True).eq(
        "EUR"
    )

    def credited(values: pd.Series) -> pd.Series:
        return filled(values).iloc[rows].reset_index(drop=True).mask(debit)

    def collected(column: str) -> pd.Series:
        return filled(text(source.invoices, column)).iloc[rows].reset_index(drop=True).where(debit)

    transfer = np.where(sepa, SEPA_CREDIT_TRANSFER, CREDIT_TRANSFER)
    return frame_of(
        rows,
        {
            "BT-81": pd.Series(np.where(debit, SEPA_DIRECT_DEBIT, transfer), dtype="str"),
            "BT-83": filled(text(source.invoices, "remittance_reference")).iloc[rows],
            "BT-84": iban.mask(debit),
            "BT-85": credited(documents["BT-27"]),
            "BT-86": credited(text(source.accounts, "bic")),
            "BT-89": collected("mandate_id"),
            "BT-91": collected("mandate_iban"),
        },
    )
