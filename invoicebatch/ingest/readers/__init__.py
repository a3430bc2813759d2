"""Readers: the bytes of a CSV, Parquet or Excel file to rows of text; they know no table of ours."""
