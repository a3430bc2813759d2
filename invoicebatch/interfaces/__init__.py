"""Thin faces of the engine: command line, notebooks, selection sheets, JupyterLab."""
