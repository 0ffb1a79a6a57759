"""All SQL about announcements."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Select, any_, func, literal, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import undefer

from hotline.contacts.announcements.choice import Choice
from hotline.contacts.announcements.model import AnnouncementRow, HearingRow
from hotline.contacts.calls.model import CallRow
from hotline.kernel.errors import NotFound


class Announcements:
    """What is, was and will be announced."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def get(
        self, announcement_id: UUID, *, lock: bool = False, with_sound: bool = False
    ) -> AnnouncementRow:
        """Return the announcement.

        Raises:
            NotFound: if there is none of this id.
        """
        query = select(AnnouncementRow).where(AnnouncementRow.id == announcement_id)
        if with_sound:
            query = query.options(undefer(AnnouncementRow.sound))
        row = await self._session.scalar(query.with_for_update() if lock else query)
        if row is None:
            raise NotFound("announcement", announcement_id)
        return row

    async def present(self, now: datetime, since: datetime) -> Sequence[AnnouncementRow]:
        """Return those that are on, the newest first, and those that ended after an instant."""
        # One that was taken back before it began has a moment of its own, and was heard by nobody.
        began = AnnouncementRow.until_at - AnnouncementRow.from_at > timedelta(seconds=1)
        query = select(AnnouncementRow).where(
            AnnouncementRow.from_at <= now, AnnouncementRow.until_at > since, began
        )
        first = query.order_by((AnnouncementRow.until_at > now).desc())
        return (await self._session.scalars(_newest_first(first))).all()

    async def for_line(self, line: str, now: datetime) -> AnnouncementRow | None:
        """Return what callers of a line hear: the newest that is on for it."""
        for_it = or_(
            func.cardinality(AnnouncementRow.lines) == 0,
            literal(line) == any_(AnnouncementRow.lines),
        )
        query = _newest_first(select(AnnouncementRow).where(_is_on(now), for_it)).limit(1)
        row: AnnouncementRow | None = await self._session.scalar(query)
        return row

    async def latest(self, now: datetime, limit: int) -> Sequence[AnnouncementRow]:
        """Return those that have not ended, and then the latest that have."""
        query = select(AnnouncementRow).order_by(
            (AnnouncementRow.until_at > now).desc(),
            AnnouncementRow.from_at.desc(),
            AnnouncementRow.id,
        )
        return (await self._session.scalars(query.limit(limit))).all()


class Hearings:
    """Who heard what."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def begin(self, call_id: UUID, announcement_id: UUID, now: datetime) -> None:
        """Write that it is being played; a second announcement of a call replaces the first."""
        values = {
            "announcement_id": announcement_id,
            "began_at": now,
            "heard_at": None,
            "choice": Choice.NONE,
        }
        statement = insert(HearingRow).values(call_id=call_id, **values)
        await self._session.execute(
            statement.on_conflict_do_update(index_elements=["call_id"], set_=values)
        )

    async def get(self, call_id: UUID) -> HearingRow | None:
        """Return what a call heard."""
        return await self._session.get(HearingRow, call_id, populate_existing=True)

    async def with_calls(
        self, announcement_ids: Sequence[UUID]
    ) -> Sequence[tuple[HearingRow, CallRow]]:
        """Return who heard some announcements, the latest first."""
        query = (
            select(HearingRow, CallRow)
            .join(CallRow, CallRow.id == HearingRow.call_id)
            .where(HearingRow.announcement_id.in_(announcement_ids))
            .order_by(HearingRow.began_at.desc(), HearingRow.call_id)
        )
        return [(row[0], row[1]) for row in await self._session.execute(query)]


def _is_on(now: datetime) -> ColumnElement[bool]:
    return (AnnouncementRow.from_at <= now) & (AnnouncementRow.until_at > now)


def _newest_first(query: Select[AnnouncementRow]) -> Select[AnnouncementRow]:
    return query.order_by(AnnouncementRow.made_at.desc(), AnnouncementRow.id.desc())
