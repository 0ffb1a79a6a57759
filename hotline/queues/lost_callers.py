"""Callers whom our side lost in the menu: in no queue yet, and rung back all the same."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from hotline.kernel.db import UnitOfWork
from hotline.kernel.ids import CallId
from hotline.queues import service
from hotline.queues.left_behind import LeftBehind

LOOK_BACK = timedelta(hours=2)
"""Nobody walks through a menu for so long."""


async def put_in_line(uow: UnitOfWork, queues: Mapping[str, str], *, now: datetime) -> int:
    """Owe each of them a call at the head of the queue of the line; return how many.

    `queues` names the queue of each line. The wait that is written for them has no length, so
    that the reports count one more caller whom we dropped. Again changes nothing.
    """
    found = await LeftBehind(uow.session).lost_before_any_queue(now - LOOK_BACK)
    owed = 0
    for call in found:
        queue = queues.get(call.line)
        if queue is None:
            continue
        call_id = CallId(call.id)
        await service.enqueue(
            uow, call_id=call_id, queue=queue, number_hash=call.number_hash, now=now
        )
        await service.end_contact(uow, call_id, dropped=True, now=now)
        owed += 1
    return owed
