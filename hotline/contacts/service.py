"""Contacts are stored raw before anything else happens to them."""

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from hotline.contacts.contact import (
    LIVE_CHANNELS,
    Attachment,
    Channel,
    ContactState,
    InboundContact,
)
from hotline.contacts.events import ContactStored
from hotline.contacts.model import AttachmentRow, ContactRow
from hotline.contacts.photos import photo_type
from hotline.contacts.repository import Contacts
from hotline.kernel.db import UnitOfWork
from hotline.kernel.errors import Conflict
from hotline.kernel.ids import ContactId
from hotline.kernel.privacy import mask_email, mask_phone

PROVIDER_ID_LIMIT = 255


@dataclass(frozen=True, slots=True)
class AttachmentView:
    """A file that came with a contact, without its content."""

    attachment_id: UUID
    contact_id: ContactId
    received_at: datetime
    name: str
    mime: str
    """What the sender calls it."""
    photo: str | None
    """The media type of a photo, by what is inside; None for any other file."""
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class ContactView:
    """A contact for screens; the sender is masked."""

    contact_id: ContactId
    channel: Channel
    provider_id: str
    received_at: datetime
    sender_masked: str
    size: int
    sha256: str
    state: ContactState
    error: str | None


async def store_contact(uow: UnitOfWork, contact: InboundContact) -> tuple[ContactId, bool]:
    """Keep a contact raw; return its id, and whether it is new (R12, R15).

    The same `(channel, provider_id)` is the same contact, whoever comes first.
    """
    contacts = Contacts(uow.session)
    is_live = contact.channel in LIVE_CHANNELS
    row = ContactRow(
        channel=contact.channel,
        provider_id=bounded_id(contact.provider_id),
        received_at=contact.received_at,
        sender=contact.sender,
        raw=contact.raw,
        size=len(contact.raw),
        sha256=hashlib.sha256(contact.raw).hexdigest(),
        state=ContactState.LIVE if is_live else ContactState.STORED,
    )
    stored = await contacts.insert(row)
    if stored is None:
        known = await contacts.find(contact.channel, row.provider_id)
        return ContactId(known.id), False
    contact_id = ContactId(stored)
    if not is_live:
        uow.record(ContactStored(contact_id=contact_id, occurred_at=contact.received_at))
    return contact_id, True


def bounded_id(provider_id: str) -> str:
    """Return the id itself, or its hash when it is too long for an index."""
    provider_id = provider_id.replace("\x00", "")
    if len(provider_id) <= PROVIDER_ID_LIMIT:
        return provider_id
    return f"sha256:{hashlib.sha256(provider_id.encode()).hexdigest()}"


async def load_contact(session: AsyncSession, contact_id: ContactId) -> InboundContact:
    """Return a contact as it came in.

    Raises:
        NotFound: if there is none.
    """
    row = await Contacts(session).get(contact_id, raw=True)
    return InboundContact(row.channel, row.provider_id, row.received_at, row.raw, row.sender)


async def claim_contact(uow: UnitOfWork, contact_id: ContactId) -> InboundContact | None:
    """Lock a contact that waits to be understood and return it; None if that is done already.

    Raises:
        NotFound: if there is none.
    """
    row = await Contacts(uow.session).get(contact_id, raw=True, lock=True)
    if row.state is not ContactState.STORED:
        return None
    return InboundContact(row.channel, row.provider_id, row.received_at, row.raw, row.sender)


async def mark_understood(
    uow: UnitOfWork,
    contact_id: ContactId,
    state: ContactState,
    *,
    now: datetime,
    error: str | None = None,
    attachments: Iterable[Attachment] = (),
) -> None:
    """Note what became of a claimed contact, once, and keep its attachments.

    Raises:
        Conflict: if it was noted before.
    """
    row = await Contacts(uow.session).get(contact_id, lock=True)
    if row.state is not ContactState.STORED:
        raise Conflict(f"contact {contact_id} is {row.state} already")
    row.state, row.understood_at, row.error = state, now, error
    uow.session.add_all(
        AttachmentRow(
            contact_id=contact_id,
            position=position,
            name=attachment.name,
            mime=attachment.mime,
            size=len(attachment.content),
            sha256=hashlib.sha256(attachment.content).hexdigest(),
            content=attachment.content,
        )
        for position, attachment in enumerate(attachments)
    )


async def take_up_automatic(uow: UnitOfWork, contact_id: ContactId) -> InboundContact:
    """Count a contact that was taken for automatic as a person's, and return it; safe to repeat.

    Raises:
        NotFound: if there is none.
        Conflict: if it was never taken for automatic.
    """
    row = await Contacts(uow.session).get(contact_id, raw=True, lock=True)
    if row.state not in (ContactState.AUTOMATIC, ContactState.PARSED):
        raise Conflict(f"contact {contact_id} is {row.state}")
    row.state = ContactState.PARSED
    return InboundContact(row.channel, row.provider_id, row.received_at, row.raw, row.sender)


async def pending_contacts(
    session: AsyncSession, *, before: datetime, limit: int = 200
) -> Sequence[ContactId]:
    """Return contacts stored before an instant that nobody has understood yet, oldest first."""
    return await Contacts(session).pending(before=before, limit=limit)


async def contact_view(session: AsyncSession, contact_id: ContactId) -> ContactView:
    """Return a contact for a screen.

    Raises:
        NotFound: if there is none.
    """
    return _view(await Contacts(session).get(contact_id))


async def contacts_in_state(
    session: AsyncSession, channel: Channel, state: ContactState, *, limit: int = 50
) -> Sequence[ContactView]:
    """Return the newest contacts of a channel in a state, such as AUTOMATIC or UNPARSABLE."""
    return [_view(row) for row in await Contacts(session).newest_in(channel, state, limit=limit)]


async def attachments_of(
    session: AsyncSession, contact_ids: Collection[ContactId]
) -> Sequence[AttachmentView]:
    """Return the files that came with contacts, oldest contact first, in their order."""
    return [
        AttachmentView(
            attachment_id=row.id,
            contact_id=ContactId(row.contact_id),
            received_at=received_at,
            name=row.name,
            mime=row.mime,
            photo=photo_type(head),
            size=row.size,
            sha256=row.sha256,
        )
        for row, head, received_at in await Contacts(session).attachments(contact_ids)
    ]


async def read_attachment(session: AsyncSession, attachment_id: UUID) -> Attachment:
    """Return one file with its content.

    Raises:
        NotFound: if there is none.
    """
    row = await Contacts(session).attachment(attachment_id)
    return Attachment(row.name, row.mime, row.content)


def _view(row: ContactRow) -> ContactView:
    sender = row.sender or ""
    return ContactView(
        contact_id=ContactId(row.id),
        channel=row.channel,
        provider_id=row.provider_id,
        received_at=row.received_at,
        sender_masked=mask_email(sender) if "@" in sender else mask_phone(sender),
        size=row.size,
        sha256=row.sha256,
        state=row.state,
        error=row.error,
    )
