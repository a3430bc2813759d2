import pytest

from invoicebatch.delivery.mail.bounces import MAX_BYTES, RECEIPT, UNKNOWN, files_in, may_report, reports_in

ID = "6f1f2c0e-9f0b-5c3e-8a53-0d3a8ff3c9a1"
DSN = f"""From: MAILER-DAEMON@mail.test
To: billing@acme.example
Subject: Undelivered
Message-ID: <1.bounce@mail.test>
Date: Fri, 20 Nov 2026 23:30:00 -0500
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

Your mail could not be delivered.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.test

Final-Recipient: rfc822; ada@example.org
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 no such
 user here

Final-Recipient: rfc822; bob@example.org
Action: delayed
Status: 4.4.1
--b
Content-Type: text/rfc822-headers

From: billing@acme.example
Message-ID: <{ID}@acme.example>
--b--
""".replace("\n", "\r\n").encode()
PLAIN = f"""Return-Path: <>
From: MAILER-DAEMON@mail.test
Subject: failure notice
Content-Type: text/plain; charset=x-nonsense

Hi. This is the qmail-send program at mail.test.

<ada@example.org>:
10.0.0.1 does not like recipient. 550 no user \xfc \x1b[31m

--- Below this line is a copy of the message.

From: billing@acme.example
To: eve@example.org
Message-ID: <{ID}@acme.example>
""".encode("latin-1")


def test_each_recipient_has_its_report():
    failed, delayed = reports_in(DSN, "x.eml")
    assert (failed.message_id, failed.recipients, failed.status) == (ID, ("ada@example.org",), "5.1.1")
    assert (failed.action, failed.words) == ("failed", "550 5.1.1 no such user here")
    assert failed.sent_at
    assert f"{failed.sent_at:%Y-%m-%d %H}" == "2026-11-21 04"
    assert (delayed.action, delayed.recipients) == ("delayed", ("bob@example.org",))


def test_the_whole_returned_mail_is_understood_too():
    whole = DSN.replace(b"text/rfc822-headers", b"message/rfc822")
    assert [report.message_id for report in reports_in(whole)] == [ID, ID]
    long = whole.replace(b"--b--", b"\r\n" + b"x" * 2 * MAX_BYTES)
    assert reports_in(long)[0].message_id == ID


@pytest.mark.parametrize(
    ("status", "words", "of_address"),
    [
        (b"5.1.1", b"550 5.1.1 no such user", True),
        (b"5.0.0", b"550 5.7.1 looks like spam", False),  # a server may say it in its words alone
        (b"5.0.0", b"550 unknown mailbox", True),
        (b"5.2.2", b"552 5.2.2 mailbox full", False),
        (b"5.3.4", b"552 message too large", False),
        (b"4.4.7", b"delivery time expired", False),
        (b"5.0.0", b"552 Mailbox full", False),
        (b"5.0.0", b"550 mailbox blocked by policy", False),
        (b"5.4.1", b"no answer from host", False),
        (b"5.1.8", b"bad sender's mailbox address", False),
    ],
)
def test_an_address_is_at_fault_only_where_the_server_says_so(status, words, of_address):
    told = DSN.replace(b"5.1.1\r\nDiag", status + b"\r\nDiag").replace(
        b"550 5.1.1 no such\r\n user here", words
    )
    assert reports_in(told)[0].of_address is of_address


def test_a_plain_bounce_counts_only_with_the_head_of_our_mail():
    (report,) = reports_in(PLAIN)
    assert (report.message_id, report.recipients) == (ID, ("ada@example.org",))
    assert (report.action, report.words) == ("failed", "550 no user � [31m")
    without = PLAIN.replace(b"Message-ID", b"X-Other")
    assert [each.unread for each in reports_in(without)] == [UNKNOWN]
    customers_own = PLAIN.replace(b"Return-Path: <>", b"Return-Path: <ada@example.org>").replace(
        b"MAILER-DAEMON@mail.test", b"ada@example.org"
    )
    assert [each.unread for each in reports_in(customers_own)] == [UNKNOWN]
    answer = b"Auto-Submitted: auto-replied\r\n" + PLAIN
    assert [each.unread for each in reports_in(answer)] == [UNKNOWN]


def test_read_receipts_and_rubbish_are_named():
    receipt = DSN.replace(b"message/delivery-status", b"message/disposition-notification")
    assert [each.unread for each in reports_in(receipt)] == [RECEIPT]
    nested = b"".join(
        b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d\r\n' % (i, i) for i in range(3000)
    )
    for bad in (b"", bytes(range(256)) * 100, nested, b"a" * MAX_BYTES, DSN[:300], b"\n" * MAX_BYTES):
        assert [bool(each.unread) for each in reports_in(bad)] == [True]


def test_a_report_of_a_thousand_recipients_is_read_and_one_of_more_is_cut():
    block = b"Final-Recipient: rfc822; p%d@example.org\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n"
    many = DSN.replace(b"Final-Recipient: rfc822; ada", b"".join(block % i for i in range(1_500)) + b"X: a")
    assert len(reports_in(many)) == 1_000


def test_only_what_may_be_a_report_is_fetched():
    assert may_report(DSN)
    assert may_report(b"From: x <postmaster@x.org>\r\n\r\n")
    assert may_report(b"Return-Path: <>\r\nFrom: ada@x.org\r\n\r\n")
    assert not may_report(b"From: ada@x.org\r\nSubject: Mailer-Daemon@x.org\r\n\r\n")


def test_mails_are_found_in_folders(tmp_path):
    (tmp_path / "new").mkdir()
    for name in ("new/2", "new/.hidden", "1.eml"):
        (tmp_path / name).write_bytes(DSN)
    assert [file.name for file in files_in([tmp_path])] == ["1.eml", "2"]
