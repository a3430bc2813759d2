"""Documents: frames to PDF bytes through typst templates.

`data` gathers what a document says, `template` how it looks, `render` makes the pages; nothing
here decides what happens to an invoice.
"""
