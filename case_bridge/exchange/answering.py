"""Which of our cases answers for a peer's, while cases go into each other and come out again."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, Uuid, cast, select
from sqlalchemy.ext.asyncio import AsyncSession

from case_bridge.cases.model import CaseHistoryRow, CaseRow
from case_bridge.cases.states import CaseState, CaseTrigger
from case_bridge.exchange.model import ExchangeLinkRow

_LEFT: Final = (CaseTrigger.UNMERGE, CaseTrigger.UNMERGE_FILED)

_INTO: Final = cast(CaseHistoryRow.detail["into"].as_string(), Uuid)
"""Where a case went; of a merged one that is its last move."""


def astray(peer: str, since: datetime | None) -> Select[Any]:
    """Return the query of a peer's links whose answering case is no longer behind their own.

    With `since`, none unless some case came out of another one from then on.
    """
    way = (
        select(ExchangeLinkRow.case_ref, ExchangeLinkRow.merged_id.label("at"))
        .where(ExchangeLinkRow.peer == peer, ExchangeLinkRow.merged_id.is_not(None))
        .cte("way", recursive=True)
    )
    way = way.union_all(
        select(way.c.case_ref, _INTO)
        .join(CaseRow, CaseRow.id == way.c.at)
        .join(
            CaseHistoryRow,
            (CaseHistoryRow.case_id == CaseRow.id) & (CaseHistoryRow.sequence == CaseRow.sequence),
        )
        .where(CaseRow.state == CaseState.MERGED)
    )
    behind = (
        select(way.c.case_ref)
        .where(way.c.case_ref == ExchangeLinkRow.case_ref, way.c.at == ExchangeLinkRow.case_id)
        .exists()
    )
    query = select(ExchangeLinkRow.case_ref).where(
        ExchangeLinkRow.peer == peer, ExchangeLinkRow.merged_id.is_not(None), ~behind
    )
    if since is None:
        return query
    left = select(CaseHistoryRow.id).where(
        CaseHistoryRow.trigger.in_(_LEFT), CaseHistoryRow.occurred_at >= since
    )
    return query.where(left.exists())


async def way_of(session: AsyncSession, case_id: UUID) -> list[UUID]:
    """Return a case and those that it went into, one after another."""
    way = [case_id]
    while (onward := await _onward(session, way[-1])) is not None:
        way.append(onward)
    return way


async def _onward(session: AsyncSession, case_id: UUID) -> UUID | None:
    return await session.scalar(
        select(_INTO)
        .join(CaseRow, CaseRow.id == CaseHistoryRow.case_id)
        .where(
            CaseRow.id == case_id,
            CaseRow.state == CaseState.MERGED,
            CaseHistoryRow.sequence == CaseRow.sequence,
        )
    )


async def last_left(session: AsyncSession, way: Collection[UUID]) -> CaseHistoryRow:
    """Return the move by which one of some cases came out of another one last."""
    found = await session.scalars(
        select(CaseHistoryRow)
        .where(CaseHistoryRow.case_id.in_(way), CaseHistoryRow.trigger.in_(_LEFT))
        .order_by(CaseHistoryRow.occurred_at.desc(), CaseHistoryRow.sequence.desc())
        .limit(1)
    )
    return found.one()
