"""What banks report: payment status reports (pain.002) and account statements (camt.053, camt.054)."""

from invoicebatch.ingest.bank.report import BankReport, read_bank_report

__all__ = ["BankReport", "read_bank_report"]
