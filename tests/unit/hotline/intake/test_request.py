from datetime import UTC, datetime

import pytest

from hotline.contacts.contact import Channel, InboundContact
from hotline.intake.form import WebForm, read_form
from hotline.intake.request import CitizenRequest, Unreadable, read_contact

NOW = datetime(2026, 3, 11, 2, 0, tzinfo=UTC)
FORM = WebForm(nonce="n", body="路灯不亮").to_contact(now=NOW)


def test_each_channel_has_its_reader() -> None:
    assert read_contact(FORM, {Channel.WEB: read_form}).body == "路灯不亮"


def test_a_channel_without_a_reader_is_unreadable() -> None:
    with pytest.raises(Unreadable, match="nobody reads web"):
        read_contact(FORM, {})


def test_a_bug_of_a_reader_does_not_lose_the_contact() -> None:
    def broken(contact: InboundContact) -> CitizenRequest:
        raise KeyError(contact.raw.decode())

    with pytest.raises(Unreadable) as caught:
        read_contact(FORM, {Channel.WEB: broken})

    assert caught.value.reason == "the reader failed: KeyError"  # none of the citizen's words
