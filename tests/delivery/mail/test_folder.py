from email import message_from_bytes

from invoicebatch.delivery.channel import Message
from invoicebatch.delivery.mail import MaildirChannel
from invoicebatch.model.outbox.payload import EmailPayload
from invoicebatch.model.status import OutboxStatus
from invoicebatch.settings import Mail

PAYLOAD = EmailPayload(sender="b@acme.example", from_name="Acme", subject="Hello", text="Hi")


def channel(tmp_path):
    made = MaildirChannel(Mail(), tmp_path / "mail")
    made.connect()
    return made


def test_a_mail_is_a_file_under_its_id(tmp_path):
    answer = channel(tmp_path).hand_over(Message("m1", "ada@example.org", PAYLOAD))
    assert answer.status is OutboxStatus.SENT
    (file,) = (tmp_path / "mail/new").iterdir()
    assert file.name == "m1.eml"
    assert message_from_bytes(file.read_bytes())["To"] == "ada@example.org"
    assert list((tmp_path / "mail/tmp").iterdir()) == []


def test_a_crash_leaves_no_doubt(tmp_path):
    folder = channel(tmp_path)
    message = Message("m1", "ada@example.org", PAYLOAD)
    assert folder.recover(message).status is OutboxStatus.PENDING
    (half := tmp_path / "mail/tmp/.m1.eml.0000.part").parent.mkdir(parents=True, exist_ok=True)
    half.touch()
    folder.hand_over(message)
    assert not half.exists()
    (tmp_path / "mail/new/m1.eml").rename(tmp_path / "mail/cur/m1.eml:2,S")
    assert folder.recover(message).status is OutboxStatus.SENT
    assert folder.hand_over(message).status is OutboxStatus.SENT
    assert list((tmp_path / "mail/new").iterdir()) == []


def test_an_address_that_is_none_fails_by_name(tmp_path):
    answer = channel(tmp_path).hand_over(Message("m1", "nobody", PAYLOAD))
    assert answer.status is OutboxStatus.FAILED
    assert "'nobody' is not an e-mail address" in answer.text
