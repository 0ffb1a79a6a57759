"""The whole picture of a desk or board, read in one go: a lost signal costs nothing."""

from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from hotline.accounts.service import User
from hotline.contacts.announcements.service import present
from hotline.contacts.calls.standing import standing_of
from hotline.contacts.earlier_calls import earlier_calls
from hotline.contacts.wrapping_up import wrap_up_of
from hotline.people.citizen import PeopleOptions
from hotline.people.service import find_citizen
from hotline.queues import abuse, phone_transfers
from hotline.queues import service as queues
from hotline.queues.alarm_limits import thresholds_of
from hotline.queues.thresholds import alarms
from hotline.queues.values import SeatView
from hotline.tickets.reading import (
    closed_tickets_of_citizen,
    open_tickets_of_citizen,
    tickets_of_call,
    work_list,
)
from hotline.web.desk.present import (
    alarm_json,
    announcement_json,
    board_json,
    earlier_call_json,
    instant,
    line_json,
    moving_json,
    parked_json,
    queue_json,
    seat_json,
    transfer_json,
)

WORK_LINES = 50
"""Tickets awaiting work that a desk is shown; the number of all is not promised."""


async def desk_snapshot(
    session: AsyncSession, user: User, *, people: PeopleOptions, now: datetime
) -> dict[str, Any]:
    """Return everything that one person's desk shows."""
    seat = await queues.seat_view(session, user.seat_id) if user.seat_id else None
    care = await _care(session, seat, now) if seat else None
    board = await queues.board(session)
    work = await work_list(session, limit=WORK_LINES)
    return {
        "type": "snapshot",
        "at": instant(now),
        "user": {"login": user.login, "name": user.display_name, "roles": sorted(user.roles)},
        "seat": seat_json(seat, await _history(session, seat, people, now)) if seat else None,
        "care": care,
        "talk": await _talk(session, seat) if seat else None,
        "transfer": await _transfer(session, seat) if seat else None,
        "wrap_up": await _wrap_up(session, seat) if seat else None,
        "announcements": await _announcements(session, now),
        "parked": [parked_json(each) for each in await phone_transfers.parked(session)],
        "queues": [queue_json(line) for line in board.queues],
        "tickets": [line_json(line) for line in work.lines],
        "tickets_more": work.next_cursor is not None,
    }


async def _announcements(session: AsyncSession, now: datetime) -> list[dict[str, Any]]:
    """Return what callers hear, and what they heard until a moment ago."""
    return [announcement_json(each, now) for each in await present(session, now)]


async def _talk(session: AsyncSession, seat: SeatView) -> dict[str, Any] | None:
    """Return since when the citizen is held, and the recording paused."""
    contact = seat.contact
    if contact is None or contact.answered_at is None or contact.ended_at is not None:
        return None
    standing = await standing_of(session, contact.call_id, contact.answered_at)
    return {
        "held_since": instant(standing.held_since),
        "paused_since": instant(standing.paused_since),
    }


async def _transfer(session: AsyncSession, seat: SeatView) -> dict[str, Any] | None:
    """Return whom the seat has brought into its present call, or tried to."""
    contact = seat.contact
    if contact is None:
        return None
    latest = await phone_transfers.latest_transfer(session, contact.call_id, seat.seat_id)
    # What the seat did in an earlier talk of the same call is not shown again.
    began = contact.answered_at
    if latest is None or began is None or latest.asked_at < began:
        return None
    return transfer_json(latest)


async def _wrap_up(session: AsyncSession, seat: SeatView) -> str | None:
    """Return what the seat wrote of how its present call ended."""
    written = await wrap_up_of(session, seat.contact.call_id) if seat.contact else None
    return written.disposition.value if written else None


async def _care(session: AsyncSession, seat: SeatView, now: datetime) -> dict[str, Any]:
    """Return what protects the person at the seat: earlier flags of the caller, and a rest."""
    contact = seat.contact
    return {
        "flags": await abuse.flags_of_number(session, contact.number_hash, now) if contact else 0,
        "is_flagged": await abuse.is_flagged(session, contact.call_id) if contact else False,
        "may_rest": await abuse.may_rest(session, seat.seat_id, now),
    }


async def board_snapshot(
    session: AsyncSession, user: User, *, may_supervise: bool, now: datetime
) -> dict[str, Any]:
    """Return everything that the board of the shift shows."""
    board = await queues.board(session, now)
    limits = await thresholds_of(session)
    return {
        "type": "snapshot",
        "at": instant(now),
        "user": user.login,
        "may_supervise": may_supervise,
        "alarms": [alarm_json(each) for each in alarms(board, limits, now)],
        "announcements": await _announcements(session, now),
        **board_json(board),
        "transfers": [
            moving_json(each, seat) for each, seat in await phone_transfers.open_transfers(session)
        ],
        "parked": [parked_json(each) for each in await phone_transfers.parked(session)],
    }


async def _history(
    session: AsyncSession, seat: SeatView, options: PeopleOptions, now: datetime
) -> dict[str, Any]:
    """Return what the caller brings in this call, and brought before: tickets, earlier calls."""
    contact = seat.contact
    if contact is None:
        return {}
    citizen = None
    if contact.number:
        citizen = await find_citizen(session, options=options, phone=contact.number)
    known = citizen.citizen_id if citizen else None
    opened = await open_tickets_of_citizen(session, known) if known else ()
    closed = await closed_tickets_of_citizen(session, known) if known else ()
    calls = await earlier_calls(session, contact.number_hash, but=contact.call_id, now=now)
    told = await tickets_of_call(session, contact.call_id)
    return {
        "tickets": [line_json(line) for line in told],
        "open_tickets": [line_json(line) for line in opened],
        "closed_tickets": [line_json(line) for line in closed],
        "calls": [earlier_call_json(each) for each in calls],
    }
