"""Workbooks: exports and selection sheets, rows streamed into a package that a library styles."""
