"""The Excel round trip."""
