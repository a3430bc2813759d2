"""Customers' payments: kept once, then matched with open documents by evidence. Frames in, frames out."""
