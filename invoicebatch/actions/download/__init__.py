"""Download: one document, a ZIP, or one merged PDF."""
