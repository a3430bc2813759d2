"""The state in DuckDB and its Parquet snapshots; the only importer of duckdb."""
