"""All SQL about contacts and messages."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import undefer

from hotline.contacts.contact import Channel, ContactState, MessageState
from hotline.contacts.model import AttachmentRow, ContactRow, MessageRow
from hotline.contacts.photos import HEAD
from hotline.kernel.errors import NotFound
from hotline.kernel.ids import ContactId, new_id


class Contacts:
    """Queries over one session."""

    def __init__(self, session: AsyncSession) -> None:
        self.session = session

    async def insert(self, row: ContactRow) -> UUID | None:
        """Insert a contact; return its id, or None if `(channel, provider_id)` is there."""
        statement = (
            insert(ContactRow)
            .values(
                id=new_id(),
                channel=row.channel,
                provider_id=row.provider_id,
                received_at=row.received_at,
                sender=row.sender,
                raw=row.raw,
                size=row.size,
                sha256=row.sha256,
                state=row.state,
            )
            .on_conflict_do_nothing(index_elements=["channel", "provider_id"])
            .returning(ContactRow.id)
        )
        return (await self.session.execute(statement)).scalar_one_or_none()

    async def find(self, channel: Channel, provider_id: str) -> ContactRow:
        """Return the contact with an id of its channel.

        Raises:
            NotFound: if there is none.
        """
        row = await self.session.scalar(
            select(ContactRow).where(
                ContactRow.channel == channel, ContactRow.provider_id == provider_id
            )
        )
        if row is None:
            raise NotFound("contact", channel)
        return row

    async def get(
        self, contact_id: ContactId, *, raw: bool = False, lock: bool = False
    ) -> ContactRow:
        """Return one contact, with its raw bytes if asked for.

        Raises:
            NotFound: if there is none.
        """
        query = select(ContactRow).where(ContactRow.id == contact_id)
        if raw:
            query = query.options(undefer(ContactRow.raw))
        if lock:
            query = query.with_for_update().execution_options(populate_existing=True)
        row = await self.session.scalar(query)
        if row is None:
            raise NotFound("contact", contact_id)
        return row

    async def pending(self, *, before: datetime, limit: int) -> Sequence[ContactId]:
        """Return ids of contacts that wait to be understood, oldest first."""
        found = await self.session.scalars(
            select(ContactRow.id)
            .where(ContactRow.state == ContactState.STORED, ContactRow.received_at <= before)
            .order_by(ContactRow.received_at)
            .limit(limit)
        )
        return [ContactId(contact_id) for contact_id in found]

    async def newest_in(
        self, channel: Channel, state: ContactState, *, limit: int
    ) -> Sequence[ContactRow]:
        """Return the newest contacts of a channel in a state."""
        found = await self.session.scalars(
            select(ContactRow)
            .where(ContactRow.channel == channel, ContactRow.state == state)
            .order_by(ContactRow.received_at.desc(), ContactRow.id)
            .limit(limit)
        )
        return found.all()

    async def attachments(
        self, contact_ids: Collection[ContactId]
    ) -> Sequence[tuple[AttachmentRow, bytes, datetime]]:
        """Return the attachments of contacts, each with its first bytes and when it came in."""
        head = func.substring(AttachmentRow.content, 1, HEAD)
        found = await self.session.execute(
            select(AttachmentRow, head, ContactRow.received_at)
            .join(ContactRow, ContactRow.id == AttachmentRow.contact_id)
            .where(AttachmentRow.contact_id.in_(contact_ids))
            .order_by(ContactRow.received_at, ContactRow.id, AttachmentRow.position)
        )
        return [(row, first, at) for row, first, at in found]

    async def attachment(self, attachment_id: UUID) -> AttachmentRow:
        """Return one attachment with its content.

        Raises:
            NotFound: if there is none.
        """
        row = await self.session.scalar(
            select(AttachmentRow)
            .where(AttachmentRow.id == attachment_id)
            .options(undefer(AttachmentRow.content))
        )
        if row is None:
            raise NotFound("attachment", attachment_id)
        return row


class Messages:
    """Queries over one session."""

    def __init__(self, session: AsyncSession) -> None:
        self.session = session

    async def insert(self, row: MessageRow) -> UUID | None:
        """Insert a message; return its id, or None if the key is there."""
        statement = (
            insert(MessageRow)
            .values(
                id=new_id(),
                key=row.key,
                trace=row.trace,
                reference=row.reference,
                channel=row.channel,
                address=row.address,
                subject=row.subject,
                body=row.body,
                headers=row.headers,
                secret=row.secret,
                state=row.state,
                attempts=0,
                repeats=0,
                created_at=row.created_at,
            )
            .on_conflict_do_nothing(index_elements=["key"])
            .returning(MessageRow.id)
        )
        return (await self.session.execute(statement)).scalar_one_or_none()

    async def get(self, message_id: UUID, *, lock: bool = False) -> MessageRow:
        """Return one message.

        Raises:
            NotFound: if there is none.
        """
        query = select(MessageRow).where(MessageRow.id == message_id)
        if lock:
            query = query.with_for_update().execution_options(populate_existing=True)
        row = await self.session.scalar(query)
        if row is None:
            raise NotFound("message", message_id)
        return row

    async def find(self, key: str) -> MessageRow:
        """Return the message with a key.

        Raises:
            NotFound: if there is none.
        """
        row = await self.session.scalar(select(MessageRow).where(MessageRow.key == key))
        if row is None:
            raise NotFound("message", key)
        return row

    async def find_traced(self, trace: str) -> MessageRow | None:
        """Return the message with a trace, locked, or None."""
        return await self.session.scalar(
            select(MessageRow)
            .where(MessageRow.trace == trace)
            .with_for_update()
            .execution_options(populate_existing=True)
        )

    async def about(self, references: Collection[str]) -> Sequence[MessageRow]:
        """Return the messages about something, oldest first."""
        found = await self.session.scalars(
            select(MessageRow)
            .where(MessageRow.reference.in_(references))
            .order_by(MessageRow.created_at, MessageRow.id)
        )
        return found.all()

    async def count_to(self, address: str, *, since: datetime) -> int:
        """Return how many messages to an address were queued since an instant."""
        query = (
            select(func.count())
            .select_from(MessageRow)
            .where(MessageRow.address == address, MessageRow.created_at >= since)
        )
        return await self.session.scalar(query) or 0

    async def stuck(self, *, before: datetime, limit: int) -> Sequence[UUID]:
        """Return messages whose sending began before an instant and never ended."""
        found = await self.session.scalars(
            select(MessageRow.id)
            .where(MessageRow.state == MessageState.SENDING, MessageRow.sending_since <= before)
            .order_by(MessageRow.sending_since)
            .limit(limit)
        )
        return found.all()
