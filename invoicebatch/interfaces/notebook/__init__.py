"""The strict papermill runner."""
