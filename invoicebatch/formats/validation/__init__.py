"""Is a document what it must be? Rules over frames, then XSD, then the official schematron.

Each layer names the row and the rule; nothing is repaired here.
"""
