"""The selection sheet: the workbook in which a person ticks invoices and chooses actions."""
