from email import message_from_bytes

import pytest

from channels.mail.automatic import is_automatic


@pytest.mark.parametrize(
    ("head", "automatic"),
    [
        (b"From: a@example.org", False),
        (b"From: a@example.org\r\nAuto-Submitted: no", False),
        (b"From: a@example.org\r\nAuto-Submitted: auto-generated", True),  # our own mail, come back
        (b"Return-Path: <a@example.org>\r\nFrom: a@example.org", False),
        (b"Return-Path: <>\r\nFrom: a@example.org", True),
        (b"From: a@example.org\r\nPrecedence: junk", True),
        (b"From: a@example.org\r\nPrecedence: first-class", False),
        (b"From: a@example.org\r\nList-Unsubscribe: <https://x>", True),
        (b"From: Mail Delivery <MAILER-DAEMON@example.org>", True),
        (b"From: no-reply@shop.example", True),
        (b"From: a@example.org\r\nContent-Type: multipart/report; boundary=x", True),
    ],
)
def test_only_mail_of_people_is_answered(head: bytes, automatic: bool) -> None:
    """RFC 3834 2."""
    assert is_automatic(message_from_bytes(head + b"\r\n\r\nx")) is automatic
