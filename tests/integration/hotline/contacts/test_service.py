import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from hotline.contacts import service
from hotline.contacts.contact import Attachment, Channel, ContactState, InboundContact
from hotline.contacts.model import ContactRow
from hotline.kernel.db import Database
from hotline.kernel.errors import Conflict, NotFound
from hotline.kernel.ids import ContactId, new_id
from tests.conftest import FakeClock


def contact(clock: FakeClock, provider_id: str = "<1@example.org>") -> InboundContact:
    return InboundContact(
        Channel.MAIL, provider_id, clock(), b"Subject: \xff\x00 raw", "zhang@example.org"
    )


async def store(database: Database, inbound: InboundContact) -> tuple[ContactId, bool]:
    async with database.begin() as uow:
        return await service.store_contact(uow, inbound)


async def test_a_contact_is_kept_byte_for_byte(database: Database, clock: FakeClock) -> None:
    """R15."""
    contact_id, is_new = await store(database, contact(clock))

    async with database.read() as session:
        kept = await service.load_contact(session, contact_id)
    assert is_new
    assert kept == contact(clock)


async def test_the_same_contact_comes_twice_and_is_kept_once(
    database: Database, clock: FakeClock
) -> None:
    results = await asyncio.gather(*(store(database, contact(clock)) for _ in range(8)))

    async with database.read() as session:
        rows = (await session.scalars(select(ContactRow.id))).all()
    assert {contact_id for contact_id, _ in results} == set(rows)
    assert sorted(is_new for _, is_new in results) == [False] * 7 + [True]


async def test_the_same_id_on_another_channel_is_another_contact(
    database: Database, clock: FakeClock
) -> None:
    first, _ = await store(database, contact(clock))
    second, is_new = await store(database, replace(contact(clock), channel=Channel.WEB))

    assert is_new
    assert first != second


async def test_an_endless_provider_id_is_kept_as_its_hash(
    database: Database, clock: FakeClock
) -> None:
    first, _ = await store(database, contact(clock, "x" * 100_000))
    second, is_new = await store(database, contact(clock, "x" * 100_000))

    assert (first, False) == (second, is_new)


async def test_what_was_understood_is_noted_once(database: Database, clock: FakeClock) -> None:
    contact_id, _ = await store(database, contact(clock))
    photo = Attachment("井盖.jpg", "image/jpeg", b"\xff\xd8")

    async with database.begin() as uow:
        await service.mark_understood(
            uow, contact_id, ContactState.PARSED, attachments=[photo], now=clock()
        )

    async with database.read() as session:
        (kept,) = await service.attachments_of(session, [contact_id])
        content = await service.read_attachment(session, kept.attachment_id)
    assert (kept.name, kept.size) == ("井盖.jpg", 2)
    assert content == photo
    with pytest.raises(Conflict):
        async with database.begin() as uow:
            await service.mark_understood(uow, contact_id, ContactState.PARSED, now=clock())


async def test_pending_contacts_are_those_nobody_has_understood(
    database: Database, clock: FakeClock
) -> None:
    waiting, _ = await store(database, contact(clock, "<1@x>"))
    done, _ = await store(database, contact(clock, "<2@x>"))
    async with database.begin() as uow:
        await service.mark_understood(uow, done, ContactState.PARSED, now=clock())
    clock.advance(timedelta(minutes=1))
    await store(database, contact(clock, "<3@x>"))

    async with database.read() as session:
        found = await service.pending_contacts(session, before=clock() - timedelta(seconds=30))
        understood = await service.contacts_in_state(session, Channel.MAIL, ContactState.PARSED)
    assert found == [waiting]
    assert [one.contact_id for one in understood] == [done]
    assert understood[0].sender_masked == "z***@example.org"


async def test_an_unknown_contact_is_not_found(database: Database, clock: FakeClock) -> None:
    async with database.read() as session:
        with pytest.raises(NotFound):
            await service.load_contact(session, ContactId(new_id()))
        with pytest.raises(NotFound):
            await service.read_attachment(session, new_id())
