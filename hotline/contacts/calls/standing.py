"""How a talk stands at this moment, read from what was written down of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.contacts.calls.model import CallEventRow
from hotline.kernel.ids import CallId

HELD: Final = "held"
PAUSED: Final = "recording_paused"


@dataclass(frozen=True, slots=True)
class Standing:
    """Since when the citizen is held, and since when nothing is recorded; None: neither."""

    held_since: datetime | None
    paused_since: datetime | None


async def standing_of(session: AsyncSession, call_id: CallId, since: datetime) -> Standing:
    """Return how the talk stands that a seat began at an instant."""
    kind = CallEventRow.kind
    # Whoever brings somebody in, or parks, takes the citizen out of hold.
    holding = or_(kind.in_((HELD, "resumed", "parked", "unparked")), kind.startswith("transfer_"))
    recording = kind.in_((PAUSED, "recording_resumed"))

    async def latest(among: ColumnElement[bool], wanted: str) -> datetime | None:
        found = (
            await session.execute(
                select(CallEventRow.kind, CallEventRow.at)
                .where(CallEventRow.call_id == call_id, CallEventRow.at >= since, among)
                .order_by(CallEventRow.id.desc())
                .limit(1)
            )
        ).first()
        return found.at if found is not None and found.kind == wanted else None

    return Standing(await latest(holding, HELD), await latest(recording, PAUSED))
