from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.mail.compose import Sender, compose
from hotline.contacts.contact import Channel, OutboundMessage
from hotline.kernel.errors import Invalid

SENDER = Sender("市民热线", "12345@city.example")
NOW = datetime(2026, 3, 11, 2, 0, tzinfo=UTC)
MESSAGE = OutboundMessage(
    channel=Channel.MAIL,
    to="zhang@example.org",
    subject="工单 20260311000001 已受理",
    body="您好：\n\n已受理。",
    reference="ticket:1",
    key="receipt:1",
    headers={"In-Reply-To": "<a@example.org>", "References": "<a@example.org>", "X-Other": "x"},
)


def headers_of(message: OutboundMessage) -> dict[str, str]:
    mail = compose(message, SENDER, now=NOW)
    parsed = message_from_bytes(mail.as_bytes(), policy=default)
    return {name: str(value) for name, value in parsed.items()}


def test_a_mail_says_who_to_whom_what_and_when() -> None:
    headers = headers_of(MESSAGE)
    mail = compose(MESSAGE, SENDER, now=NOW)

    assert headers["From"] == "市民热线 <12345@city.example>"
    assert headers["To"] == "zhang@example.org"
    assert headers["Subject"] == "工单 20260311000001 已受理"
    assert headers["Date"] == "Wed, 11 Mar 2026 10:00:00 +0800"
    assert headers["In-Reply-To"] == "<a@example.org>"
    assert "X-Other" not in headers
    assert mail.get_content() == "您好：\r\n\r\n已受理。\r\n"
    assert mail.as_bytes().isascii()


def test_no_machine_is_invited_to_answer() -> None:
    """RFC 3834 5."""
    assert headers_of(MESSAGE)["Auto-Submitted"] == "auto-generated"


def test_a_repeat_has_the_same_message_id() -> None:
    first, second = headers_of(MESSAGE), headers_of(replace(MESSAGE, body="anders"))

    assert first["Message-ID"] == second["Message-ID"]
    assert headers_of(replace(MESSAGE, key="receipt:2"))["Message-ID"] != first["Message-ID"]


@given(st.text())
def test_no_subject_adds_a_header_or_fails(subject: str) -> None:
    mail = compose(replace(MESSAGE, subject=subject), SENDER, now=NOW)

    names = [name.lower() for name in message_from_bytes(mail.as_bytes()).keys()]  # noqa: SIM118
    assert names.count("subject") <= 1
    assert "bcc" not in names


@pytest.mark.parametrize(
    "subject",
    ["x\r\nBcc: victim@example.org", "x\nBcc: v@example.org", "x\u2028Bcc: v", "x\x85B: c"],
)
def test_line_ends_in_a_subject_become_spaces(subject: str) -> None:
    headers = headers_of(replace(MESSAGE, subject=subject))

    assert headers["Subject"].startswith("x B")
    assert "Bcc" not in headers


@pytest.mark.parametrize(
    "thread", ["<a@b>\r\nBcc: v@example.org", "nonsense", "<a b@c>", "", "<" + "a" * 300 + ">"]
)
def test_a_damaged_thread_is_left_out(thread: str) -> None:
    assert "References" not in headers_of(replace(MESSAGE, headers={"References": thread}))


@pytest.mark.parametrize(
    "to", ["", "nobody", "a@b, c@d", "a@example.org\r\nBcc: v@example.org", "张三@例子.中国"]
)
def test_an_address_that_is_none_is_refused(to: str) -> None:
    with pytest.raises(Invalid):
        compose(replace(MESSAGE, to=to), SENDER, now=NOW)


def test_a_sender_that_is_none_is_refused() -> None:
    with pytest.raises(Invalid):
        Sender("x", "nobody")
