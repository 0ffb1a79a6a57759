"""Callbacks whose job was lost: found by what is overdue, and owed again. For the sweeper."""

from datetime import datetime, timedelta
from typing import Final

from hotline.callbacks.repository import Callbacks
from hotline.callbacks.states import ATTEMPTED
from hotline.kernel.db import Database

PATIENCE: Final = timedelta(minutes=15)
"""What the outbox may need on its own."""
BATCH: Final = 200


async def recover_callbacks(database: Database, *, now: datetime) -> int:
    """Owe again what should have happened long ago; return how much it is.

    A resolved ticket whose complainant nobody was told to ask, an attempt that nobody made, a
    waiting that nobody ended. At most one repair an hour for each: a job that fails for good is a
    dead letter that a person sees, and not a loop. The jobs look for themselves what is left to do.
    """
    hour = f"{now:%Y%m%d%H}"
    async with database.begin() as uow:
        callbacks = Callbacks(uow.session)
        forgotten = await callbacks.resolved_unasked(before=now - PATIENCE, limit=BATCH)
        overdue = await callbacks.overdue(before=now - PATIENCE, limit=BATCH)
        for ticket_id, round_ in forgotten:
            uow.enqueue(
                "schedule_callbacks",
                key=f"schedule_callbacks:repair:{ticket_id}:{round_}:{hour}",
                payload={"ticket_id": str(ticket_id), "round": round_},
                due_at=now,
            )
        for row in overdue:
            is_attempt = row.state in ATTEMPTED
            uow.enqueue(
                "attempt_callback" if is_attempt else "review_callback",
                key=f"callback:{row.id}:repair:{row.attempts_made}:{hour}",
                payload={
                    "callback_id": str(row.id),
                    "attempt_no": row.attempts_made + int(is_attempt),
                },
                due_at=now,
            )
    return len(forgotten) + len(overdue)
