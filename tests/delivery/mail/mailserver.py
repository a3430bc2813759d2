"""A real mail server for tests: TLS, login, and every misfortune a message can meet."""

import asyncio
import datetime as dt
import ipaddress
import socket
import ssl
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.waiting import LIMIT

USER, PASSWORD = "billing", "open sesame"


def certificate(folder: Path) -> Path:
    """A self-signed certificate for localhost with its key; returns the certificate's path."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    cert = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "cert.pem"
    pem.write_bytes(cert.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return pem


@dataclass
class Script:
    """What the server does, by recipient; each entry is used up once where it is a list.

    With `permits` a mail is taken only once there is a permit for it.
    """

    rcpt: dict[str, list[str]] = field(default_factory=dict)
    data: dict[str, list[str]] = field(default_factory=dict)
    drop_before_dot: set[str] = field(default_factory=set)
    drop_after_dot: set[str] = field(default_factory=set)
    stall: set[str] = field(default_factory=set)
    delay: float = 0.0
    permits: threading.Semaphore | None = None
    inbox: list[tuple[str, bytes]] = field(default_factory=list)
    connections: int = 0
    log: Path | None = None

    def recipients(self) -> list[str]:
        return [to for to, _ in self.inbox]

    def mails(self):
        return [message_from_bytes(content) for _, content in self.inbox]


class Handler:
    def __init__(self, script: Script) -> None:
        self.script = script

    async def handle_EHLO(self, server, session, envelope, hostname, responses):  # noqa: N802
        self.script.connections += 1
        session.host_name = hostname
        return responses

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        answers = self.script.rcpt.get(address)
        if answers:
            answer = answers.pop(0)
            if answer.startswith("421"):
                server.transport.write(answer.encode() + b"\r\n")
                server.transport.close()
                return answer
            return answer
        if address in self.script.stall:
            await asyncio.Event().wait()
        if address in self.script.drop_before_dot:
            self.script.drop_before_dot.discard(address)
            server.transport.abort()
            return "250 gone"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        if self.script.delay:
            time.sleep(self.script.delay)
        while self.script.permits and not self.script.permits.acquire(blocking=False):
            await asyncio.sleep(0.01)
        to = envelope.rcpt_tos[0]
        answers = self.script.data.get(to)
        if answers and not answers[0].startswith("250"):
            return answers.pop(0)
        self.script.inbox += [(to, envelope.content) for to in envelope.rcpt_tos]
        if self.script.log:
            with self.script.log.open("a") as out:
                out.write(f"{to} {message_from_bytes(envelope.content)['Message-ID']}\n")
        if to in self.script.drop_after_dot:
            self.script.drop_after_dot.discard(to)
            server.transport.abort()
        return "250 2.0.0 queued as Q1"


def _login(server, session, envelope, mechanism, data):
    good = data.login == USER.encode() and data.password == PASSWORD.encode()
    return AuthResult(success=good, handled=False)


class _Server(Controller):
    """Listens on a socket of its own from the start, so nobody else can take its port."""

    tls: ssl.SSLContext | None = None
    login = False

    def __init__(self, handler, **options) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        port = self.socket.getsockname()[1]
        super().__init__(handler, hostname="127.0.0.1", port=port, ready_timeout=LIMIT, **options)

    def _create_server(self):
        return self.loop.create_server(self._factory_invoker, sock=self.socket, ssl=self.ssl_context)

    def factory(self):
        return SMTP(
            self.handler,
            hostname="mail.test",
            tls_context=self.tls,
            authenticator=_login if self.login else None,
            auth_required=self.login,
            auth_require_tls=self.tls is not None,
            enable_SMTPUTF8=False,
        )


@contextmanager
def mail_server(
    script: Script | None = None, cert: Path | None = None, *, login: bool = False, implicit: bool = False
):
    """A running server; yields its port. With a certificate it offers STARTTLS (or speaks TLS at once)."""
    script = script or Script()
    context = None
    if cert:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, cert.with_name("key.pem"))
    server = _Server(Handler(script), ssl_context=context if implicit else None)
    server.tls = None if implicit else context
    server.login = login
    server.start()
    try:
        yield server.port
    finally:
        server.stop()
