"""Use cases of the roster: grids, training and suspension, duty and track (R101, R106, R107)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from case_bridge.field.model import (
    DutyRow,
    InspectorGridRow,
    InspectorRow,
    TaskRow,
    TrackPointRow,
)
from case_bridge.field.repository import Tasks
from case_bridge.field.service import check_fit
from case_bridge.field.states import TaskState
from case_bridge.places.position import Position
from case_bridge.places.service import supervision_grids
from hotline.accounts import audit
from hotline.kernel.clock import SHANGHAI
from hotline.kernel.db import UnitOfWork
from hotline.kernel.errors import Conflict, Invalid, NotFound
from hotline.kernel.ids import UserId, new_id

Within = tuple[ColumnElement[bool], ...]
"""Conditions that keep a list of inspectors within what its reader commands."""

INSPECTORS_A_GRID: Final = 2
"""At most; at least one walks each supervision grid (003 a10)."""

TRACK_KEPT: Final = timedelta(days=90)
"""How long it is known where an inspector was; the attendance itself is kept."""

MAX_POINTS: Final = 500
"""Points that a telephone sends at once."""

OLDEST_POINT: Final = timedelta(days=2)
AHEAD: Final = timedelta(minutes=5)
"""How far a telephone's clock may be wrong."""


@dataclass(frozen=True, slots=True)
class TrackPoint:
    """Where an inspector was, in WGS 84."""

    at: datetime
    position: Position
    accuracy_m: float


@dataclass(frozen=True, slots=True)
class InspectorView:
    """One line of the roster."""

    user_id: UserId
    name: str
    area: str
    grids: tuple[str, ...]
    on_duty: bool
    trained_on: date | None
    suspended_at: datetime | None
    suspension_reason: str
    open_tasks: int
    last_seen: TrackPoint | None
    """The newest point of the track, for those on duty."""


@dataclass(frozen=True, slots=True)
class Attendance:
    """How long somebody was on duty on a day of Shanghai."""

    user_id: UserId
    name: str
    duties: int
    on_duty: timedelta


async def assign_grid(
    uow: UnitOfWork, user_id: UserId, supervision_code: str, *, actor: str, now: datetime
) -> None:
    """Let an inspector walk a supervision grid; once more changes nothing.

    Raises:
        NotFound: if there is no such inspector or supervision grid today.
        Conflict: if two inspectors walk it already.
    """
    await _inspector(uow, user_id)
    today = now.astimezone(SHANGHAI).date()
    if supervision_code not in {g.code for g in await supervision_grids(uow.session, on=today)}:
        raise NotFound("supervision grid", supervision_code)
    await uow.session.execute(
        select(func.pg_advisory_xact_lock(func.hashtext(f"grid:{supervision_code}")))
    )
    walking = await uow.session.scalars(
        select(InspectorGridRow.user_id).where(
            InspectorGridRow.supervision_code == supervision_code
        )
    )
    others = set(walking) - {user_id}
    if len(others) >= INSPECTORS_A_GRID:
        raise Conflict("two inspectors walk this grid already; take one off first")
    await uow.session.execute(
        insert(InspectorGridRow)
        .values(supervision_code=supervision_code, user_id=user_id, assigned_at=now)
        .on_conflict_do_nothing()
    )
    await _audit(uow, actor, "inspector.assign_grid", user_id, supervision_code, now)


async def unassign_grid(
    uow: UnitOfWork, user_id: UserId, supervision_code: str, *, actor: str, now: datetime
) -> None:
    """Take an inspector off a supervision grid."""
    await uow.session.execute(
        delete(InspectorGridRow).where(
            InspectorGridRow.user_id == user_id,
            InspectorGridRow.supervision_code == supervision_code,
        )
    )
    await _audit(uow, actor, "inspector.unassign_grid", user_id, supervision_code, now)


async def record_training(
    uow: UnitOfWork, user_id: UserId, *, trained_on: date, actor: str, now: datetime
) -> None:
    """Note that an inspector was trained; from then on they are sent out (R107: 000 a15).

    Raises:
        NotFound: if there is no such inspector.
        Invalid: if the day is still to come.
    """
    if trained_on > now.astimezone(SHANGHAI).date():
        raise Invalid("trained_on", "is still to come; note a training once it is over")
    (await _inspector(uow, user_id)).trained_on = trained_on
    await _audit(uow, actor, "inspector.train", user_id, trained_on.isoformat(), now)


async def suspend(
    uow: UnitOfWork, user_id: UserId, *, reason: str, actor: str, now: datetime
) -> None:
    """Send an inspector out no more, for misconduct (R107: 000 a30); open tasks are free again.

    Raises:
        NotFound: if there is no such inspector.
        Invalid: if there is no reason.
        Conflict: if they are suspended already.
    """
    words = reason.strip()
    if not words:
        raise Invalid("reason", "say why the inspector is suspended")
    inspector = await _inspector(uow, user_id)
    if inspector.suspended_at is not None:
        raise Conflict("the inspector is suspended already")
    inspector.suspended_at, inspector.suspension_reason = now, words
    await _close_duty(uow, inspector, now)
    for task in await Tasks(uow.session).open_for_inspector(user_id):
        if task.inspector_id == user_id:
            task.inspector_id = task.inspector_name = None
    uow.signal("field", user_id=user_id)
    await _audit(uow, actor, "inspector.suspend", user_id, words, now)


async def reinstate(uow: UnitOfWork, user_id: UserId, *, actor: str, now: datetime) -> None:
    """End a suspension.

    Raises:
        NotFound: if there is no such inspector.
        Conflict: if they are not suspended.
    """
    inspector = await _inspector(uow, user_id)
    if inspector.suspended_at is None:
        raise Conflict("the inspector is not suspended")
    detail = inspector.suspension_reason or ""
    inspector.suspended_at = inspector.suspension_reason = None
    await _audit(uow, actor, "inspector.reinstate", user_id, detail, now)


async def begin_duty(uow: UnitOfWork, user_id: UserId, *, now: datetime) -> None:
    """Come on duty; being on duty already changes nothing.

    Raises:
        Forbidden: if the person is no inspector, not trained, or suspended.
    """
    inspector = await Tasks(uow.session).inspector(user_id, lock=True)
    check_fit(inspector)
    assert inspector is not None
    inspector.on_duty = True
    if await _open_duty(uow.session, user_id) is None:
        uow.session.add(DutyRow(id=new_id(), user_id=user_id, began_at=now))
    uow.signal("field", user_id=user_id)


async def end_duty(uow: UnitOfWork, user_id: UserId, *, now: datetime) -> None:
    """Go off duty; being off duty already changes nothing.

    Raises:
        NotFound: if there is no such inspector.
    """
    await _close_duty(uow, await _inspector(uow, user_id), now)
    uow.signal("field", user_id=user_id)


async def record_track(
    uow: UnitOfWork, user_id: UserId, points: Sequence[TrackPoint], *, now: datetime
) -> int:
    """Keep the points that lie in the inspector's own duties; return how many are new.

    What was walked off duty is nobody's business (R88). The same point again changes nothing.

    Raises:
        Invalid: if there are too many.
    """
    if len(points) > MAX_POINTS:
        raise Invalid("points", f"send at most {MAX_POINTS} at once")
    oldest = now - OLDEST_POINT
    duties = (
        await uow.session.scalars(
            select(DutyRow).where(
                DutyRow.user_id == user_id,
                (DutyRow.ended_at.is_(None)) | (DutyRow.ended_at >= oldest),
            )
        )
    ).all()
    kept = {
        point.at: {
            "user_id": user_id,
            "at": point.at,
            "longitude": point.position.longitude,
            "latitude": point.position.latitude,
            "accuracy_m": point.accuracy_m,
        }
        for point in points
        if oldest <= point.at <= now + AHEAD
        and any(d.began_at <= point.at <= (d.ended_at or now + AHEAD) for d in duties)
    }
    if not kept:
        return 0
    written = await uow.session.scalars(
        insert(TrackPointRow)
        .values(list(kept.values()))
        .on_conflict_do_nothing()
        .returning(TrackPointRow.at)
    )
    uow.signal("field", user_id=user_id)
    return len(written.all())


async def forget_tracks(uow: UnitOfWork, *, now: datetime, limit: int = 10_000) -> int:
    """Delete points older than they may be kept; return how many."""
    old = (
        select(TrackPointRow.user_id, TrackPointRow.at)
        .where(TrackPointRow.at < now - TRACK_KEPT)
        .limit(limit)
        .subquery()
    )
    gone = await uow.session.scalars(
        delete(TrackPointRow)
        .where(TrackPointRow.user_id == old.c.user_id, TrackPointRow.at == old.c.at)
        .returning(TrackPointRow.at)
    )
    return len(gone.all())


async def track_of(
    session: AsyncSession, user_id: UserId, *, since: datetime, until: datetime
) -> list[TrackPoint]:
    """Return where an inspector on duty was, oldest first; at most one day."""
    found = await session.scalars(
        select(TrackPointRow)
        .where(TrackPointRow.user_id == user_id, TrackPointRow.at.between(since, until))
        .order_by(TrackPointRow.at)
        .limit(20_000)
    )
    return [_point(row) for row in found]


async def roster(session: AsyncSession, within: Within = ()) -> list[InspectorView]:
    """Return every inspector, by name."""
    people = await session.scalars(
        select(InspectorRow).where(*within).order_by(InspectorRow.name, InspectorRow.user_id)
    )
    counted = await session.execute(
        select(TaskRow.inspector_id, func.count())
        .where(TaskRow.state == TaskState.OPEN)
        .group_by(TaskRow.inspector_id)
    )
    open_tasks: dict[UUID | None, int] = {row[0]: row[1] for row in counted}
    grids: dict[UUID, list[str]] = {}
    for row in await session.scalars(
        select(InspectorGridRow).order_by(InspectorGridRow.supervision_code)
    ):
        grids.setdefault(row.user_id, []).append(row.supervision_code)
    seen = await _last_points(session)
    return [
        InspectorView(
            user_id=UserId(row.user_id),
            name=row.name,
            area=row.area,
            grids=tuple(grids.get(row.user_id, ())),
            on_duty=row.on_duty,
            trained_on=row.trained_on,
            suspended_at=row.suspended_at,
            suspension_reason=row.suspension_reason or "",
            open_tasks=open_tasks.get(row.user_id, 0),
            last_seen=seen.get(row.user_id) if row.on_duty else None,
        )
        for row in people
    ]


async def attendance(
    session: AsyncSession, day: date, *, within: Within = (), now: datetime
) -> list[Attendance]:
    """Return how long each inspector was on duty on a day of Shanghai, by name."""
    begin = datetime(day.year, day.month, day.day, tzinfo=SHANGHAI)
    end = min(begin + timedelta(days=1), max(now, begin))
    found = await session.execute(
        select(InspectorRow, DutyRow)
        .outerjoin(
            DutyRow,
            (DutyRow.user_id == InspectorRow.user_id)
            & (DutyRow.began_at < end)
            & ((DutyRow.ended_at.is_(None)) | (DutyRow.ended_at > begin)),
        )
        .where(*within)
        .order_by(InspectorRow.name, InspectorRow.user_id, DutyRow.began_at)
    )
    lines: dict[UUID, Attendance] = {}
    for person, duty in found:
        known = lines.get(person.user_id)
        count, spent = (known.duties, known.on_duty) if known else (0, timedelta())
        if duty is not None:
            count += 1
            spent += min(duty.ended_at or end, end) - max(duty.began_at, begin)
        lines[person.user_id] = Attendance(UserId(person.user_id), person.name, count, spent)
    return list(lines.values())


async def is_on_duty(session: AsyncSession, user_id: UserId) -> bool:
    """Say whether the person is an inspector on duty."""
    row = await session.get(InspectorRow, user_id)
    return row is not None and row.on_duty


async def _inspector(uow: UnitOfWork, user_id: UserId) -> InspectorRow:
    row = await Tasks(uow.session).inspector(user_id, lock=True)
    if row is None:
        raise NotFound("inspector", user_id)
    return row


async def _open_duty(session: AsyncSession, user_id: UUID) -> DutyRow | None:
    found: DutyRow | None = await session.scalar(
        select(DutyRow).where(DutyRow.user_id == user_id, DutyRow.ended_at.is_(None))
    )
    return found


async def _close_duty(uow: UnitOfWork, inspector: InspectorRow, now: datetime) -> None:
    inspector.on_duty = False
    duty = await _open_duty(uow.session, inspector.user_id)
    if duty is not None:
        duty.ended_at = now


async def _last_points(session: AsyncSession) -> dict[UUID, TrackPoint]:
    latest = (
        select(TrackPointRow.user_id, func.max(TrackPointRow.at).label("at"))
        .group_by(TrackPointRow.user_id)
        .subquery()
    )
    found = await session.scalars(
        select(TrackPointRow).join(
            latest, (TrackPointRow.user_id == latest.c.user_id) & (TrackPointRow.at == latest.c.at)
        )
    )
    return {row.user_id: _point(row) for row in found}


def _point(row: TrackPointRow) -> TrackPoint:
    return TrackPoint(row.at, Position(row.longitude, row.latitude), row.accuracy_m)


async def _audit(
    uow: UnitOfWork, actor: str, action: str, user_id: UserId, detail: str, now: datetime
) -> None:
    await audit.append(
        uow, actor=actor, action=action, target=str(user_id), detail={"text": detail}, now=now
    )
