"""Bytes to the world: mail, post, e-invoicing, external systems; the only importer of smtplib and httpx."""
