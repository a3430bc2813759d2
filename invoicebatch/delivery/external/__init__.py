"""External systems: files anywhere fsspec reaches, a database (an extra), or an HTTP endpoint. Records come ready made."""

from invoicebatch.delivery.external.files import FilesChannel
from invoicebatch.delivery.external.post import HttpChannel

__all__ = ["FilesChannel", "HttpChannel"]
