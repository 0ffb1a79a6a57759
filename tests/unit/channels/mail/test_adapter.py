from datetime import UTC, datetime
from typing import Any

import pytest
from aiosmtpd.smtp import Envelope

from channels.mail.adapter import MailHandler, MailServerOptions
from hotline.contacts.contact import InboundContact
from hotline.kernel.errors import Unavailable
from hotline.kernel.ids import ContactId, new_id

OPTIONS = MailServerOptions(
    "127.0.0.1", 0, "mail.city.example", mailboxes=frozenset({"12345@city.example"})
)
NOW = datetime(2026, 3, 11, 2, 0, tzinfo=UTC)


UNUSED: Any = None
"""Server and session, which aiosmtpd passes and our handler does not look at."""


class FakeStore:
    """Keeps contacts, unless the database is down."""

    def __init__(self, *, is_down: bool = False) -> None:
        self.is_down = is_down
        self.kept: list[InboundContact] = []

    async def __call__(self, contact: InboundContact) -> tuple[ContactId, bool]:
        if self.is_down:
            raise Unavailable("the database")
        self.kept.append(contact)
        return ContactId(new_id()), True


def handler(store: FakeStore) -> MailHandler:
    return MailHandler(OPTIONS, store, lambda: NOW)


def envelope(content: bytes, sender: str | None = "zhang@example.org") -> Envelope:
    mail = Envelope()
    mail.mail_from = sender
    mail.rcpt_tos = ["12345@city.example"]
    mail.content = content
    return mail


async def test_a_mail_is_acknowledged_when_it_is_kept() -> None:
    store = FakeStore()

    answer = await handler(store).handle_DATA(UNUSED, UNUSED, envelope(b"Subject: x\r\n\r\ny"))

    assert answer.startswith("250 2.0.0 Accepted as ")
    assert store.kept[0].raw == (
        b"Return-Path: <zhang@example.org>\r\nDelivered-To: 12345@city.example\r\n"
        b"Subject: x\r\n\r\ny"
    )
    assert store.kept[0].received_at == NOW


async def test_the_sender_keeps_the_mail_when_we_cannot_store_it() -> None:
    store = FakeStore(is_down=True)

    answer = await handler(store).handle_DATA(UNUSED, UNUSED, envelope(b"Subject: x\r\n\r\ny"))

    assert answer.startswith("451 4.3.0")


async def test_the_null_sender_is_written_down() -> None:
    store = FakeStore()

    await handler(store).handle_DATA(UNUSED, UNUSED, envelope(b"Subject: x\r\n\r\ny", sender=""))

    assert store.kept[0].sender is None
    assert store.kept[0].raw.startswith(b"Return-Path: <>\r\n")


async def test_an_envelope_cannot_add_lines() -> None:
    store = FakeStore()

    await handler(store).handle_DATA(UNUSED, UNUSED, envelope(b"\r\n", sender="a@b>\r\nX: y"))

    assert b"\r\nX:" not in store.kept[0].raw


@pytest.mark.parametrize(
    ("address", "code"),
    [("12345@city.example", "250"), ("12345@City.Example", "250"), ("else@city.example", "550")],
)
async def test_only_our_mailboxes_take_mail(address: str, code: str) -> None:
    answer = await handler(FakeStore()).handle_RCPT(UNUSED, UNUSED, Envelope(), address, [])

    assert answer.startswith(code)


async def test_an_unforeseen_fault_leaves_the_mail_with_its_sender() -> None:
    answer = await handler(FakeStore()).handle_exception(RuntimeError("secret detail"))

    assert answer.startswith("451")
    assert "secret" not in answer
