"""The outbox: what each channel needs to build its message, and the rows that carry it. Nothing is sent here."""
