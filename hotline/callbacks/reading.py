"""What pages and desks see of callbacks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from hotline.callbacks.model import CallbackRow
from hotline.callbacks.policy import CallbackPolicy
from hotline.callbacks.repository import Callbacks
from hotline.callbacks.states import (
    ATTEMPTED,
    CALLBACK,
    AttemptResult,
    CallbackState,
    CallbackTrigger,
)
from hotline.contacts.contact import Channel
from hotline.kernel.ids import CallbackId, TicketId


@dataclass(frozen=True, slots=True)
class AttemptView:
    """One attempt to reach a complainant."""

    number: int
    channel: Channel
    is_repeat: bool
    started_at: datetime
    ended_at: datetime | None
    result: AttemptResult | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackView:
    """One callback; names nobody."""

    callback_id: CallbackId
    ticket_id: TicketId
    round: int
    state: CallbackState
    may_answer: bool
    solved: int | None
    satisfaction: int | None
    due_at: datetime | None
    next_channel: Channel | None
    """How the next attempt is made; None if none is owed."""
    policy: CallbackPolicy
    """The rules that the callback was scheduled under."""
    ended_at: datetime | None
    words: str
    """Why, as the complainant wrote it; empty if they wrote nothing."""
    spoken_id: UUID | None
    """The recording of what the complainant said to it on the telephone."""
    correct_by: datetime | None
    attempts: tuple[AttemptView, ...]


async def callback_view(session: AsyncSession, callback_id: CallbackId) -> CallbackView:
    """Return one callback.

    Raises:
        NotFound: if there is none.
    """
    return await _view(session, await Callbacks(session).get(callback_id))


async def callback_of_link(session: AsyncSession, callback_id: CallbackId) -> CallbackView:
    """Return what the holder of a letter about a callback answers now.

    The letter proves who they are, and the matter may have gone through another round since: what
    they say of an outcome that nobody holds any more would change nothing.

    Raises:
        NotFound: if there is no such callback.
    """
    callbacks = Callbacks(session)
    written = await callbacks.get(callback_id)
    newest = await callbacks.latest_of_ticket(TicketId(written.ticket_id))
    assert newest is not None
    return await _view(session, newest)


async def callbacks_of_ticket(session: AsyncSession, ticket_id: TicketId) -> Sequence[CallbackView]:
    """Return every callback of a ticket, oldest first."""
    return [await _view(session, row) for row in await Callbacks(session).of_ticket(ticket_id)]


async def words_of_round(session: AsyncSession, ticket_id: TicketId, round_: int) -> Sequence[str]:
    """Return what complainants wrote when they were asked about a round, oldest first."""
    found = await Callbacks(session).of_ticket(ticket_id)
    return [row.words for row in found if row.round == round_ and row.words]


async def callback_to_answer(session: AsyncSession, ticket_id: TicketId) -> CallbackView | None:
    """Return the callback that the holder of number and query code answers; None if there is none.

    It is the one of its newest round that has one.
    """
    row = await Callbacks(session).latest_of_ticket(ticket_id)
    return await _view(session, row) if row else None


async def _view(session: AsyncSession, row: CallbackRow) -> CallbackView:
    attempts = await Callbacks(session).attempts(row.id)
    return CallbackView(
        callback_id=CallbackId(row.id),
        ticket_id=TicketId(row.ticket_id),
        round=row.round,
        state=row.state,
        may_answer=CALLBACK.allows(row.state, CallbackTrigger.ANSWER),
        solved=row.solved,
        satisfaction=row.satisfaction,
        due_at=row.due_at,
        next_channel=Channel(row.ladder[row.rung]) if row.state in ATTEMPTED else None,
        policy=CallbackPolicy.from_payload(row.policy),
        ended_at=row.ended_at,
        words=row.words,
        spoken_id=row.spoken_id,
        correct_by=row.correct_by,
        attempts=tuple(
            AttemptView(
                one.number, one.channel, one.is_repeat, one.started_at, one.ended_at, one.result
            )
            for one in attempts
        ),
    )
