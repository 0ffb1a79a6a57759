"""Whom a talk may be brought to: seats, queues, and the numbers of the directory (通讯录)."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.kernel.db import UnitOfWork
from hotline.kernel.errors import Invalid, NotFound
from hotline.kernel.ids import SeatId
from hotline.people.number import parse_number
from hotline.queues.control.states import DIALLED, TargetKind
from hotline.queues.model import SeatRow
from hotline.queues.phone_model import DirectoryRow
from hotline.queues.seat_repository import Seats


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryEntry:
    """A department or an emergency service."""

    key: str
    kind: TargetKind
    name_zh: str
    name_en: str = ""
    number: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Somebody who can be brought into a talk."""

    kind: TargetKind
    key: str
    """Extension, queue, key of the directory, or number."""
    name: str
    seat_id: SeatId | None = None
    number: str | None = None
    """What a trunk dials."""


async def save_directory(uow: UnitOfWork, entries: Iterable[DirectoryEntry]) -> int:
    """Make these the entries, in this order; return how many changed.

    Raises:
        Invalid: if an entry is no number, or twice there.
    """
    session = uow.session
    known = {row.key: row for row in await session.scalars(select(DirectoryRow))}
    wanted: set[str] = set()
    changed = 0
    for position, entry in enumerate(entries):
        if entry.key in wanted or entry.kind not in DIALLED or not is_dialable(entry.number):
            raise Invalid("directory", f"{entry.key}: written twice, or no number to dial")
        wanted.add(entry.key)
        values = _values(entry, position)
        row = known.get(entry.key)
        if row is None:
            session.add(DirectoryRow(key=entry.key, **values))
        elif any(getattr(row, name) != value for name, value in values.items()):
            for name, value in values.items():
                setattr(row, name, value)
        else:
            continue
        changed += 1
    gone = known.keys() - wanted
    if gone:
        await session.execute(delete(DirectoryRow).where(DirectoryRow.key.in_(gone)))
    await session.flush()
    return changed + len(gone)


def _values(entry: DirectoryEntry, position: int) -> dict[str, object]:
    return {
        "kind": entry.kind,
        "name_zh": entry.name_zh,
        "name_en": entry.name_en,
        "number": entry.number,
        "note": entry.note,
        "position": position,
    }


def is_dialable(number: str) -> bool:
    """Say whether these are digits that a trunk can dial."""
    return number.isascii() and number.isdigit() and 3 <= len(number) <= 20


async def directory(session: AsyncSession) -> list[DirectoryEntry]:
    """Return every entry, in the order of the data."""
    rows = await session.scalars(select(DirectoryRow).order_by(DirectoryRow.position))
    return [_entry(row) for row in rows]


def _entry(row: DirectoryRow) -> DirectoryEntry:
    return DirectoryEntry(
        key=row.key,
        kind=row.kind,
        name_zh=row.name_zh,
        name_en=row.name_en,
        number=row.number,
        note=row.note,
    )


async def find_target(session: AsyncSession, kind: TargetKind, key: str) -> Target:
    """Return whom a page names.

    Raises:
        NotFound: if there is none.
        Invalid: for a number that is none.
    """
    match kind:
        case TargetKind.SEAT:
            seat = await Seats(session).by_extension(key)
            if seat is None:
                raise NotFound("seat", key)
            return _seat_target(seat)
        case TargetKind.QUEUE:
            if not await _is_queue(session, key):
                raise NotFound("queue", key)
            return Target(kind=kind, key=key, name=key)
        case TargetKind.NUMBER:
            return _number_target(key)
        case TargetKind.DEPARTMENT | TargetKind.EMERGENCY:
            row = await session.get(DirectoryRow, key)
            if row is None or row.kind is not kind:
                raise NotFound("entry of the directory", key)
            return _entry_target(row)


async def find_dialled(session: AsyncSession, dialled: str) -> Target:
    """Return whom a desk phone means: an extension, a queue, an entry, or else a number.

    Raises:
        Invalid: if it is none of them.
    """
    seat = await Seats(session).by_extension(dialled)
    if seat is not None:
        return _seat_target(seat)
    query = select(DirectoryRow).where(
        (DirectoryRow.key == dialled) | (DirectoryRow.number == dialled)
    )
    row = await session.scalar(query.order_by(DirectoryRow.position).limit(1))
    if row is not None:
        return _entry_target(row)
    if await _is_queue(session, dialled):
        return Target(kind=TargetKind.QUEUE, key=dialled, name=dialled)
    return _number_target(dialled)


async def _is_queue(session: AsyncSession, name: str) -> bool:
    return (
        await session.scalar(select(SeatRow.id).where(SeatRow.queue == name).limit(1)) is not None
    )


def _seat_target(seat: SeatRow) -> Target:
    return Target(kind=TargetKind.SEAT, key=seat.extension, name=seat.name, seat_id=SeatId(seat.id))


def _entry_target(row: DirectoryRow) -> Target:
    return Target(kind=row.kind, key=row.key, name=row.name_zh, number=row.number)


def _number_target(text: str) -> Target:
    number = "".join(each for each in text if each not in " -()")
    if not is_dialable(number) or parse_number(number) is None:
        raise Invalid("target", "this is no telephone number")
    return Target(kind=TargetKind.NUMBER, key=number, name=number, number=number)
