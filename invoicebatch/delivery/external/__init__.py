"""External systems: files anywhere fsspec reaches, a database, or an HTTP endpoint. Records come ready made."""

from invoicebatch.delivery.external.database import DatabaseChannel
from invoicebatch.delivery.external.files import FilesChannel
from invoicebatch.delivery.external.post import HttpChannel

__all__ = ["DatabaseChannel", "FilesChannel", "HttpChannel"]
