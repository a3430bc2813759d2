"""What every verb on a workspace stands on: its folder, settings, store, rules and user."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from invoicebatch.actions import registry
from invoicebatch.eligibility import Evaluation, Rules, load_rules
from invoicebatch.engine.base import clock, identity
from invoicebatch.engine.base.batches import ALWAYS
from invoicebatch.engine.base.context import RunContext
from invoicebatch.engine.base.executor import Pool
from invoicebatch.engine.base.folder import Folder
from invoicebatch.engine.base.review import Reviewer
from invoicebatch.engine.base.surroundings import WorkspaceSurroundings
from invoicebatch.files.shipped import shipped
from invoicebatch.model.action import Action, Params
from invoicebatch.store import Session

Ids = npt.NDArray[np.int64]


class WorkspaceBase(Folder):
    """A workspace's folder, settings, store and rules; it holds no rows."""

    @property
    def user(self) -> str:
        """Who is at work; see `identity`."""
        return identity.current().user

    @cached_property
    def rules(self) -> Rules:
        """The eligibility rules: ours, tightened by the workspace's."""
        return load_rules(self.root / "rules", shipped("rules"))

    @property
    def switches(self) -> dict[str, bool]:
        """What rules may ask of the settings."""
        return self.settings.switches

    def pool(self) -> Pool:
        """Where the writers run; use it as a context."""
        return Pool(self.settings, self.root, self.data)

    def offered(self) -> Mapping[str, Action]:
        """The actions of the bar, in the order of the rules; an action without code is not offered.

        It imports all of them: ask for one by its name where one is enough.
        """
        actions = registry()
        on_bar = (actions[name] for name in self.rules.actions if name in actions)
        shown = (one for one in on_bar if one.makes_files_only or not self.store.of_archive)
        return {action.name: action for action in shown if not action.hidden}

    def choices(self, action: Action) -> dict[str, dict[str, str]]:
        """The values that parameters of an action may take here: value and label, by parameter."""
        around = WorkspaceSurroundings(self.settings, self.root, self.offered, self.store)
        return {name: dict(one.values(around)) for name, one in action.choices.items()}

    @property
    def reviewer(self) -> Reviewer:
        """Who judges what is odd, today."""
        return Reviewer(self.store, self.root, clock.today(), self.settings.payment.term_days)

    def judged(self, session: Session, ids: Ids, action: Action | None = None) -> pd.DataFrame:
        """The overview columns that decide whether rows can take an action (None: any), as they are now.

        Texts of which only matters whether they are there come as `*`.
        """
        together: pd.DataFrame = pd.concat(self.judged_pieces(session, ids, action))
        return together.sort_index().reset_index(drop=True)

    def judged_pieces(
        self, session: Session, ids: Ids, action: Action | None = None, further: Iterable[str] = ()
    ) -> Iterator[pd.DataFrame]:
        """The rows of `judged` piece by piece, with further columns, by their places in `ids`."""
        own = {*ALWAYS, "number", *(action.order + action.watch if action else ()), *further}
        names = [action.name] if action else list(self.offered())
        presence = self.rules.presence_of(names) - own
        columns = sorted(own | self.asked_of(action))
        return session.overview_pieces(columns, clock.today(), ids, presence)

    def asked_of(self, action: Action | None = None) -> frozenset[str]:
        """The overview columns that the rules of an action (None: of any that is offered) speak of."""
        return self.rules.columns_of([action.name] if action else list(self.offered()))

    def evaluate(
        self,
        frame: pd.DataFrame,
        *,
        picked_by_hand: bool,
        action: Action | None = None,
        params: Params | None = None,
    ) -> Evaluation:
        """Judge rows by the rules: one action (with what its parameters waive), or all that are offered."""
        names = [action.name] if action else list(self.offered())
        judged = self.rules.evaluate(
            frame, today=clock.today(), switches=self.switches, picked_by_hand=picked_by_hand, actions=names
        )
        if action is None or params is None:
            return judged
        if action.wanted_parts is not None:
            judged = judged.within(action.name, action.wanted_parts(params))
        return judged.without(action.waived(params))

    def context(self, run_id: str, pool: Pool) -> RunContext:
        """What an action gets lent."""
        return RunContext(
            run_id=run_id,
            now=clock.now(),
            today=clock.today(),
            user=self.user,
            settings=self.settings,
            root=self.root,
            store=self.store,
            pool=pool,
        )
