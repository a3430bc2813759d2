"""Checks of imported rows: each refuses or doubts rows by name, none raises."""
