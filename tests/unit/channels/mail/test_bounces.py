from email import message_from_bytes

import pytest

from channels.mail.bounces import returned_letter
from hotline.contacts.contact import ReturnedLetter, trace_of

TRACE = trace_of("callback:1:1")
CITIZEN = "zhang@example.org"

REPORT_HEAD = (
    "Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.example\r\nTo: 12345@city.example\r\n"
    "Subject: Undelivered Mail Returned to Sender\r\nMIME-Version: 1.0\r\n"
    'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
    "--b\r\nContent-Type: text/plain\r\n\r\nThis is the mail system at host mx.example.\r\n"
)
LETTER_HEAD = f"From: 12345@city.example\r\nTo: {CITIZEN}\r\nMessage-ID: <{TRACE}@city.example>\r\n"


def report(
    *,
    action: str = "failed",
    status: str = "5.1.1",
    original: str = "",
    final: str = CITIZEN,
    inside: str = "message/rfc822",
    letter: str = LETTER_HEAD,
) -> bytes:
    """A report as Postfix and Exim write it."""
    first = f"Original-Recipient: {original}\r\n" if original else ""
    told = f"Action: {action}\r\n" if action else ""
    return (
        f"{REPORT_HEAD}--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        f"Reporting-MTA: dns; mx.example\r\n\r\n"
        f"{first}Final-Recipient: rfc822; {final}\r\n{told}Status: {status}\r\n"
        f"--b\r\nContent-Type: {inside}\r\n\r\n{letter}\r\n正文\r\n--b--\r\n"
    ).encode()


def in_words(
    body: str, *, sender: str = "postmaster@mx.example", subject: str = "", extra: str = ""
) -> bytes:
    return (
        f"Return-Path: <>\r\nFrom: {sender}\r\nTo: 12345@city.example\r\nSubject: {subject}\r\n"
        f"{extra}MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{body}\r\n"
    ).encode()


def read(raw: bytes) -> ReturnedLetter | None:
    return returned_letter(message_from_bytes(raw))


@pytest.mark.parametrize("inside", ["message/rfc822", "text/rfc822-headers"])
def test_a_report_names_letter_recipient_and_reason(inside: str) -> None:
    """RFC 3464."""
    assert read(report(inside=inside)) == ReturnedLetter(TRACE, frozenset({CITIZEN}), "5.1.1")


def test_an_address_that_was_forwarded_is_known_by_the_one_we_wrote_to() -> None:
    found = read(report(original="rfc822;Zhang+2Bcity@Example.ORG", final="zh@elsewhere.example"))

    assert found is not None
    assert found.addresses >= {"zhang+city@example.org", "zh@elsewhere.example"}


def test_days_of_delay_that_ended_in_failure_are_a_failure() -> None:
    assert read(report(action="failed", status="4.4.7")) is not None


@pytest.mark.parametrize(
    ("action", "status"),
    [("delayed", "4.4.1"), ("delivered", "2.0.0"), ("relayed", "2.0.0"), ("", "4.2.2")],
)
def test_what_may_still_arrive_is_not_a_failure(action: str, status: str) -> None:
    assert read(report(action=action, status=status)) is None


def test_a_report_of_a_letter_that_it_does_not_show_names_none_of_ours() -> None:
    assert read(report(letter="From: a@example.org\r\n")) is None
    assert read(report(letter="Message-ID: <1@example.org>\r\n")) is None


@pytest.mark.parametrize(
    ("body", "subject", "extra"),
    [
        (
            "Hi. This is the qmail-send program at mx.example.\nI wasn't able to deliver your "
            f"message.\n<{CITIZEN}>:\n550 5.1.1 no such user\n\n--- Below this line is a copy.\n\n"
            f"Message-ID: <{TRACE}@city.example>\n",
            "failure notice",
            "",
        ),
        (
            f"抱歉，您的邮件被退回来了。收件人（{CITIZEN}）邮件地址不存在，邮件无法送达。",
            "系统退信",
            f"References: <{TRACE}@city.example>\r\n",
        ),
        (
            "A message that you sent could not be delivered.",
            "Mail delivery failed: returning message to sender",
            f"X-Failed-Recipients: {CITIZEN}\r\nIn-Reply-To: <{TRACE}@city.example>\r\n",
        ),
    ],
)
def test_a_bounce_in_plain_words_is_understood(body: str, subject: str, extra: str) -> None:
    found = read(in_words(body, subject=subject, extra=extra))

    assert found is not None
    assert found.trace == TRACE
    assert CITIZEN in found.addresses


THREAD = f"References: <{TRACE}@city.example>\r\n"


@pytest.mark.parametrize(
    "raw",
    [
        # somebody is on holiday: the letter has arrived
        in_words("我在休假，您的邮件无法送达我本人。", sender=CITIZEN, extra=THREAD),
        # the machine goes on trying
        in_words(
            f"Delivery to {CITIZEN} could not be delivered yet, and is delayed. No action needed.",
            subject="Warning: message delayed",
            extra=THREAD,
        ),
        # the postmaster answers, quoting our letter
        in_words("您好，邮件已转交。\n> 工单会立即退回重新办理。", extra=THREAD),
        # a failure of a letter that is not named
        in_words(f"无法送达 {CITIZEN}", subject="系统退信"),
    ],
)
def test_other_automatic_mail_says_nothing_of_a_letter(raw: bytes) -> None:
    assert read(raw) is None


def test_broken_reports_are_read_as_far_as_they_go() -> None:
    raw = report()

    for end in range(0, len(raw), 7):
        read(raw[:end])
