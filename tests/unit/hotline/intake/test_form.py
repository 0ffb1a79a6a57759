import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.contacts.contact import Attachment, Channel, InboundContact
from hotline.intake.form import WebForm, first_line, read_form
from hotline.intake.request import Unreadable
from hotline.tickets.ticket import RequestKind

NOW = datetime(2026, 3, 11, 2, 0, tzinfo=UTC)


def contact(raw: bytes) -> InboundContact:
    return InboundContact(Channel.WEB, "nonce", NOW, raw)


def stored(**changes: Any) -> InboundContact:
    return contact(json.dumps({"version": 1, "body": "井盖缺失"} | changes).encode())


def test_a_form_is_read_as_it_was_filled_in() -> None:
    photo = Attachment("井盖.jpg", "image/jpeg", bytes(range(256)))
    form = WebForm(
        nonce="n1",
        body="人民路的井盖不见了",
        subject="井盖",
        reply_channel=Channel.MAIL,
        phone="13800001234",
        mail="zhang@example.org",
        name="张三",
        request_kind=RequestKind.REPORT,
        category_code="CJ/T214@2007:facility:0101",
        condition="HAZARD",
        address="人民路1号",
        longitude=118.84,
        latitude=35.17,
        confidential=True,
        attachments=(photo,),
    )

    kept = form.to_contact(now=NOW)
    request = read_form(kept)

    assert (kept.channel, kept.provider_id, kept.sender) == (Channel.WEB, "n1", "13800001234")
    assert request.subject == "井盖"
    assert request.body == "人民路的井盖不见了"
    assert (request.reply_channel, request.reply_to) == (Channel.MAIL, "zhang@example.org")
    assert request.request_kind is RequestKind.REPORT
    assert (request.longitude, request.latitude) == (118.84, 35.17)
    assert request.confidential
    assert not request.anonymous
    assert request.attachments == (photo,)


def test_a_form_without_a_subject_takes_its_first_words() -> None:
    request = read_form(WebForm(nonce="n", body="路灯\n不亮").to_contact(now=NOW))

    assert request.subject == "路灯 不亮"
    assert (request.reply_channel, request.reply_to) == (Channel.WEB, None)


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (contact(b"\xff\xfe"), "not JSON"),
        (contact(b"[]"), "not a form"),
        (contact(b'{"version": 99}'), "not a form"),
        (stored(body=""), "no text"),
        (stored(body=7), "body is not text"),
        (stored(reply_channel="pigeon"), "reply_channel is unknown"),
        (stored(request_kind="prayer"), "request_kind is unknown"),
        (stored(longitude="118"), "longitude is not a number"),
        (stored(longitude=True), "longitude is not a number"),
        (stored(attachments=[{"name": "a"}]), "attachment is damaged"),
        (stored(attachments=[{"name": "a", "mime": "b", "content": "%"}]), "is damaged"),
        (stored(attachments={}), "not a list"),
    ],
)
def test_a_broken_form_names_its_fault(broken: InboundContact, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        read_form(broken)


@given(st.binary())
def test_any_bytes_are_a_form_or_unreadable(raw: bytes) -> None:
    with pytest.raises(Unreadable):
        read_form(contact(raw))


@pytest.mark.parametrize(
    ("text", "line"), [("短", "短"), ("  两\n行 ", "两 行"), ("长" * 50, "长" * 39 + "…"), ("", "")]
)
def test_a_first_line_is_short(text: str, line: str) -> None:
    assert first_line(text) == line
