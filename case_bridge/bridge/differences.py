"""The history of differences between the two sides: what was found, when, and how it ended."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from case_bridge.bridge.model import ComparisonRow, DifferenceRow
from case_bridge.bridge.trouble import Finding, Trouble
from hotline.kernel.db import Database, UnitOfWork
from hotline.kernel.errors import Conflict, Invalid, NotFound

HOUSE: Final = "系统"
SHORTEST: Final = 2


async def note_differences(
    database: Database,
    platform: str,
    findings: Sequence[Finding],
    *,
    looked_for: Collection[Trouble],
    now: datetime,
) -> None:
    """Keep what one run found; what it looked for and found no more has ended by itself."""
    async with database.begin() as uow:
        known = {
            (row.trouble, row.what): row
            for row in await uow.session.scalars(
                select(DifferenceRow)
                .where(
                    DifferenceRow.platform == platform,
                    DifferenceRow.ended_at.is_(None),
                    DifferenceRow.trouble.in_(looked_for),
                )
                .with_for_update()
            )
        }
        for finding in findings:
            row = known.pop((finding.trouble, finding.what), None)
            if row is None:
                row = _row(platform, finding, now=now)
                uow.session.add(row)
                await uow.session.flush()
            else:
                row.times += 1
            row.last_found_at, row.reason = now, finding.reason
            if finding.repaired:
                row.ended_at, row.ended_by, row.ending = now, HOUSE, finding.reason
        for row in known.values():
            row.ended_at, row.ended_by, row.ending = now, HOUSE, "再次核对时已一致"


async def explain_difference(
    uow: UnitOfWork, difference_id: UUID, *, words: str, by: str, now: datetime
) -> None:
    """End a difference with a person's explanation.

    Raises:
        Invalid: if the explanation says nothing.
        NotFound: if there is no such difference.
        Conflict: if it has ended.
    """
    if len(words.strip()) < SHORTEST:
        raise Invalid("words", "an explanation of 2 characters or more is needed")
    row = await uow.session.get(DifferenceRow, difference_id, with_for_update=True)
    if row is None:
        raise NotFound("difference", difference_id)
    if row.ended_at is not None:
        raise Conflict("the difference has ended already")
    row.ended_at, row.ended_by, row.ending = now, by, words.strip()


async def was_explained(session: AsyncSession, platform: str, finding: Finding) -> bool:
    """Say whether a person has explained this very difference, so that it is not found again."""
    found = await session.scalar(
        select(DifferenceRow.id)
        .where(
            DifferenceRow.platform == platform,
            DifferenceRow.trouble == finding.trouble,
            DifferenceRow.what == finding.what,
            DifferenceRow.reason == finding.reason,
            DifferenceRow.ended_at.is_not(None),
            DifferenceRow.ended_by != HOUSE,
        )
        .limit(1)
    )
    return found is not None


async def open_differences(session: AsyncSession, *, limit: int) -> Sequence[DifferenceRow]:
    """Return what differs now, oldest first."""
    found = await session.scalars(
        select(DifferenceRow)
        .where(DifferenceRow.ended_at.is_(None))
        .order_by(DifferenceRow.first_found_at, DifferenceRow.id)
        .limit(limit)
    )
    return found.all()


async def past_differences(session: AsyncSession, *, limit: int) -> Sequence[DifferenceRow]:
    """Return what differed and has ended, newest first."""
    found = await session.scalars(
        select(DifferenceRow)
        .where(DifferenceRow.ended_at.is_not(None))
        .order_by(DifferenceRow.last_found_at.desc(), DifferenceRow.id)
        .limit(limit)
    )
    return found.all()


async def comparisons(session: AsyncSession, *, limit: int) -> Sequence[ComparisonRow]:
    """Return the runs of the comparison, newest first."""
    found = await session.scalars(
        select(ComparisonRow).order_by(ComparisonRow.compared_at.desc()).limit(limit)
    )
    return found.all()


def _row(platform: str, finding: Finding, *, now: datetime) -> DifferenceRow:
    ticket_id, round_ = _ticket_of(finding)
    return DifferenceRow(
        platform=platform,
        trouble=finding.trouble,
        what=finding.what,
        ticket_id=ticket_id,
        round=round_,
        reason=finding.reason,
        first_found_at=now,
        last_found_at=now,
        times=1,
    )


def _ticket_of(finding: Finding) -> tuple[UUID | None, int | None]:
    if finding.trouble in {Trouble.NOT_HEARD, Trouble.NOT_REACHABLE, Trouble.NOT_OURS}:
        return None, None
    ticket, _, round_ = finding.what.partition("/")
    return UUID(ticket), int(round_)
