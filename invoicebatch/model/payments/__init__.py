"""Money as frames: what may go to the bank, bundles, bookings, instalments, dunning, SEPA's own rules."""
