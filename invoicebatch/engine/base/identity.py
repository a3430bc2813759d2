"""Who is at work, how that is known, and on which machine.

It rests on the operating system or on JupyterHub; a name from a variable is only claimed.
"""

import getpass
import os
import socket
from dataclasses import dataclass
from typing import Final

import pandas as pd

from invoicebatch.store import Session

CLAIMED: Final = "INVOICEBATCH_USER, claimed"


@dataclass(frozen=True, slots=True)
class Identity:
    """A person at a machine.

    Attributes:
        user: the name.
        known_by: what the name rests on: operating system, JupyterHub, or a variable anyone may set.
        host: the machine.
    """

    user: str
    known_by: str
    host: str


def current() -> Identity:
    """Who runs this process."""
    for variable, known_by in (("INVOICEBATCH_USER", CLAIMED), ("JUPYTERHUB_USER", "JupyterHub")):
        if user := os.environ.get(variable):
            return Identity(user, known_by, socket.gethostname())
    return Identity(getpass.getuser(), "operating system", socket.gethostname())


def write_events(session: Session, events: pd.DataFrame) -> None:
    """Write events with how their user is known and where; see `Session.add_events`."""
    who = current()
    session.add_events(events, who.known_by, who.host)
