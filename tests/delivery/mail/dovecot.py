"""A real IMAP server for tests: Dovecot with its own configuration, folder and port; TLS, one user, a Maildir."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.delivery.mail.mailserver import certificate
from tests.waiting import LIMIT, until

IMAP_PASSWORD = "open_sesame"

_CONFIG = """
base_dir = {base}/run
state_dir = {base}/run
log_path = {base}/log
mail_fsync = never
protocols = imap
listen = 127.0.0.1
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
mail_uid = {uid}
mail_gid = {gid}
first_valid_uid = 0
last_valid_uid = 0
mail_location = maildir:{base}/mail
disable_plaintext_auth = no
auth_mechanisms = plain
ssl = yes
ssl_cert = <{base}/cert.pem
ssl_key = <{base}/key.pem
ssl_dh =
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={base}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
"""


@dataclass(frozen=True)
class Dovecot:
    """A running server; mails are given by files in its Maildir.

    Attributes:
        base: folder with `cert.pem`.
        port: without encryption, or STARTTLS.
        tls_port: with TLS.
    """

    base: Path
    port: int
    tls_port: int

    def give(self, mails: dict[str, bytes]) -> None:
        """Put mails into the inbox, by file names."""
        new = self.base / "mail/new"
        for name, content in mails.items():
            file = new / name
            file.write_bytes(content)
            shutil.chown(file, *_owner())

    def mails(self, folder: str = "") -> list[str]:
        """Names of the mails in a folder, with those of their flags."""
        place = self.base / "mail" / (f".{folder}" if folder else "")
        return sorted(file.name for part in ("new", "cur") for file in (place / part).glob("*"))

    def empty(self) -> None:
        """Forget all mails and folders."""
        shutil.rmtree(self.base / "mail")
        for part in ("new", "cur", "tmp"):
            folder = self.base / "mail" / part
            folder.mkdir(parents=True)
            shutil.chown(folder, *_owner())
        shutil.chown(self.base / "mail", *_owner())


def _owner() -> tuple[str | int, str | int]:
    """Who runs it: nobody serves root's mail."""
    return ("dovecot", "dovecot") if os.geteuid() == 0 else (os.geteuid(), os.getegid())


def _ports() -> tuple[int, int]:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as two:
        return one.getsockname()[1], two.getsockname()[1]


@contextmanager
def dovecot() -> Iterator[Dovecot]:
    """A server that answers; skips where Dovecot is not installed."""
    program = shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        pytest.skip("dovecot is not installed; see tests/system-packages")
    user, group = _owner()
    with tempfile.TemporaryDirectory(prefix="imap-") as folder:
        base = Path(folder)
        certificate(base)
        for part in ("run", "mail/new", "mail/cur", "mail/tmp"):
            (base / part).mkdir(parents=True, exist_ok=True)
        port, tls_port = _ports()
        names = _names()
        config = base / "dovecot.conf"
        config.write_text(
            _CONFIG.format(base=base, port=port, tls_port=tls_port, password=IMAP_PASSWORD, **names)
        )
        for path in (base, *base.rglob("*")):
            shutil.chown(path, user, group)
        server = subprocess.Popen([program, "-F", "-c", str(config)])
        try:
            until(lambda: _answers(port), going=lambda: server.poll() is None)
            assert server.poll() is None, (base / "log").read_text()
            yield Dovecot(base, port, tls_port)
        finally:
            server.terminate()
            server.wait(LIMIT)


def _names() -> dict[str, str | int]:
    import grp
    import pwd

    user, group = _owner()
    account = pwd.getpwnam(user) if isinstance(user, str) else pwd.getpwuid(user)
    of = grp.getgrnam(group) if isinstance(group, str) else grp.getgrgid(group)
    return {"user": account.pw_name, "group": of.gr_name, "uid": account.pw_uid, "gid": of.gr_gid}


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=LIMIT) as connection:
            return connection.recv(4) == b"* OK"
    except OSError:
        return False
