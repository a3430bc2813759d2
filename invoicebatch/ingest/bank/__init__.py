"""What banks report: payment status reports (pain.002), account statements and notifications (camt)."""

from invoicebatch.ingest.bank.report import BankReport, read_bank_report

__all__ = ["BankReport", "read_bank_report"]
