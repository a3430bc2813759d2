"""The semantic model of EN 16931 as data: terms, where they stand in UBL, and what our tables hold of them.

Writers, validators and the UBL reader share this; it knows no file and no XML library.
"""
