"""Which actions apply to which rows, and why not: pure, from rule files and frames to words."""
