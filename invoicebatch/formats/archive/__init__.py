"""ZIP archives as streams, and the stored documents that go into them under unique names."""
