"""Files into a workspace: merged in one transaction and recorded. What they say is read by `ingest`."""
