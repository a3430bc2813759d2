"""Send via: e-mail, post, e-invoicing."""
