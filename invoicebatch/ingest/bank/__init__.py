"""What banks report: payment status reports (pain.002), account statements and notifications (camt)."""
