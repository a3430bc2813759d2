"""Assign: to a bank file, a collection case, a payment plan."""
