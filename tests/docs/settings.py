"""What the workspace of the documentation has switched on, where its pages are run and its pictures taken."""

SETTINGS = """
[integrations]
collection = true
peppol = true

[external.archive]
kind = "files"
url = "outside"

[einvoice]
access_point = "folder"
"""
