"""Files to frames: readers, column mappings, checks; every refused row is named."""

from invoicebatch.ingest.intake import Intake, ReadFile, read_files
from invoicebatch.ingest.mapping.model import Mapping, load_mapping
from invoicebatch.ingest.orphans import lost_advances, short_documents
from invoicebatch.ingest.ubl import read_ubl

__all__ = [
    "Intake",
    "Mapping",
    "ReadFile",
    "load_mapping",
    "lost_advances",
    "read_files",
    "read_ubl",
    "short_documents",
]
