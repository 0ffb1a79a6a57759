"""Seeded schedules of crashes, repeats and answers: whatever happens, nobody is asked too often."""

import random
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import select

from hotline.callbacks import reading, service
from hotline.callbacks.attempts import attempt
from hotline.callbacks.hours import every_day, is_permitted
from hotline.callbacks.links import LinkOptions
from hotline.callbacks.model import CallbackAttemptRow
from hotline.callbacks.options import CallbackOptions
from hotline.callbacks.reading import CallbackView
from hotline.callbacks.repository import ENDED
from hotline.callbacks.states import AttemptResult, Question
from hotline.contacts.calls.model import CallOrderRow
from hotline.contacts.contact import Channel
from hotline.contacts.model import MessageRow
from hotline.kernel.db import Database
from hotline.kernel.ids import CallbackId
from hotline.tickets import reading as ticket_reading
from hotline.tickets.states import TICKET, TicketState
from tests.conftest import FakeClock
from tests.integration.hotline.tickets.drafts import resolved_ticket

OPTIONS = CallbackOptions(
    links=LinkOptions(b"a secret of the installation", "https://city.example"),
    channels=frozenset({Channel.VOICE, Channel.MAIL, Channel.SMS}),
)
RESULTS = tuple(AttemptResult)


class Schedule:
    """One life of one callback, played by a seeded chance."""

    def __init__(self, database: Database, clock: FakeClock, seed: int) -> None:
        self.database = database
        self.clock = clock
        self.chance = random.Random(seed)
        self.callback_id: CallbackId | None = None

    async def begin(self) -> None:
        ticket_id = await resolved_ticket(self.database, self.clock())
        for _ in range(self.chance.choice((1, 2))):
            async with self.database.begin() as uow:
                await service.schedule_callbacks(
                    uow, ticket_id, in_round=1, options=OPTIONS, now=self.clock()
                )
        async with self.database.read() as session:
            (callback,) = await reading.callbacks_of_ticket(session, ticket_id)
        self.callback_id = callback.callback_id

    async def view(self) -> CallbackView:
        assert self.callback_id is not None
        async with self.database.read() as session:
            return await reading.callback_view(session, self.callback_id)

    async def step(self) -> None:
        """Let time pass to the next due instant, then do one thing, perhaps twice."""
        callback = await self.view()
        if callback.due_at and callback.due_at > self.clock.now and self.chance.random() < 0.8:
            self.clock.now = callback.due_at
        else:
            self.clock.advance(timedelta(minutes=self.chance.randrange(600)))
        act = self.chance.choice((self._attempt, self._attempt, self._result, self._review))
        if self.chance.random() < 0.05:
            act = self._answer
        for _ in range(self.chance.choice((1, 1, 2))):
            await act(callback)

    async def _attempt(self, callback: CallbackView) -> None:
        number = len(callback.attempts) + self.chance.choice((0, 1, 1, 1, 2))
        await attempt(
            self.database,
            callback.callback_id,
            attempt_no=number,
            options=OPTIONS,
            now=self.clock(),
        )

    async def _result(self, callback: CallbackView) -> None:
        number = max(1, len(callback.attempts) - self.chance.choice((0, 0, 1)))
        result = self.chance.choice(RESULTS)
        async with self.database.begin() as uow:
            await service.record_attempt_result(
                uow, callback.callback_id, number, result=result, now=self.clock()
            )

    async def _review(self, callback: CallbackView) -> None:
        async with self.database.begin() as uow:
            await service.review_callback(
                uow,
                callback.callback_id,
                attempt_no=len(callback.attempts),
                now=self.clock(),
            )

    async def _answer(self, callback: CallbackView) -> None:
        key = self.chance.choice((1, 1, 2))
        async with self.database.begin() as uow:
            await service.record_answer(
                uow,
                callback.callback_id,
                question=Question.SOLVED,
                answer=key,
                now=self.clock(),
            )


@pytest.mark.parametrize("seed", range(40))
async def test_whatever_happens_a_callback_ends_and_nobody_is_asked_too_often(
    database: Database, clock: FakeClock, seed: int
) -> None:
    schedule = Schedule(database, clock, seed)
    await schedule.begin()

    for _ in range(120):
        if (await schedule.view()).state in ENDED:
            break
        await schedule.step()

    callback = await schedule.view()
    async with database.read() as session:
        made = (await session.scalars(select(CallbackAttemptRow))).all()
        orders = (await session.scalars(select(CallOrderRow))).all()
        letters = (await session.scalars(select(MessageRow))).all()
        ticket = await ticket_reading.ticket_view(session, callback.ticket_id)
        history = await ticket_reading.history(session, callback.ticket_id)
    by_channel = Counter(one.channel for one in made)
    assert callback.state in ENDED
    assert ticket.state in (TicketState.CLOSED, TicketState.TRANSFERRED)
    assert TICKET.replay(one.trigger for one in history if one.trigger) == ticket.state
    assert sum(one.is_repeat for one in made) <= 1
    assert by_channel[Channel.VOICE] == len(orders) <= OPTIONS.policy.phone_attempts + 1
    assert len(letters) == len(made) - len(orders) <= 2
    assert all(
        is_permitted(every_day(OPTIONS.policy.windows), one.started_at)
        for one in made
        if one.channel is Channel.VOICE
    )
