import smtplib
import socket
import threading
import time
from contextlib import contextmanager, suppress
from email import message_from_bytes
from email.policy import default

import pytest

from invoicebatch.delivery import pace
from invoicebatch.delivery.channel import InDoubtError, Message, TemporaryError
from invoicebatch.delivery.mail import SmtpChannel
from invoicebatch.delivery.mail.mime import UnsendableError, envelope
from invoicebatch.errors import SettingsError
from invoicebatch.model.outbox.payload import Attachment, EmailPayload
from invoicebatch.model.status import OutboxStatus
from invoicebatch.settings import Mail
from tests.delivery.mail.mailserver import PASSWORD, USER, Script, certificate, mail_server
from tests.waiting import LIMIT

ID = "6f1f2c0e-9f0b-5c3e-8a53-0d3a8ff3c9a1"


@pytest.fixture(scope="module")
def cert(tmp_path_factory):
    return certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def pdf(tmp_path):
    file = tmp_path / "stored.pdf"
    file.write_bytes(b"%PDF-1.7\n" + bytes(range(256)) * 20)
    return file


def message(pdf, to="ada@example.org", **changes):
    payload = {
        "sender": "billing@acme.example",
        "from_name": "Acme Énergie",
        "reply_to": "help@acme.example",
        "subject": "Invoice 2026-000123 – €1,234.56",
        "text": ".a line that begins with a dot\n..and two\nÉté €5\n",
        "html": "<p>Été</p>",
        "attachments": (Attachment.pdf("stored.pdf", "0", "2026-000123"),),
        **changes,
    }
    return Message(ID, to, EmailPayload(**payload), (pdf,), run_id="r", invoice_id=1)


def settings(port, **changes):
    return Mail(
        **{
            "transport": "smtp",
            "host": "127.0.0.1",
            "port": port,
            "security": "none",
            "timeout_seconds": LIMIT,
            **changes,
        }
    )


def test_a_mail_arrives_whole_with_its_attachment(tmp_path, pdf):
    script = Script()
    with mail_server(script) as port:
        channel = SmtpChannel(settings(port), tmp_path)
        answer = channel.hand_over(message(pdf, bcc="archive@acme.example"))
        channel.close()
    assert answer.status is OutboxStatus.SENT
    assert "queued as Q1" in answer.text
    assert script.recipients() == ["ada@example.org", "archive@acme.example"]
    mail = message_from_bytes(script.inbox[0][1], policy=default)
    assert mail["Message-ID"] == f"<{ID}@acme.example>"
    assert mail["From"].addresses[0].display_name == "Acme Énergie"
    assert mail["Subject"] == "Invoice 2026-000123 – €1,234.56"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Bcc"] is None
    text = mail.get_body(("plain",)).get_content().replace("\r\n", "\n")
    assert text == ".a line that begins with a dot\n..and two\nÉté €5\n"
    (attached,) = mail.iter_attachments()
    assert attached.get_filename() == "2026-000123.pdf"
    assert attached.get_content() == pdf.read_bytes()


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_encrypted_login_with_the_password_from_the_environment(tmp_path, pdf, cert, monkeypatch, security):
    monkeypatch.setenv("MAIL_PASSWORD_HERE", PASSWORD)
    script = Script()
    with mail_server(script, cert, login=security == "starttls", implicit=security == "tls") as port:
        mail = settings(
            port, security=security, user=USER if security == "starttls" else "", ca_file=str(cert)
        )
        channel = SmtpChannel(mail.model_copy(update={"password_env": "MAIL_PASSWORD_HERE"}), tmp_path)
        assert channel.hand_over(message(pdf)).status is OutboxStatus.SENT
        channel.close()
    assert script.recipients() == ["ada@example.org"]


def test_a_wrong_password_and_a_strange_certificate_are_settings_to_correct(tmp_path, cert, monkeypatch):
    monkeypatch.setenv("INVOICEBATCH_MAIL_PASSWORD", "wrong")
    with mail_server(Script(), cert, login=True) as port:
        mail = settings(port, security="starttls", user=USER)
        with pytest.raises(SettingsError, match="not trusted"):
            SmtpChannel(mail, tmp_path).connect()
        trusting = mail.model_copy(update={"ca_file": str(cert)})
        with pytest.raises(SettingsError, match="refused the login"):
            SmtpChannel(trusting, tmp_path).connect()


def test_a_server_without_encryption_gets_no_mail(tmp_path):
    with mail_server() as port, pytest.raises(SettingsError, match="STARTTLS"):
        SmtpChannel(settings(port, security="starttls"), tmp_path).connect()


def test_no_password_anywhere_names_where_it_should_be(tmp_path, cert, monkeypatch):
    monkeypatch.delenv("INVOICEBATCH_MAIL_PASSWORD", raising=False)
    with mail_server(Script(), cert, login=True) as port:
        mail = settings(port, security="starttls", user=USER, ca_file=str(cert))
        with pytest.raises(SettingsError, match="INVOICEBATCH_MAIL_PASSWORD"):
            SmtpChannel(mail, tmp_path).connect()


def test_refusals_by_recipient(tmp_path, pdf):
    script = Script(
        rcpt={"no@example.org": ["550 5.1.1 no such user"], "later@example.org": ["450 4.2.1 greylisted"]},
        data={"spam@example.org": ["554 5.7.1 looks like spam"]},
    )
    with mail_server(script) as port:
        channel = SmtpChannel(settings(port), tmp_path)
        refused = channel.hand_over(message(pdf, "no@example.org"))
        later = channel.hand_over(message(pdf, "later@example.org"))
        spam = channel.hand_over(message(pdf, "spam@example.org"))
        after = channel.hand_over(message(pdf, "ok@example.org"))
        channel.close()
    assert refused.status is OutboxStatus.FAILED
    assert "550 5.1.1 no such user" in refused.text
    assert "check the contact details" in refused.text
    assert later.status is OutboxStatus.PENDING
    assert spam.status is OutboxStatus.FAILED
    assert after.status is OutboxStatus.SENT
    assert script.recipients() == ["ok@example.org"]
    assert script.connections == 1


def test_a_busy_server_is_tried_again_on_a_new_connection(tmp_path, pdf):
    script = Script(rcpt={"ada@example.org": ["421 4.3.2 closing"]})
    with mail_server(script) as port:
        channel = SmtpChannel(settings(port), tmp_path)
        with pytest.raises(TemporaryError, match="421"):
            channel.hand_over(message(pdf))
        assert channel.hand_over(message(pdf)).status is OutboxStatus.SENT
        channel.close()
    assert script.recipients() == ["ada@example.org"]


def test_a_connection_lost_before_the_dot_is_safe_to_retry(tmp_path, pdf):
    script = Script(drop_before_dot={"ada@example.org"})
    with mail_server(script) as port:
        channel = SmtpChannel(settings(port), tmp_path)
        with pytest.raises(TemporaryError):
            channel.hand_over(message(pdf))
        assert channel.hand_over(message(pdf)).status is OutboxStatus.SENT
        channel.close()
    assert script.recipients() == ["ada@example.org"]


def test_a_connection_lost_after_the_dot_is_in_doubt_and_never_repeated(tmp_path, pdf):
    script = Script(drop_after_dot={"ada@example.org"})
    with mail_server(script) as port:
        channel = SmtpChannel(settings(port), tmp_path)
        with pytest.raises(InDoubtError, match="after the mail was handed over"):
            channel.hand_over(message(pdf))
        channel.close()
    assert script.recipients() == ["ada@example.org"]


def test_a_stalling_server_is_given_up(tmp_path, pdf):
    script = Script(stall={"slow@example.org"})
    with mail_server(script) as port:
        channel = SmtpChannel(settings(port), tmp_path)
        channel.connect()
        channel._session()._server.sock.settimeout(0.3)
        with pytest.raises(TemporaryError, match="lost"):
            channel.hand_over(message(pdf, "slow@example.org"))
        channel.close()
    assert script.inbox == []


def test_an_idle_connection_that_the_server_closed_costs_no_attempt(tmp_path, pdf):
    script = Script()
    with mail_server(script) as port:
        channel = SmtpChannel(settings(port), tmp_path)
        channel.hand_over(message(pdf))
        channel._session()._server.sock.shutdown(2)
        assert channel.hand_over(message(pdf)).status is OutboxStatus.SENT
        channel.close()
    assert (len(script.inbox), script.connections) == (2, 2)


def test_no_server_at_all(tmp_path):
    with pytest.raises(TemporaryError, match="can't be reached"):
        SmtpChannel(settings(9), tmp_path).connect()
    with pytest.raises(SettingsError, match="No mail server"):
        SmtpChannel(Mail(transport="smtp"), tmp_path).connect()


def test_redirection_sends_everything_to_one_address_and_copies_nobody(tmp_path, pdf):
    script = Script()
    with mail_server(script) as port:
        channel = SmtpChannel(settings(port, redirect_to="me@acme.example"), tmp_path)
        channel.hand_over(message(pdf, bcc="archive@acme.example"))
        channel.close()
    assert script.recipients() == ["me@acme.example"]
    assert "ada@example.org" in str(message_from_bytes(script.inbox[0][1], policy=default)["Subject"])


@pytest.mark.parametrize("to", ["a@x.org, b@x", "a@x.org\nBcc: z@z.org", "Ada <a@x.org>", "", "a@x"])
def test_each_address_is_whole_or_nothing_goes(tmp_path, pdf, to):
    answer = SmtpChannel(settings(9), tmp_path).hand_over(message(pdf, to))
    assert answer.status is OutboxStatus.FAILED
    assert "recipient" in answer.text


def test_a_line_break_in_a_name_or_subject_adds_no_field(pdf):
    with pytest.raises(ValueError, match="linefeed"):
        envelope(message(pdf, subject="Hi\r\nBcc: z@z.org"), Mail())
    mail = message_from_bytes(
        envelope(message(pdf, from_name="Acme\r\nBcc: z@z.org"), Mail()).content, policy=default
    )
    assert mail["Bcc"] is None


def test_a_mail_beyond_the_size_limit_is_named_with_both_sizes(tmp_path, pdf):
    pdf.write_bytes(bytes(1_500_000))
    with pytest.raises(UnsendableError, match=r"2\.\d MB, the limit is 1 MB"):
        envelope(message(pdf), Mail(max_megabytes=1))


def test_several_addresses_of_a_customer_are_all_written_to_or_none_is(tmp_path, pdf):
    script = Script(rcpt={"gone@example.org": ["550 5.1.1 no such user"]})
    with mail_server(script) as port:
        channel = SmtpChannel(settings(port), tmp_path)
        both = channel.hand_over(message(pdf, "ada@example.org; bob@example.org", bcc="archive@acme.example"))
        one_gone = channel.hand_over(message(pdf, "ada@example.org,gone@example.org"))
        channel.close()
    assert both.status is OutboxStatus.SENT
    assert script.recipients() == ["ada@example.org", "bob@example.org", "archive@acme.example"]
    assert script.mails()[0]["To"] == "ada@example.org, bob@example.org"
    assert one_gone.status is OutboxStatus.FAILED
    assert "recipient gone@example.org refused: 550" in one_gone.text


def test_a_password_goes_to_another_machine_encrypted_or_not_at_all(tmp_path, monkeypatch):
    monkeypatch.setenv("INVOICEBATCH_MAIL_PASSWORD", "secret")
    plain = settings(9, user="ada", host="mail.invalid", attempts=1)
    with pytest.raises(SettingsError, match=r"mail\.invalid over a connection that is not encrypted"):
        SmtpChannel(plain, tmp_path).connect()
    for allowed in (
        plain.model_copy(update={"allow_insecure": True}),
        plain.model_copy(update={"host": "127.0.0.1"}),
    ):
        with pytest.raises(TemporaryError, match="can't be reached"):
            SmtpChannel(allowed, tmp_path).connect()


@contextmanager
def rude_server(answers):
    """Says what it is told to, by the first word of a command; the final dot is one."""

    def serve():
        connection, _ = server.accept()
        with suppress(OSError), connection, connection.makefile("rb") as lines:
            connection.sendall(b"220 hello\r\n")
            in_data = False
            for line in lines:
                if in_data and line != b".\r\n":
                    continue
                in_data = line.startswith(b"DATA")
                usual = b"354 go on\r\n" if in_data else b"250 fine\r\n"
                connection.sendall(answers.get(line[:4].strip().upper(), usual))

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]


ENDLESS = b"250-and\r\n" * 50_000


@pytest.mark.parametrize("words", [b"what?\r\n", b"354 more\r\n", ENDLESS])
def test_an_answer_to_the_mail_that_tells_nothing_is_a_doubt(tmp_path, pdf, words):
    with rude_server({b".": words}) as port:
        channel = SmtpChannel(settings(port), tmp_path)
        with pytest.raises(InDoubtError):
            channel.hand_over(message(pdf))
        channel.close()


@pytest.mark.parametrize(
    ("command", "words"), [(b"EHLO", ENDLESS), (b"RCPT", ENDLESS), (b"MAIL", b"what?\r\n")]
)
def test_before_that_it_is_read_to_a_bound_and_the_mail_may_go_again(tmp_path, pdf, command, words):
    with rude_server({command: words}) as port:
        channel = SmtpChannel(settings(port), tmp_path)
        with pytest.raises(
            TemporaryError, match="longer than 65,536 bytes" if words is ENDLESS else "refused: -1"
        ):
            channel.hand_over(message(pdf))
        channel.close()


def test_an_answer_that_drips_ends_in_time(tmp_path):
    def drip():
        connection, _ = server.accept()
        with suppress(OSError), connection:
            while True:
                connection.sendall(b"2")
                time.sleep(0.02)

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=drip, daemon=True).start()
        with pytest.raises(TemporaryError, match=r"in time|timed out"):
            SmtpChannel(settings(server.getsockname()[1], timeout_seconds=0.3), tmp_path).connect()


def test_rates_space_the_mails(pdf, tmp_path, monkeypatch):
    monkeypatch.setattr(pace, "monotonic", lambda: 100.0)
    channel = SmtpChannel(Mail(transport="smtp", host="h", per_minute=60, domain_per_minute=6), tmp_path)
    waits = [channel.pause(message(pdf, to)) for to in ("a@x.org", "b@y.org", "c@x.org")]
    assert waits == [0.0, 1.0, 10.0]


def test_the_library_still_has_the_calls_the_session_stands_on():
    assert all(hasattr(smtplib.SMTP, name) for name in ("mail", "rcpt", "docmd", "send", "getreply", "rset"))
