from dataclasses import replace
from typing import Any

import pytest

from hotline.contacts.contact import Channel
from hotline.kernel.errors import Invalid
from hotline.tickets.checks import check_draft
from hotline.tickets.ticket import RequestKind, TicketDraft

DRAFT = TicketDraft(
    channel=Channel.VOICE,
    request_kind=RequestKind.REPORT,
    subject="井盖缺失",
    body="人民路与解放路口",
    reply_channel=Channel.VOICE,
    reply_to="13800001234",
)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"subject": "  "}, "subject"),
        ({"subject": "长" * 201}, "subject"),
        ({"body": "长" * 20_001}, "body"),
        ({"body": "a\x00b"}, "body"),
        ({"address": "长" * 501}, "address"),
        ({"reply_to": None}, "reply_to"),
        ({"reply_to": "anonymous"}, "reply_to"),
        ({"reply_to": "zhang13800001234@example.org"}, "reply_to"),
        ({"reply_channel": Channel.MAIL, "reply_to": ""}, "reply_to"),
        ({"reply_channel": Channel.MAIL, "reply_to": "13800001234"}, "reply_to"),
        ({"reply_channel": Channel.SMS, "reply_to": "03596221234"}, "reply_to"),
        ({"longitude": 118.0}, "longitude"),
        ({"longitude": 181.0, "latitude": 35.0}, "longitude"),
        ({"longitude": 118.0, "latitude": -91.0}, "latitude"),
    ],
)
def test_a_draft_that_cannot_be_worked_on_names_the_field(
    change: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as caught:
        check_draft(replace(DRAFT, **change))

    assert caught.value.field == field


def test_whoever_leaves_no_number_is_told_on_the_status_page() -> None:
    check_draft(replace(DRAFT, reply_channel=Channel.WEB, reply_to=None))
