"""The document as a PDF: frames to template data, typst to bytes."""
