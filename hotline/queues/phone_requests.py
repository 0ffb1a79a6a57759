"""Requests of pages to the voice process that carries a call: rows, rung for by a signal.

The page's web process writes one and waits for its answer; any number of web and voice processes
may run (ADR 0009). A request is carried out at most once, and not after its limit.
"""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.contacts.calls.model import CallRow
from hotline.kernel.db import Database, UnitOfWork
from hotline.kernel.errors import Conflict, Unavailable
from hotline.kernel.ids import CallId, UserId, new_id
from hotline.queues import phone_transfers
from hotline.queues.model import PhoneRequestRow
from hotline.queues.phone_act import (
    REQUEST_KEPT,
    REQUEST_LIMIT,
    PhoneAct,
    PhoneRequest,
    RequestState,
)

LOOK_SECONDS = 0.04
"""Between two looks for an answer; a look is one read by primary key."""

MAX_AT_ONCE = 50


class PhoneRefused(Conflict):
    """The voice process could not do it; `problem` says why, for programs."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"the telephone refused: {problem}")
        self.problem = problem


async def put(
    uow: UnitOfWork,
    *,
    call_id: CallId,
    user_id: UserId,
    act: PhoneAct,
    detail: Mapping[str, Any],
    now: datetime,
) -> UUID:
    """Ask for an act; the voice processes are rung for after the commit."""
    row = PhoneRequestRow(
        id=new_id(),
        call_id=call_id,
        user_id=user_id,
        act=act,
        detail=dict(detail),
        answer={},
        made_at=now,
        expires_at=now + REQUEST_LIMIT,
    )
    uow.session.add(row)
    uow.signal("phone", call_id=call_id)
    return row.id


async def wait(database: Database, request_id: UUID) -> Mapping[str, Any]:
    """Return the answer to a request.

    Raises:
        PhoneRefused: if it could not be carried out.
        Unavailable: if no voice process has taken it up in time.
    """
    try:
        async with asyncio.timeout(REQUEST_LIMIT.total_seconds()):
            while True:
                async with database.read() as session:
                    row = await session.get_one(PhoneRequestRow, request_id)
                if row.state is RequestState.DONE:
                    return row.answer
                if row.state is RequestState.REFUSED:
                    raise PhoneRefused(str(row.answer.get("problem", "")))
                await asyncio.sleep(LOOK_SECONDS)
    except TimeoutError:
        raise Unavailable("the telephone") from None


async def pending(session: AsyncSession, process_id: UUID, now: datetime) -> list[PhoneRequest]:
    """Return what is asked of the calls of one voice process, oldest first."""
    query = (
        select(PhoneRequestRow)
        .join(CallRow, CallRow.id == PhoneRequestRow.call_id)
        .where(
            PhoneRequestRow.state == RequestState.PENDING,
            PhoneRequestRow.expires_at > now,
            CallRow.process_id == process_id,
        )
        .order_by(PhoneRequestRow.made_at)
        .limit(MAX_AT_ONCE)
    )
    return [
        PhoneRequest(
            request_id=row.id,
            call_id=CallId(row.call_id),
            user_id=UserId(row.user_id),
            act=row.act,
            detail=row.detail,
        )
        for row in await session.scalars(query)
    ]


async def finish(
    uow: UnitOfWork, request_id: UUID, answer: Mapping[str, Any], *, problem: str | None = None
) -> None:
    """Answer a request; the first answer counts."""
    state = RequestState.DONE if problem is None else RequestState.REFUSED
    await uow.session.execute(
        update(PhoneRequestRow)
        .where(PhoneRequestRow.id == request_id, PhoneRequestRow.state == RequestState.PENDING)
        .values(state=state, answer=dict(answer) if problem is None else {"problem": problem})
    )


async def sweep(uow: UnitOfWork, now: datetime) -> int:
    """Forget requests that nobody waits for, and end what died with its call; return how many."""
    result = await uow.session.execute(
        delete(PhoneRequestRow)
        .where(PhoneRequestRow.expires_at <= now - REQUEST_KEPT)
        .returning(PhoneRequestRow.id)
    )
    return len(result.all()) + await phone_transfers.sweep(uow, now)
