from datetime import UTC, datetime
from uuid import UUID

import pytest

from hotline.callbacks.letters import (
    About,
    Envelope,
    answer_letter,
    cancellation_letter,
    outcome_letter,
)
from hotline.callbacks.links import LinkOptions, link_url
from hotline.contacts.contact import Channel, OutboundMessage
from hotline.contacts.texts import parts
from hotline.kernel.ids import CallbackId
from hotline.tickets.ticket import Outcome

LINKS = LinkOptions(b"a secret of the installation", "https://12319.lianchi.gov.cn")
URL = link_url(LINKS, CallbackId(UUID(int=7)), now=datetime(2026, 3, 11, tzinfo=UTC))
ABOUT = About("20260311000001", "井盖缺失", "12319", "https://12319.lianchi.gov.cn/status")
TEXT = Envelope(Channel.SMS, "13800001234", "ticket:1", "answer:1")
MAIL = Envelope(Channel.MAIL, "a@example.org", "ticket:1", "answer:1")


def letter(envelope: Envelope, outcome: Outcome) -> OutboundMessage:
    return outcome_letter(
        envelope, ABOUT, outcome=outcome, result="该处属私人院落", url=URL, days=30
    )


def test_a_refusal_is_told_with_its_reasons() -> None:
    """R17, R69."""
    body = letter(MAIL, Outcome.DECLINED).body

    assert "不予立案，理由如下：\n\n该处属私人院落" in body


@pytest.mark.parametrize("envelope", [MAIL, TEXT])
@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_letter_names_the_ticket_asks_by_link_and_says_whom_to_ask(
    envelope: Envelope, outcome: Outcome
) -> None:
    """R69: which ticket, what happened, what is next, and where to ask."""
    message = letter(envelope, outcome)

    assert all(each in message.body for each in ("20260311000001", URL, "重新办理", "12319"))
    assert message.key == "answer:1"


@pytest.mark.parametrize("outcome", list(Outcome))
def test_a_text_message_with_its_link_has_three_parts_at_most(outcome: Outcome) -> None:
    assert parts(letter(TEXT, outcome).body) <= 3


def test_a_text_message_does_not_say_what_the_matter_was() -> None:
    """R88: it lies open on the screen of a telephone that a household may share."""
    for outcome in Outcome:
        assert "井盖" not in letter(TEXT, outcome).body


@pytest.mark.parametrize("envelope", [MAIL, TEXT])
def test_a_direct_answer_is_told_in_full(envelope: Envelope) -> None:
    """R11."""
    message = answer_letter(envelope, ABOUT, words="请带身份证")

    assert "20260311000001" in message.body
    assert "答复如下：" in message.body
    assert "请带身份证" in message.body
    assert "12319" in message.body


@pytest.mark.parametrize("write", [answer_letter, cancellation_letter])
def test_a_text_too_long_to_send_says_where_the_rest_is(write: object) -> None:
    """R11: what is cut off is not lost to who reads it."""
    assert callable(write)
    message = write(TEXT, ABOUT, words="请带身份证。" * 200)

    assert parts(message.body) <= 7
    assert "…" in message.body
    assert ABOUT.status_url in message.body
    assert "12319" in message.body[-20:]
    assert "请带身份证。" * 200 in write(MAIL, ABOUT, words="请带身份证。" * 200).body


@pytest.mark.parametrize("envelope", [MAIL, TEXT])
def test_a_void_ticket_is_told_with_its_reason(envelope: Envelope) -> None:
    """R17."""
    message = cancellation_letter(envelope, ABOUT, words="与另一工单重复")

    assert "20260311000001" in message.body
    assert "已作废" in message.body
    assert "原因：与另一工单重复" in message.body
    assert "12319" in message.body
