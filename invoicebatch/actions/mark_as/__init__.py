"""Mark as: flags only, nothing is sent or exported."""
