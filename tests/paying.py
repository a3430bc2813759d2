"""The day on which bundles are collected, for tests that confirm them."""

from invoicebatch.engine.base import clock
from invoicebatch.interfaces.api import Workspace


def date_has_come(workspace: Workspace) -> None:
    """Every bundle is of today: confirming it books its payments."""
    with workspace.store.write() as session:
        bundles = session.whole("payment_bundles")[["bundle_id"]]
        session.update("payment_bundles", bundles.assign(collection_date=clock.today()), clock.now())
