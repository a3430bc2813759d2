"""Print and post: letters to a print house's hot folder or to Pingen, and what became of them."""

from invoicebatch.delivery.post.folder import HotFolderChannel
from invoicebatch.delivery.post.pingen import PingenChannel

__all__ = ["HotFolderChannel", "PingenChannel"]
