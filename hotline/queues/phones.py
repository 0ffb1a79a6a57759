"""Where seats' phones can be reached; kept in SQL so that a restart forgets no phone."""

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from hotline.kernel.db import UnitOfWork
from hotline.kernel.errors import Conflict
from hotline.kernel.ids import SeatId
from hotline.queues.distributor import tell
from hotline.queues.seat_repository import Seats
from hotline.queues.values import PhoneBinding, SeatLogin

PAGE_LIVES = timedelta(seconds=25)
"""A page that has not been heard of for so long rings no more; it speaks every ten seconds."""


async def login_of(session: AsyncSession, extension: str) -> SeatLogin | None:
    """Return what the phone of this extension must prove; None if there is no such seat."""
    seat = await Seats(session).by_extension(extension)
    if seat is None:
        return None
    return SeatLogin(
        seat_id=SeatId(seat.id),
        extension=seat.extension,
        sip_ha1_md5=seat.sip_ha1_md5,
        sip_ha1_sha256=seat.sip_ha1_sha256,
    )


async def register_phone(
    uow: UnitOfWork, seat_id: SeatId, binding: PhoneBinding, *, now: datetime
) -> None:
    """Keep where the seat's phone is; `expires_at` in the past unregisters it.

    Raises:
        Conflict: if the binding is older than the one kept (RFC 3261 10.3 step 7).
    """
    seats = Seats(uow.session)
    seat = await seats.get(seat_id, lock=True)
    kept = await seats.phone(seat_id, lock=True)
    if (
        kept is not None
        and kept.expires_at > now
        and kept.sip_call_id == binding.sip_call_id
        and kept.cseq >= binding.cseq
    ):
        raise Conflict("a newer registration of this phone is known")
    await seats.put_phone(seat_id, binding)
    tell(uow, seat, seat.queue)


async def phone_of(session: AsyncSession, seat_id: SeatId, *, now: datetime) -> PhoneBinding | None:
    """Return where the seat's phone is; None if it is not registered."""
    row = await Seats(session).phone(seat_id)
    if row is None or row.expires_at <= now:
        return None
    return PhoneBinding(
        contact_uri=row.contact_uri,
        source_host=row.source_host,
        source_port=row.source_port,
        transport=row.transport,
        sip_call_id=row.sip_call_id,
        cseq=row.cseq,
        expires_at=row.expires_at,
        path=tuple(row.path),
    )


async def open_browser_phone(
    uow: UnitOfWork, seat_id: SeatId, page_id: str, *, claims: bool, now: datetime
) -> None:
    """The seat's page is its telephone for a while; a SIP phone then does not ring.

    Raises:
        Conflict: if another page of the seat is its telephone, and this one does not claim it.
    """
    seats = Seats(uow.session)
    seat = await seats.get(seat_id, lock=True)
    kept = await seats.browser_phone(seat_id)
    is_new = kept is None or kept.expires_at <= now
    if kept is not None and not is_new and kept.page_id != page_id and not claims:
        raise Conflict(f"another page is the telephone of seat {seat_id}")
    await seats.put_browser_phone(seat_id, page_id, now + PAGE_LIVES)
    if is_new or (kept is not None and kept.page_id != page_id):
        tell(uow, seat, seat.queue)


async def close_browser_phone(
    uow: UnitOfWork, seat_id: SeatId, page_id: str, *, now: datetime
) -> None:
    """The page is no telephone any more; not that of another page, which stays one."""
    seats = Seats(uow.session)
    seat = await seats.get(seat_id, lock=True)
    kept = await seats.browser_phone(seat_id)
    if kept is not None and kept.page_id == page_id:
        await seats.put_browser_phone(seat_id, page_id, now)
        tell(uow, seat, seat.queue)


async def has_browser_phone(session: AsyncSession, seat_id: SeatId, *, now: datetime) -> bool:
    """Say whether the seat's telephone is a page that is there."""
    row = await Seats(session).browser_phone(seat_id)
    return row is not None and row.expires_at > now
