import pytest

from hotline.callbacks.letters import answer_letter, cancellation_letter, outcome_letter
from hotline.contacts.contact import Channel, OutboundMessage
from hotline.tickets.ticket import Outcome


def letter(channel: Channel, outcome: Outcome) -> OutboundMessage:
    return outcome_letter(
        channel=channel,
        to="a@example.org",
        number="20260311000001",
        subject="井盖缺失",
        outcome=outcome,
        result="该处属私人院落",
        url="https://city.example/callback/t",
        reference="callback:1:1",
    )


def test_a_refusal_is_told_with_its_reasons() -> None:
    """R17, R69."""
    body = letter(Channel.MAIL, Outcome.DECLINED).body

    assert "不予立案，理由如下：\n\n该处属私人院落" in body


@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_letter_names_the_ticket_and_asks_by_link(outcome: Outcome) -> None:
    for channel in (Channel.MAIL, Channel.SMS):
        message = letter(channel, outcome)

        assert "20260311000001" in message.body
        assert "https://city.example/callback/t" in message.body
        assert message.key == message.reference == "callback:1:1"


def test_a_text_message_is_short() -> None:
    assert len(letter(Channel.SMS, Outcome.DECLINED).body) < 134  # two parts


def test_a_direct_answer_is_told_in_full() -> None:
    """R11."""
    message = answer_letter(
        channel=Channel.MAIL,
        to="a@example.org",
        number="20260311000001",
        subject="办证",
        words="请带身份证",
        reference="ticket:1",
        key="answer:1",
    )

    assert "请带身份证" in message.body
    short = answer_letter(
        channel=Channel.SMS,
        to="13800001234",
        number="20260311000001",
        subject="办证",
        words="请带身份证",
        reference="ticket:1",
        key="answer:1",
    )
    assert short.body == "您反映的工单20260311000001答复如下：请带身份证"


@pytest.mark.parametrize("channel", [Channel.MAIL, Channel.SMS])
def test_a_void_ticket_is_told_with_its_reason(channel: Channel) -> None:
    """R17."""
    message = cancellation_letter(
        channel=channel,
        to="13800001234",
        number="20260311000001",
        subject="办证",
        words="与另一工单重复",
        reference="ticket:1",
        key="cancellation:1",
    )

    assert "20260311000001" in message.body
    assert "已作废" in message.body
    assert "原因：与另一工单重复" in message.body
