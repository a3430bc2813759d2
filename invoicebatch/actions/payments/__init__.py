"""What happens to a payment bundle: written, confirmed, rejected, cancelled, booked. Not on the bar."""
