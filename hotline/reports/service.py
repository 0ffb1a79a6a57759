"""Service levels: counted for a day by every definition, kept, and opened to their rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from hotline.kernel.clock import SHANGHAI
from hotline.kernel.db import UnitOfWork
from hotline.kernel.ids import new_id
from hotline.reports.definition import (
    DAY,
    DEFINITIONS,
    Arrival,
    Class,
    Definition,
    Figure,
    Kind,
    classify,
    measure,
)
from hotline.reports.model import ServiceLevelRow
from hotline.reports.replay import Comparison, ReplayOptions, replay
from hotline.reports.repository import ALL_QUEUES, Arrivals, ServiceLevels

SETTLED_AFTER = timedelta(minutes=30)
"""The last wait of a day has ended by then: the longest one is a quarter of an hour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """A figure with its definition; one that is not kept yet has no id."""

    level_id: UUID | None
    queue: str
    definition: Definition
    figure: Figure
    made_at: datetime

    @property
    def is_met(self) -> bool | None:
        """Whether the promise was kept; None when nothing counts."""
        rate = self.figure.rate
        return None if rate is None else rate >= self.definition.target


def bounds(day: date) -> tuple[datetime, datetime]:
    """Return the begin and the end of a day in Shanghai."""
    begins = datetime.combine(day, time(0), SHANGHAI)
    return begins, begins + timedelta(days=1)


async def keep_day(
    uow: UnitOfWork,
    day: date,
    *,
    now: datetime,
    definitions: Sequence[Definition] = DEFINITIONS,
) -> int:
    """Count a day that is over by every definition, and keep what is not kept yet; how many.

    What was kept is never counted again: neither a new definition nor a second run changes it.
    """
    begins, ends = bounds(day)
    if now < ends + SETTLED_AFTER:
        return 0
    kept = {
        (row.queue, row.name, row.version)
        for row in await ServiceLevels(uow.session).of_period(begins)
    }
    if all((ALL_QUEUES, each.name, each.version) in kept for each in definitions):
        return 0
    added = 0
    for level in await count_day(uow.session, day, now=now, definitions=definitions):
        added += await ServiceLevels(uow.session).add(_row(level, begins, ends))
    return added


async def count_day(
    session: AsyncSession,
    day: date,
    *,
    now: datetime,
    definitions: Sequence[Definition] = DEFINITIONS,
) -> list[Level]:
    """Count a day by every definition, for all queues together and for each; keep nothing."""
    begins, ends = bounds(day)
    known = await Arrivals(session).between(begins - DAY, ends, ALL_QUEUES, now)
    queues = sorted({each.queue for each in known if each.joined_at >= begins})
    levels = []
    for queue in (ALL_QUEUES, *queues):
        mine = [each for each in known if queue in {ALL_QUEUES, each.queue}]
        levels += [
            Level(
                level_id=None,
                queue=queue,
                definition=definition,
                figure=measure(mine, definition, begins, ends),
                made_at=now,
            )
            for definition in definitions
        ]
    return levels


async def levels_of(session: AsyncSession, day: date, *, now: datetime) -> list[Level]:
    """Return the kept figures of a day; before there are any, what they would be now."""
    kept = await ServiceLevels(session).of_period(bounds(day)[0])
    return [_level(row) for row in kept] or await count_day(session, day, now=now)


async def open_level(
    session: AsyncSession, level_id: UUID
) -> tuple[Level, list[tuple[Arrival, Class]]]:
    """Return a kept figure and the calls that it counts, each with how it counts.

    Raises:
        NotFound: if there is no such figure.
    """
    row = await ServiceLevels(session).get(level_id)
    level = _level(row)
    begins, ends = row.begins_at, row.ends_at
    if level.definition.kind is Kind.WORST_WINDOW and row.window_ends_at is not None:
        # A window holds what joined after its begin, up to and with the call that ends it.
        tick = timedelta(microseconds=1)
        begins, ends = row.window_ends_at - DAY + tick, row.window_ends_at + tick
    arrivals = await Arrivals(session).between(begins, ends, row.queue, row.made_at)
    arrivals.sort(key=lambda each: (each.joined_at, each.entry_id))
    return level, [(each, classify(each, level.definition)) for each in arrivals]


def _row(level: Level, begins: datetime, ends: datetime) -> ServiceLevelRow:
    figure = level.figure
    return ServiceLevelRow(
        id=new_id(),
        name=level.definition.name,
        version=level.definition.version,
        queue=level.queue,
        begins_at=begins,
        ends_at=ends,
        definition=level.definition.as_row(),
        kept=figure.kept,
        late=figure.late,
        abandoned=figure.abandoned,
        ignored=figure.ignored,
        announced=figure.announced,
        window_ends_at=figure.window_ends_at,
        made_at=level.made_at,
    )


def _level(row: ServiceLevelRow) -> Level:
    return Level(
        level_id=row.id,
        queue=row.queue,
        definition=Definition.from_row(row.definition),
        figure=Figure(
            kept=row.kept,
            late=row.late,
            abandoned=row.abandoned,
            ignored=row.ignored,
            announced=row.announced,
            window_ends_at=row.window_ends_at,
        ),
        made_at=row.made_at,
    )


async def replay_day(session: AsyncSession, day: date, options: ReplayOptions) -> Comparison:
    """Play the calls of a day again with other seats, beside what really happened."""
    return replay(await Arrivals(session).recorded(*bounds(day)), options)
