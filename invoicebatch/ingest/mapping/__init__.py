"""Column mappings: how a foreign file becomes our tables, as data in a TOML file."""
