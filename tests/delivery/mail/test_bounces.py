from invoicebatch.delivery.mail.bounces import bounces_in, read_bounces

ID = "6f1f2c0e-9f0b-5c3e-8a53-0d3a8ff3c9a1"
DSN = f"""From: MAILER-DAEMON@mail.test
To: billing@acme.example
Subject: Undelivered
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


def test_the_failed_recipient_and_our_message_are_named():
    (bounce,) = bounces_in(DSN, "x.eml")
    assert (bounce.message_id, bounce.recipient, bounce.status) == (ID, "ada@example.org", "5.1.1")
    assert bounce.text == "550 5.1.1 no such user here"
    assert bounce.permanent


def test_the_whole_returned_mail_is_understood_too():
    whole = DSN.replace(b"text/rfc822-headers", b"message/rfc822")
    assert [bounce.message_id for bounce in bounces_in(whole)] == [ID]


def test_a_temporary_failure_is_told_apart():
    (bounce,) = bounces_in(DSN.replace(b"Status: 5.1.1", b"Status: 4.2.2"))
    assert not bounce.permanent


def test_other_mails_and_rubbish_are_passed_over(tmp_path):
    (tmp_path / "new").mkdir()
    (tmp_path / "new/1").write_bytes(DSN)
    (tmp_path / "new/2").write_bytes(b"From: a@b.org\r\nSubject: hello\r\n\r\nhow are you")
    (tmp_path / "new/3").write_bytes(bytes(range(256)))
    assert [bounce.file for bounce in read_bounces(tmp_path)] == ["1"]
