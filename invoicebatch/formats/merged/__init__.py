"""Many stored PDFs as one, by either of two libraries; what both must say of it stands beside them."""
