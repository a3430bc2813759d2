"""The invoice overview in JupyterLab."""
