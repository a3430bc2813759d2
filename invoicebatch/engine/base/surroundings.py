"""Where the choices of a parameter are read from: one workspace's settings, folder, state and actions."""

from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path

import pandas as pd

from invoicebatch.model.action import Action
from invoicebatch.settings import Settings
from invoicebatch.store import Store


class WorkspaceSurroundings:
    """The `Surroundings` of a workspace; see `model.action.Surroundings`."""

    def __init__(
        self, settings: Settings, root: Path, offered: Callable[[], Mapping[str, Action]], store: Store
    ) -> None:
        self.settings = settings
        self.root = root
        self._offered = offered
        self._store = store

    @cached_property
    def actions(self) -> Mapping[str, Action]:
        """The actions of the bar; few choices ask for them, and they are many to import."""
        return self._offered()

    def table(self, name: str) -> pd.DataFrame:
        """A whole small table, as it is now."""
        with self._store.read() as session:
            return session.whole(name)
