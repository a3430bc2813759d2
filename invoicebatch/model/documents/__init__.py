"""What a document must be before it may be approved, and what a credit note takes back. Pure frames."""
