"""What all rooms stand on: a workspace's folder and store, the batch, the pool, the clock. No verb lives here."""
