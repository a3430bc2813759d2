"""The only writer to disk outside the store: names, staging, publishing, archives, hardened XML."""
