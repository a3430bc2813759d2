"""What runs without a person: export jobs and the worker that takes them."""
