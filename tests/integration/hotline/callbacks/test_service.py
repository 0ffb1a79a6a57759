import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from channels.outbound import OutboundByChannel
from hotline.callbacks import reading, service
from hotline.callbacks.attempts import attempt
from hotline.callbacks.corrections import correct_rating, ratings_to_correct
from hotline.callbacks.links import LinkOptions, read_link_token
from hotline.callbacks.model import CallbackAnswerRow, CallbackRow
from hotline.callbacks.options import CallbackOptions
from hotline.callbacks.reading import CallbackView
from hotline.callbacks.recovery import recover_callbacks
from hotline.callbacks.service import AnswerEffect
from hotline.callbacks.states import AttemptResult, CallbackState, Question, UntoldKind
from hotline.callbacks.untold import untold
from hotline.contacts.calls.model import CallOrderRow
from hotline.contacts.calls.orders import claim_order
from hotline.contacts.calls.states import CallResult, OrderState
from hotline.contacts.contact import Channel, MessageState
from hotline.contacts.messages import send_message
from hotline.contacts.model import MessageRow
from hotline.kernel.db import Database
from hotline.kernel.errors import Conflict, Invalid
from hotline.kernel.ids import CallbackId, TicketId
from hotline.people.citizen import PeopleOptions
from hotline.people.service import identify
from hotline.tickets import reading as ticket_reading
from hotline.tickets import service as tickets
from hotline.tickets.states import TicketState
from hotline.tickets.ticket import CloseReason, Outcome
from hotline.tickets.views import TicketView
from tests.conftest import FakeClock
from tests.fakes.people import user
from tests.integration.hotline.tickets.drafts import owed, resolved_ticket

OPTIONS = CallbackOptions(
    links=LinkOptions(b"a secret of the installation", "https://city.example"),
    channels=frozenset({Channel.VOICE, Channel.MAIL, Channel.SMS}),
)
SOLVED, SATISFACTION = Question.SOLVED, Question.SATISFACTION


async def schedule(
    database: Database, ticket_id: TicketId, now: datetime, *, in_round: int = 1
) -> list[CallbackId]:
    async with database.begin() as uow:
        await service.schedule_callbacks(
            uow, ticket_id, in_round=in_round, options=OPTIONS, now=now
        )
    async with database.read() as session:
        found = await reading.callbacks_of_ticket(session, ticket_id)
    return [one.callback_id for one in found if one.round == in_round]


async def scheduled(database: Database, clock: FakeClock, **changes: Any) -> CallbackId:
    ticket_id = await resolved_ticket(database, clock(), **changes)
    (callback_id,) = await schedule(database, ticket_id, clock())
    return callback_id


async def view(database: Database, callback_id: CallbackId) -> CallbackView:
    async with database.read() as session:
        return await reading.callback_view(session, callback_id)


async def ticket_of(database: Database, callback_id: CallbackId) -> TicketView:
    async with database.read() as session:
        callback = await reading.callback_view(session, callback_id)
        return await ticket_reading.ticket_view(session, callback.ticket_id)


async def try_it(database: Database, callback_id: CallbackId, number: int, now: datetime) -> None:
    await attempt(database, callback_id, attempt_no=number, options=OPTIONS, now=now)


async def result(
    database: Database, callback_id: CallbackId, number: int, what: AttemptResult, now: datetime
) -> None:
    async with database.begin() as uow:
        await service.record_attempt_result(uow, callback_id, number, result=what, now=now)


async def say(
    database: Database, callback_id: CallbackId, question: Question, key: int, now: datetime
) -> AnswerEffect:
    async with database.begin() as uow:
        return await service.record_answer(uow, callback_id, question=question, answer=key, now=now)


async def orders(database: Database) -> list[CallOrderRow]:
    async with database.read() as session:
        return list(await session.scalars(select(CallOrderRow).order_by(CallOrderRow.key)))


async def messages(database: Database) -> list[MessageRow]:
    async with database.read() as session:
        return list(await session.scalars(select(MessageRow).order_by(MessageRow.created_at)))


async def miss(database: Database, clock: FakeClock, callback_id: CallbackId, number: int) -> None:
    """Ring in vain, and move on to when the next attempt is due."""
    await try_it(database, callback_id, number, clock())
    await result(database, callback_id, number, AttemptResult.NO_ANSWER, clock())
    due = (await view(database, callback_id)).due_at
    clock.now = due or clock.now


async def test_a_resolved_ticket_owes_each_complainant_one_callback(
    database: Database, clock: FakeClock
) -> None:
    """R69."""
    ticket_id = await resolved_ticket(database, clock())

    first = await schedule(database, ticket_id, clock())
    second = await schedule(database, ticket_id, clock())

    assert first == second
    assert len(first) == 1
    assert len(await owed(database, "attempt_callback")) == 1


async def test_two_workers_schedule_one_callback(database: Database, clock: FakeClock) -> None:
    ticket_id = await resolved_ticket(database, clock())

    await asyncio.gather(*(schedule(database, ticket_id, clock()) for _ in range(5)))

    async with database.read() as session:
        assert len((await session.scalars(select(CallbackRow))).all()) == 1


async def test_a_ticket_back_at_work_is_not_called_about(
    database: Database, clock: FakeClock
) -> None:
    ticket_id = await resolved_ticket(database, clock())
    async with database.begin() as uow:
        await tickets.reopen_ticket(uow, ticket_id, reason="未解决", now=clock())

    assert await schedule(database, ticket_id, clock()) == []


async def test_the_call_is_ordered_once_with_number_and_outcome(
    database: Database, clock: FakeClock
) -> None:
    callback_id = await scheduled(database, clock, outcome=Outcome.DECLINED)

    await asyncio.gather(*(try_it(database, callback_id, 1, clock()) for _ in range(3)))

    (order,) = await orders(database)
    ticket = await ticket_of(database, callback_id)
    assert order.to_number == "13800001234"
    assert order.flow == "survey"
    assert order.variables == {"ticket_number": ticket.number, "outcome": "declined"}
    assert order.reference == f"callback:{callback_id}:1"
    assert (await view(database, callback_id)).state is CallbackState.ATTEMPTING


async def test_solved_and_satisfied_archives_the_ticket(
    database: Database, clock: FakeClock
) -> None:
    """R69, R80."""
    callback_id = await scheduled(database, clock)
    await try_it(database, callback_id, 1, clock())

    effect = await say(database, callback_id, SOLVED, 1, clock())
    await say(database, callback_id, SATISFACTION, 1, clock())
    await result(database, callback_id, 1, AttemptResult.ANSWERED, clock())

    ticket = await ticket_of(database, callback_id)
    callback = await view(database, callback_id)
    assert effect is AnswerEffect.CLOSED
    assert (ticket.state, ticket.close_reason) == (TicketState.CLOSED, CloseReason.CONFIRMED)
    assert (callback.solved, callback.satisfaction) == (1, 1)
    assert callback.attempts[0].result is AttemptResult.ANSWERED
    assert callback.correct_by is None


async def test_not_solved_reopens_the_ticket_on_the_spot_and_only_once(
    database: Database, clock: FakeClock
) -> None:
    callback_id = await scheduled(database, clock)
    await try_it(database, callback_id, 1, clock())

    effects = [await say(database, callback_id, SOLVED, 2, clock()) for _ in range(2)]

    ticket = await ticket_of(database, callback_id)
    assert effects == [AnswerEffect.REOPENED, AnswerEffect.UNCHANGED]
    assert (ticket.state, ticket.round) == (TicketState.TRANSFERRED, 2)


async def test_pressing_two_twice_at_once_reopens_once(
    database: Database, clock: FakeClock
) -> None:
    callback_id = await scheduled(database, clock)

    effects = await asyncio.gather(
        *(say(database, callback_id, SOLVED, 2, clock()) for _ in range(4))
    )

    assert sorted(effects) == ["reopened", "unchanged", "unchanged", "unchanged"]
    assert (await ticket_of(database, callback_id)).round == 2


async def test_the_second_round_is_asked_again(database: Database, clock: FakeClock) -> None:
    first = await scheduled(database, clock)
    await say(database, first, SOLVED, 2, clock())
    ticket_id = (await ticket_of(database, first)).ticket_id
    async with database.begin() as uow:
        await tickets.resolve_ticket(
            uow, ticket_id, outcome=Outcome.SOLVED, result="重新补装", now=clock()
        )

    (second,) = await schedule(database, ticket_id, clock(), in_round=2)
    await say(database, second, SOLVED, 1, clock())

    assert second != first
    assert (await ticket_of(database, first)).state is TicketState.CLOSED


async def test_a_late_solved_does_not_stop_the_work_that_not_solved_started(
    database: Database, clock: FakeClock
) -> None:
    callback_id = await scheduled(database, clock)
    await say(database, callback_id, SOLVED, 2, clock())

    effect = await say(database, callback_id, SOLVED, 1, clock())

    assert effect is AnswerEffect.UNCHANGED
    assert (await view(database, callback_id)).solved == 2
    assert (await ticket_of(database, callback_id)).state is TicketState.TRANSFERRED
    async with database.read() as session:
        kept = (await session.scalars(select(CallbackAnswerRow.answer))).all()
    assert sorted(kept) == [1, 2]


async def test_three_calls_on_different_half_days_then_a_text_message_then_honesty(
    database: Database, clock: FakeClock
) -> None:
    callback_id = await scheduled(database, clock)
    made_at = []
    for number in (1, 2, 3):
        made_at.append(clock())
        await miss(database, clock, callback_id, number)

    await try_it(database, callback_id, 4, clock())
    (message,) = await messages(database)
    await result(database, callback_id, 4, AttemptResult.FAILED, clock())

    callback = await view(database, callback_id)
    ticket = await ticket_of(database, callback_id)
    assert [moment - made_at[0] for moment in made_at] == [
        timedelta(0),
        timedelta(hours=4),  # 10:00, then 14:00
        timedelta(hours=23),  # 09:00 of the next day
    ]
    assert message.channel is Channel.SMS
    assert callback.state is CallbackState.NOT_REACHED
    assert (ticket.state, ticket.close_reason) == (TicketState.CLOSED, CloseReason.NOT_REACHED)


async def test_whoever_was_not_reached_can_still_reopen_the_ticket(
    database: Database, clock: FakeClock
) -> None:
    callback_id = await scheduled(database, clock, reply_channel=Channel.WEB, reply_to=None)
    clock.advance(timedelta(days=7))
    async with database.begin() as uow:
        await service.review_callback(uow, callback_id, attempt_no=0, now=clock())
    closed = await ticket_of(database, callback_id)

    effect = await say(database, callback_id, SOLVED, 2, clock.advance(timedelta(days=2)))

    assert closed.close_reason is CloseReason.NOT_REACHED
    assert effect is AnswerEffect.REOPENED
    assert (await ticket_of(database, callback_id)).state is TicketState.TRANSFERRED


async def test_whoever_was_not_reached_can_still_confirm(
    database: Database, clock: FakeClock
) -> None:
    callback_id = await scheduled(database, clock, reply_channel=Channel.WEB, reply_to=None)
    clock.advance(timedelta(days=7))
    async with database.begin() as uow:
        await service.review_callback(uow, callback_id, attempt_no=0, now=clock())

    await say(database, callback_id, SOLVED, 1, clock())

    ticket = await ticket_of(database, callback_id)
    assert (ticket.state, ticket.close_reason) == (TicketState.CLOSED, CloseReason.CONFIRMED)


async def test_an_unknown_call_is_repeated_once_and_visibly(
    database: Database, clock: FakeClock
) -> None:
    callback_id = await scheduled(database, clock)
    await try_it(database, callback_id, 1, clock())

    await result(database, callback_id, 1, AttemptResult.UNKNOWN, clock())
    waiting = await view(database, callback_id)
    await try_it(database, callback_id, 2, waiting.due_at or clock())
    await result(database, callback_id, 2, AttemptResult.UNKNOWN, clock())
    after = await view(database, callback_id)

    assert waiting.state is CallbackState.UNKNOWN
    assert [one.is_repeat for one in after.attempts] == [False, True]
    assert after.state is CallbackState.SCHEDULED
    assert len(await orders(database)) == 2
    await try_it(database, callback_id, 3, after.due_at or clock())
    assert [message.channel for message in await messages(database)] == [Channel.SMS]


async def test_an_answer_that_came_before_the_crash_counts(
    database: Database, clock: FakeClock
) -> None:
    callback_id = await scheduled(database, clock)
    await try_it(database, callback_id, 1, clock())
    await say(database, callback_id, SOLVED, 1, clock())

    await result(database, callback_id, 1, AttemptResult.UNKNOWN, clock())

    assert (await view(database, callback_id)).state is CallbackState.ANSWERED
    assert len(await owed(database, "attempt_callback")) == 1


async def test_a_result_that_comes_twice_moves_the_ladder_once(
    database: Database, clock: FakeClock
) -> None:
    callback_id = await scheduled(database, clock)
    await try_it(database, callback_id, 1, clock())

    for what in (AttemptResult.BUSY, AttemptResult.BUSY, AttemptResult.NO_ANSWER):
        await result(database, callback_id, 1, what, clock())

    callback = await view(database, callback_id)
    assert callback.attempts[0].result is AttemptResult.BUSY
    assert len(await owed(database, "attempt_callback")) == 2


async def test_nobody_is_rung_up_at_night(database: Database, clock: FakeClock) -> None:
    callback_id = await scheduled(database, clock)
    clock.advance(timedelta(hours=12))  # 22:00

    await try_it(database, callback_id, 1, clock())

    callback = await view(database, callback_id)
    assert callback.state is CallbackState.SCHEDULED
    assert callback.due_at == clock() + timedelta(hours=11)
    assert await orders(database) == []


async def test_no_call_is_ordered_that_would_be_dialled_in_the_rest_hours(
    database: Database, clock: FakeClock
) -> None:
    """Permitted hours end at noon: an order that waits for a line is not dialled after it."""
    callback_id = await scheduled(database, clock)
    clock.advance(timedelta(hours=1, minutes=59))  # 11:59

    await try_it(database, callback_id, 1, clock())
    postponed = await view(database, callback_id)

    assert postponed.state is CallbackState.SCHEDULED
    assert postponed.due_at == clock() + timedelta(hours=2, minutes=1)
    clock.now = postponed.due_at + timedelta(hours=6, minutes=50)  # 20:50
    await try_it(database, callback_id, 1, clock())
    (order,) = await orders(database)
    assert order.expires_at == clock() + timedelta(minutes=10)


async def test_a_call_that_waits_for_a_line_is_not_made_once_the_ticket_is_back_at_work(
    database: Database, clock: FakeClock
) -> None:
    """R69: nobody is rung and told "done" about what somebody else says is not done."""
    callback_id = await scheduled(database, clock)
    await try_it(database, callback_id, 1, clock())
    ticket_id = (await ticket_of(database, callback_id)).ticket_id

    async with database.begin() as uow:
        await tickets.reopen_ticket(uow, ticket_id, reason="其他诉求人", now=clock())
        await service.cancel_callback(uow, ticket_id, in_round=1, now=clock())

    async with database.begin() as uow:
        assert await claim_order(uow, process_id=uuid4(), now=clock()) is None
    (order,) = await orders(database)
    assert order.state is OrderState.EXPIRED


async def test_who_has_answered_on_the_page_is_not_rung_about_it_any_more(
    database: Database, clock: FakeClock
) -> None:
    """R69: the call waited for a line; meanwhile the citizen looked for themselves."""
    callback_id = await scheduled(database, clock)
    await try_it(database, callback_id, 1, clock())

    await say(database, callback_id, SOLVED, 1, clock())

    async with database.begin() as uow:
        assert await claim_order(uow, process_id=uuid4(), now=clock()) is None
    assert (await view(database, callback_id)).state is CallbackState.ANSWERED


async def test_a_letter_that_waits_for_the_relay_does_not_say_done_of_what_is_done_anew(
    database: Database, clock: FakeClock
) -> None:
    """R69: while nothing could be sent, another complainant of the case said that it is not."""
    callback_id = await scheduled(
        database, clock, reply_channel=Channel.MAIL, reply_to="zhang@example.org"
    )
    await try_it(database, callback_id, 1, clock())
    ticket_id = (await ticket_of(database, callback_id)).ticket_id

    async with database.begin() as uow:
        await tickets.reopen_ticket(uow, ticket_id, reason="其他诉求人", now=clock())
        await service.cancel_callback(uow, ticket_id, in_round=1, now=clock())

    (letter,) = await messages(database)
    assert letter.state is MessageState.WITHDRAWN
    (job,) = await owed(database, "send_message")
    nowhere = OutboundByChannel({})
    await send_message(database, nowhere, UUID(job.payload["message_id"]), now=clock())
    assert [each.state for each in await messages(database)] == [MessageState.WITHDRAWN]


async def test_who_gave_a_service_number_is_not_dialled_by_a_machine(
    database: Database, clock: FakeClock
) -> None:
    options = replace(OPTIONS, channels=frozenset({Channel.VOICE}))
    ticket_id = await resolved_ticket(database, clock(), reply_to="110")

    async with database.begin() as uow:
        await service.schedule_callbacks(uow, ticket_id, in_round=1, options=options, now=clock())

    assert await owed(database, "attempt_callback") == []
    async with database.read() as session:
        assert len(await untold(session)) == 1


async def test_a_household_that_shares_a_telephone_does_not_share_its_letters(
    database: Database, clock: FakeClock
) -> None:
    """R88, R69: the daughter once had her answer by mail; what the father reports is not told
    to her. Who cannot be rung is a person's task."""
    people = PeopleOptions(b"the key of the blind index")
    async with database.begin() as uow:
        household = await identify(
            uow, options=people, phone="13800001234", mail="daughter@example.org", now=clock()
        )

    callback_id = await scheduled(database, clock, citizen_id=household)
    for number in (1, 2, 3, 4):
        await try_it(database, callback_id, number, clock())
        await result(database, callback_id, number, AttemptResult.FAILED, clock())
        clock.now = (await view(database, callback_id)).due_at or clock.now

    assert [message.address for message in await messages(database)] == ["13800001234"]
    async with database.read() as session:
        (task,) = await untold(session)
    assert task.callback_id == callback_id


async def test_a_callback_about_a_reopened_ticket_is_cancelled(
    database: Database, clock: FakeClock
) -> None:
    callback_id = await scheduled(database, clock)
    ticket_id = (await ticket_of(database, callback_id)).ticket_id
    async with database.begin() as uow:
        await tickets.reopen_ticket(uow, ticket_id, reason="领导要求", now=clock())

    await try_it(database, callback_id, 1, clock())

    assert (await view(database, callback_id)).state is CallbackState.CANCELLED
    assert await orders(database) == []


async def test_a_letter_carries_a_link_to_the_two_questions(
    database: Database, clock: FakeClock
) -> None:
    callback_id = await scheduled(
        database, clock, reply_channel=Channel.MAIL, reply_to="a@example.org"
    )

    await try_it(database, callback_id, 1, clock())

    (message,) = await messages(database)
    token = message.body.partition("/callback/")[2].split()[0]
    assert message.address == "a@example.org"
    assert read_link_token(OPTIONS.links, token, now=clock()) == callback_id


async def test_a_delivered_letter_waits_a_week_for_the_answer(
    database: Database, clock: FakeClock
) -> None:
    callback_id = await scheduled(
        database, clock, reply_channel=Channel.MAIL, reply_to="a@example.org"
    )
    await try_it(database, callback_id, 1, clock())
    (message,) = await messages(database)

    for _ in range(2):
        async with database.begin() as uow:
            await service.record_message_end(
                uow, reference=message.reference, is_sent=True, now=clock()
            )

    callback = await view(database, callback_id)
    assert callback.state is CallbackState.AWAITING
    assert callback.due_at == clock() + timedelta(days=7)


async def test_a_refused_letter_is_an_honest_not_reached(
    database: Database, clock: FakeClock
) -> None:
    callback_id = await scheduled(
        database, clock, reply_channel=Channel.MAIL, reply_to="a@example.org"
    )
    await try_it(database, callback_id, 1, clock())

    async with database.begin() as uow:
        await service.record_message_end(
            uow, reference=f"callback:{callback_id}:1", is_sent=False, now=clock()
        )

    assert (await view(database, callback_id)).state is CallbackState.NOT_REACHED


async def test_the_end_of_a_call_brings_answers_that_were_missed(
    database: Database, clock: FakeClock
) -> None:
    callback_id = await scheduled(database, clock)
    await try_it(database, callback_id, 1, clock())

    for _ in range(2):
        async with database.begin() as uow:
            await service.record_call_end(
                uow,
                reference=f"callback:{callback_id}:1",
                result=CallResult.ANSWERED,
                answers={"solved": "1", "satisfaction": "4", "other": "9"},
                now=clock(),
            )

    callback = await view(database, callback_id)
    assert (callback.solved, callback.satisfaction) == (1, 4)
    assert (await ticket_of(database, callback_id)).state is TicketState.CLOSED


@pytest.mark.parametrize("reference", ["ticket:1", "callback:x:1", "callback::", ""])
async def test_calls_about_other_things_are_none_of_ours(
    database: Database, clock: FakeClock, reference: str
) -> None:
    async with database.begin() as uow:
        await service.record_call_end(
            uow, reference=reference, result=CallResult.BUSY, answers={}, now=clock()
        )
        await service.record_message_end(uow, reference=reference, is_sent=True, now=clock())


async def test_a_negative_rating_must_be_corrected_in_fifteen_working_days(
    database: Database, clock: FakeClock
) -> None:
    """R80, GB/T 39734."""
    callback_id = await scheduled(database, clock)
    await say(database, callback_id, SOLVED, 1, clock())

    await say(database, callback_id, SATISFACTION, 5, clock())

    async with database.read() as session:
        (listed,) = await ratings_to_correct(session, now=clock())
    assert listed.callback_id == callback_id
    assert listed.correct_by == clock() + timedelta(days=21)
    async with database.begin() as uow:
        await correct_rating(uow, callback_id, text="已上门说明", actor=user("考核员"), now=clock())
    async with database.begin() as uow:
        assert await ratings_to_correct(uow.session, now=clock()) == []
        with pytest.raises(Conflict):
            await correct_rating(uow, callback_id, text="再一次", actor=user("考核员"), now=clock())


@pytest.mark.parametrize(
    ("question", "key"), [(SOLVED, 0), (SOLVED, 3), (SATISFACTION, 0), (SATISFACTION, 6)]
)
async def test_a_key_that_is_no_answer_is_refused(
    database: Database, clock: FakeClock, question: Question, key: int
) -> None:
    callback_id = await scheduled(database, clock)

    with pytest.raises(Invalid, match="answer"):
        await say(database, callback_id, question, key, clock())


async def test_a_call_that_nobody_reports_any_more_becomes_unknown(
    database: Database, clock: FakeClock
) -> None:
    callback_id = await scheduled(database, clock)
    await try_it(database, callback_id, 1, clock())
    review_at = (await view(database, callback_id)).due_at
    assert review_at is not None

    for now in (clock.advance(timedelta(minutes=1)), review_at, review_at):
        async with database.begin() as uow:
            await service.review_callback(uow, callback_id, attempt_no=1, now=now)

    assert (await view(database, callback_id)).state is CallbackState.UNKNOWN


async def test_an_early_worker_leaves_the_attempt_to_its_hour(
    database: Database, clock: FakeClock
) -> None:
    callback_id = await scheduled(database, clock)
    await miss(database, clock, callback_id, 1)

    await try_it(database, callback_id, 2, clock() - timedelta(seconds=1))

    assert len(await orders(database)) == 1


async def test_the_status_page_answers_the_callback_of_who_opened_the_ticket(
    database: Database, clock: FakeClock
) -> None:
    callback_id = await scheduled(database, clock)
    ticket_id = (await ticket_of(database, callback_id)).ticket_id

    async with database.read() as session:
        found = await reading.callback_to_answer(session, ticket_id)

    assert found is not None
    assert found.callback_id == callback_id
    assert found.may_answer


async def test_without_a_way_to_write_nobody_waits_a_week_for_a_letter_that_never_leaves(
    database: Database, clock: FakeClock
) -> None:
    options = replace(OPTIONS, channels=frozenset({Channel.VOICE}))
    ticket_id = await resolved_ticket(
        database, clock(), reply_channel=Channel.MAIL, reply_to="a@example.org"
    )

    async with database.begin() as uow:
        await service.schedule_callbacks(uow, ticket_id, in_round=1, options=options, now=clock())

    async with database.read() as session:
        (callback,) = await reading.callbacks_of_ticket(session, ticket_id)
        (task,) = await untold(session)
    assert callback.state is CallbackState.NOT_REACHED
    assert callback.may_answer
    assert (task.kind, task.callback_id) == (UntoldKind.OUTCOME, callback.callback_id)


async def test_an_answer_about_an_earlier_round_is_recorded_and_moves_nothing(
    database: Database, clock: FakeClock
) -> None:
    callback_id = await scheduled(database, clock)
    ticket_id = (await ticket_of(database, callback_id)).ticket_id
    async with database.begin() as uow:
        await tickets.reopen_ticket(uow, ticket_id, reason="领导要求", now=clock())

    effect = await say(database, callback_id, SOLVED, 2, clock())

    assert effect is AnswerEffect.RECORDED
    assert (await ticket_of(database, callback_id)).round == 2


async def test_the_call_of_an_anonymous_citizen_is_made_all_the_same(
    database: Database, clock: FakeClock
) -> None:
    """Anonymous: shown to nobody, but told."""
    callback_id = await scheduled(database, clock, anonymous=True)

    await try_it(database, callback_id, 1, clock())

    assert [order.to_number for order in await orders(database)] == ["13800001234"]


async def test_a_letter_that_cannot_leave_for_two_days_is_given_up(
    database: Database, clock: FakeClock
) -> None:
    callback_id = await scheduled(
        database, clock, reply_channel=Channel.MAIL, reply_to="a@example.org"
    )
    await try_it(database, callback_id, 1, clock())

    async with database.begin() as uow:
        await service.review_callback(
            uow, callback_id, attempt_no=1, now=clock.advance(timedelta(days=2))
        )

    assert (await view(database, callback_id)).state is CallbackState.NOT_REACHED


async def test_a_resolved_ticket_whose_job_was_lost_is_asked_about_all_the_same(
    database: Database, clock: FakeClock
) -> None:
    """R69: nobody is lost between the outcome and the callback."""
    await resolved_ticket(database, clock())
    early = await recover_callbacks(database, now=clock.advance(timedelta(minutes=14)))

    found = [
        await recover_callbacks(database, now=clock.advance(timedelta(minutes=each)))
        for each in (2, 5)
    ]

    assert (early, found) == (0, [1, 1])
    repairs = [row for row in await owed(database, "schedule_callbacks") if "repair" in row.key]
    assert len(repairs) == 1  # once an hour


async def test_an_attempt_and_a_waiting_whose_jobs_were_lost_are_owed_again(
    database: Database, clock: FakeClock
) -> None:
    callback_id = await scheduled(database, clock)
    clock.advance(timedelta(minutes=20))

    assert await recover_callbacks(database, now=clock()) == 1
    (repair,) = [row for row in await owed(database, "attempt_callback") if "repair" in row.key]
    await try_it(database, callback_id, repair.payload["attempt_no"], clock())
    assert len(await orders(database)) == 1
    assert await recover_callbacks(database, now=clock()) == 0  # a call is under way

    clock.advance(timedelta(hours=3))  # nobody reported how it ended
    assert await recover_callbacks(database, now=clock()) == 1
    (repair,) = [row for row in await owed(database, "review_callback") if "repair" in row.key]
    async with database.begin() as uow:
        await service.review_callback(
            uow, callback_id, attempt_no=repair.payload["attempt_no"], now=clock()
        )
    assert (await view(database, callback_id)).state is CallbackState.UNKNOWN


async def test_a_no_that_meets_the_archive_reopens_whichever_comes_first(
    database: Database, clock: FakeClock
) -> None:
    """R69: the week is over in the second in which the citizen says that it is not solved."""
    for _ in range(4):
        callback_id = await scheduled(database, clock, reply_channel=Channel.WEB, reply_to=None)
        now = clock.advance(timedelta(days=7))

        async def archive(callback_id: CallbackId = callback_id, now: datetime = now) -> None:
            async with database.begin() as uow:
                await service.review_callback(uow, callback_id, attempt_no=0, now=now)

        effect, _ = await asyncio.gather(say(database, callback_id, SOLVED, 2, now), archive())

        ticket = await ticket_of(database, callback_id)
        assert effect is AnswerEffect.REOPENED
        assert (ticket.state, ticket.round) == (TicketState.TRANSFERRED, 2)
        assert (await view(database, callback_id)).state is CallbackState.ANSWERED
