"""The calls of a number before the present one: what a seat sees of somebody who rings again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.contacts.calls.model import CallRow
from hotline.contacts.calls.states import CallDirection
from hotline.contacts.disposition import Disposition
from hotline.contacts.model import CallDispositionRow
from hotline.kernel.ids import CallId

LOOKED_BACK: Final = timedelta(days=365)
MOST: Final = 5


@dataclass(frozen=True, slots=True)
class EarlierCall:
    """One call that came in before, and what the seat wrote of its end."""

    started_at: datetime
    connected_at: datetime | None
    """When a seat began to talk with the person; None: nobody did."""
    ended_at: datetime | None
    disposition: Disposition | None


async def earlier_calls(
    session: AsyncSession, number_hash: str | None, *, but: CallId, now: datetime
) -> Sequence[EarlierCall]:
    """Return the latest calls of a number within a year, newest first, without the present one."""
    if number_hash is None:
        return []
    query = (
        select(
            CallRow.started_at,
            CallRow.connected_at,
            CallRow.ended_at,
            CallDispositionRow.disposition,
        )
        .outerjoin(CallDispositionRow, CallDispositionRow.call_id == CallRow.id)
        .where(
            CallRow.number_hash == number_hash,
            CallRow.direction == CallDirection.INBOUND,
            CallRow.started_at > now - LOOKED_BACK,
            CallRow.id != but,
        )
        .order_by(CallRow.started_at.desc(), CallRow.id.desc())
        .limit(MOST)
    )
    return [EarlierCall(*row) for row in await session.execute(query)]
