"""All SQL about seats and their telephones."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.kernel.errors import NotFound
from hotline.queues.model import (
    BrowserPhoneRow,
    OfferRow,
    SeatPhoneRow,
    SeatRow,
)
from hotline.queues.states import OfferState, SeatState
from hotline.queues.values import PhoneBinding, SeatDraft

OPEN_OFFER = (OfferState.RINGING, OfferState.ANSWERED)


class Seats:
    """Seats and their phones."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def get(self, seat_id: UUID, *, lock: bool = False) -> SeatRow:
        """Return the seat.

        Raises:
            NotFound: if there is none of this id.
        """
        row = await self._session.get(
            SeatRow, seat_id, with_for_update=lock or None, populate_existing=lock
        )
        if row is None:
            raise NotFound("seat", seat_id)
        return row

    async def by_extension(self, extension: str) -> SeatRow | None:
        """Return the seat with this extension."""
        return await self._session.scalar(select(SeatRow).where(SeatRow.extension == extension))

    async def of_user(self, user_id: UUID) -> SeatRow | None:
        """Return the seat in which this person sits."""
        return await self._session.scalar(select(SeatRow).where(SeatRow.user_id == user_id))

    async def anybody(self, queues: Sequence[str]) -> bool:
        """Say whether anybody is signed in at a seat of the queues."""
        query = select(SeatRow.id).where(
            SeatRow.queue.in_(queues), SeatRow.state != SeatState.SIGNED_OUT
        )
        return await self._session.scalar(query.limit(1)) is not None

    async def put(self, draft: SeatDraft, *, now: datetime) -> UUID:
        """Make the seat, or change the one with this extension; return its id."""
        changing = {
            "name": draft.name,
            "queue": draft.queue,
            "sip_ha1_md5": draft.sip_ha1_md5,
            "sip_ha1_sha256": draft.sip_ha1_sha256,
        }
        statement = insert(SeatRow).values(
            extension=draft.extension,
            state=SeatState.SIGNED_OUT,
            since=now,
            idle_since=now,
            **changing,
        )
        statement = statement.on_conflict_do_update(index_elements=["extension"], set_=changing)
        found = await self._session.execute(statement.returning(SeatRow.id))
        return found.scalar_one()

    async def all(self) -> Sequence[SeatRow]:
        """Return every seat by extension."""
        return (await self._session.scalars(select(SeatRow).order_by(SeatRow.extension))).all()

    async def phones(self) -> dict[UUID, datetime]:
        """Return until when each seat's phone is registered."""
        rows = await self._session.execute(select(SeatPhoneRow.seat_id, SeatPhoneRow.expires_at))
        return {row.seat_id: row.expires_at for row in rows}

    async def phone(self, seat_id: UUID, *, lock: bool = False) -> SeatPhoneRow | None:
        """Return the seat's phone, registered or expired."""
        return await self._session.get(
            SeatPhoneRow, seat_id, with_for_update=lock or None, populate_existing=lock
        )

    async def put_phone(self, seat_id: UUID, binding: PhoneBinding) -> None:
        """Keep where the seat's phone is; it replaces what was there."""
        changing = {
            "contact_uri": binding.contact_uri,
            "source_host": binding.source_host,
            "source_port": binding.source_port,
            "transport": binding.transport,
            "sip_call_id": binding.sip_call_id,
            "cseq": binding.cseq,
            "expires_at": binding.expires_at,
            "path": list(binding.path),
        }
        statement = insert(SeatPhoneRow).values(seat_id=seat_id, **changing)
        await self._session.execute(
            statement.on_conflict_do_update(index_elements=["seat_id"], set_=changing)
        )

    async def browser_phones(self) -> dict[UUID, datetime]:
        """Return until when each seat's page is its telephone."""
        rows = await self._session.execute(
            select(BrowserPhoneRow.seat_id, BrowserPhoneRow.expires_at)
        )
        return {row.seat_id: row.expires_at for row in rows}

    async def browser_phone(self, seat_id: UUID) -> BrowserPhoneRow | None:
        """Return the page that is, or was, the seat's telephone."""
        return await self._session.get(BrowserPhoneRow, seat_id, populate_existing=True)

    async def put_browser_phone(self, seat_id: UUID, page_id: str, expires_at: datetime) -> None:
        """Keep which page is the seat's telephone."""
        changing = {"page_id": page_id, "expires_at": expires_at}
        statement = insert(BrowserPhoneRow).values(seat_id=seat_id, **changing)
        await self._session.execute(
            statement.on_conflict_do_update(index_elements=["seat_id"], set_=changing)
        )

    async def lock_ringing(self, calls: Sequence[UUID], offers: Sequence[UUID]) -> None:
        """Lock every seat that rings or talks for some calls, or callers of some offers.

        In one order, before anything else: whoever ends several contacts in one transaction
        would otherwise wait for seats in a ring with others.
        """
        entries = select(OfferRow.entry_id).where(OfferRow.id.in_(offers))
        seats = select(OfferRow.seat_id).where(
            OfferRow.state.in_(OPEN_OFFER),
            or_(OfferRow.call_id.in_(calls), OfferRow.entry_id.in_(entries)),
        )
        query = select(SeatRow.id).where(SeatRow.id.in_(seats)).order_by(SeatRow.id)
        await self._session.execute(query.with_for_update())

    async def over_wrap_up(self, since: datetime) -> Sequence[SeatRow]:
        """Return seats that have been wrapping up since before `since`, locked."""
        query = select(SeatRow).where(SeatRow.state == SeatState.WRAP_UP, SeatRow.since <= since)
        return (await self._session.scalars(query.with_for_update(skip_locked=True))).all()


def available(queues: Sequence[str], now: datetime) -> Select[Any]:
    """Return the query for available seats whose telephone is there."""
    return (
        select(SeatRow)
        .outerjoin(SeatPhoneRow, SeatPhoneRow.seat_id == SeatRow.id)
        .outerjoin(BrowserPhoneRow, BrowserPhoneRow.seat_id == SeatRow.id)
        .where(
            SeatRow.queue.in_(queues),
            SeatRow.state == SeatState.AVAILABLE,
            or_(SeatPhoneRow.expires_at > now, BrowserPhoneRow.expires_at > now),
        )
    )
