"""The complainant hears the outcome and answers; everything here is safe to run twice."""

from collections.abc import Collection, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final, assert_never

from hotline.callbacks.events import CallbackAnswered, NegativeRatingGiven
from hotline.callbacks.model import CallbackAnswerRow, CallbackRow
from hotline.callbacks.options import CallbackOptions
from hotline.callbacks.policy import CallbackPolicy, ladder, next_attempt_at, permitted_hours
from hotline.callbacks.repository import Callbacks
from hotline.callbacks.states import (
    CALLBACK,
    AttemptResult,
    CallbackState,
    CallbackTrigger,
    Question,
)
from hotline.callbacks.steps import (
    DISTURBING,
    after_unknown,
    await_answer,
    cancel,
    climb,
    give_up,
    owe_attempt,
    read_reference,
    settle,
    withdraw_attempt,
)
from hotline.callbacks.untold import settle_of_callback
from hotline.contacts.calls.states import CallResult
from hotline.contacts.contact import Channel
from hotline.kernel.db import UnitOfWork
from hotline.kernel.errors import Invalid
from hotline.kernel.ids import CallbackId, TicketId, new_id
from hotline.people.number import NumberKind, parse_number
from hotline.tickets.calendars import calendar_in_force
from hotline.tickets.checks import check_text
from hotline.tickets.model import TicketRow
from hotline.tickets.repository import Tickets
from hotline.tickets.service import confirm_ticket, reopen_ticket
from hotline.tickets.states import TicketState
from hotline.tickets.ticket import SYSTEM, CloseReason
from hotline.tickets.time_limit import correction_deadline


async def schedule_callbacks(
    uow: UnitOfWork, ticket_id: TicketId, *, in_round: int, options: CallbackOptions, now: datetime
) -> None:
    """Owe the complainant of a resolved ticket a callback; a second run changes nothing.

    A ticket that has gone back to work meanwhile is left alone. Job: `schedule_callbacks`
    {ticket_id, round}.
    """
    ticket = await Tickets(uow.session).get(ticket_id, lock=True)
    if ticket.state is not TicketState.RESOLVED or ticket.round != in_round:
        return
    await schedule_callback(
        uow, ticket_id, policy=options.policy, channels=options.channels, now=now
    )


async def schedule_callback(
    uow: UnitOfWork,
    ticket_id: TicketId,
    *,
    policy: CallbackPolicy,
    now: datetime,
    channels: Collection[Channel] = (Channel.VOICE, Channel.MAIL),
) -> CallbackId:
    """Owe the complainant of a ticket the callback of its round, once; return it."""
    ticket = await Tickets(uow.session).get(ticket_id, lock=True)
    row = await Callbacks(uow.session).of_round(ticket_id, ticket.round)
    if row is None:
        row = await _schedule(uow, ticket, policy=policy, channels=channels, now=now)
    return CallbackId(row.id)


async def _schedule(
    uow: UnitOfWork,
    ticket: TicketRow,
    *,
    policy: CallbackPolicy,
    channels: Collection[Channel],
    now: datetime,
) -> CallbackRow:
    rungs = _ladder(ticket, policy=policy, channels=channels)
    row = CallbackRow(
        id=new_id(),
        ticket_id=ticket.id,
        round=ticket.round,
        state=CALLBACK.initial,
        policy=policy.to_payload(),
        ladder=[rung.value for rung in rungs],
        rung=0,
        attempts_made=0,
        unknown_results=0,
        scheduled_at=now,
    )
    uow.session.add(row)
    if not rungs and ticket.reply_to is None:
        await_answer(uow, row, policy, now=now)
    elif not rungs:
        await uow.session.flush()
        await give_up(uow, ticket, row, now=now)
    else:
        hours = permitted_hours(policy, rungs[0], await calendar_in_force(uow.session))
        at = next_attempt_at(policy, hours, (), now) if rungs[0] in DISTURBING else now
        owe_attempt(uow, row, at=at)
    return row


def _ladder(
    ticket: TicketRow, *, policy: CallbackPolicy, channels: Collection[Channel]
) -> tuple[Channel, ...]:
    phone = parse_number(ticket.reply_to or "")
    return ladder(
        policy,
        reply_channel=ticket.reply_channel,
        has_phone=phone is not None and not phone.is_short,
        is_mobile=phone is not None and phone.kind is NumberKind.MOBILE,
        available=channels,
    )


NEXT_RESULTS: Final[Mapping[AttemptResult | None, Collection[AttemptResult]]] = {
    None: frozenset(AttemptResult),
    AttemptResult.UNKNOWN: frozenset(AttemptResult) - {AttemptResult.UNKNOWN},
    AttemptResult.DELIVERED: {AttemptResult.FAILED},
}
"""Which result may follow which; any other one stands."""

WITHOUT_RESULT: Final = frozenset({CallbackState.ATTEMPTING, CallbackState.UNKNOWN})


async def record_attempt_result(
    uow: UnitOfWork,
    callback_id: CallbackId,
    attempt_no: int,
    *,
    result: AttemptResult,
    now: datetime,
) -> None:
    """Note what came of an attempt, and go to the next rung if nobody answered the question.

    The first result of an attempt counts, but one that comes after "unknown" is kept too, and a
    letter that comes back was not delivered. Results of attempts that are not the present one are
    noted and change nothing else.
    """
    callbacks = Callbacks(uow.session)
    ticket, row = await callbacks.lock(callback_id)
    made = await callbacks.attempt(callback_id, attempt_no)
    if made is None or result not in NEXT_RESULTS.get(made.result, ()):
        return
    was_delivered = made.result is AttemptResult.DELIVERED
    made.result, made.ended_at = result, now
    waiting = {CallbackState.AWAITING} if was_delivered else WITHOUT_RESULT
    if row.attempts_made != attempt_no or row.state not in waiting:
        return
    policy = CallbackPolicy.from_payload(row.policy)
    match result:
        case AttemptResult.DELIVERED:
            await_answer(uow, row, policy, now=now)
        case AttemptResult.UNKNOWN:
            await after_unknown(uow, ticket, row, policy, now=now)
        case (
            AttemptResult.ANSWERED
            | AttemptResult.BUSY
            | AttemptResult.NO_ANSWER
            | AttemptResult.FAILED
        ):
            await climb(uow, ticket, row, policy, to=row.rung + 1, now=now)
        case _:
            assert_never(result)


async def review_callback(
    uow: UnitOfWork, callback_id: CallbackId, *, attempt_no: int, now: datetime
) -> None:
    """End what has waited too long: a result that never came, an answer that nobody gave.

    Job: `review_callback` {callback_id, attempt_no}.
    """
    ticket, row = await Callbacks(uow.session).lock(callback_id)
    if row.attempts_made != attempt_no or row.due_at is None or now < row.due_at:
        return
    if row.state is CallbackState.AWAITING:
        await give_up(uow, ticket, row, now=now)
    elif row.state is CallbackState.ATTEMPTING:
        is_call = row.ladder[row.rung] == Channel.VOICE
        result = AttemptResult.UNKNOWN if is_call else AttemptResult.FAILED
        await record_attempt_result(uow, callback_id, attempt_no, result=result, now=now)


class AnswerEffect(StrEnum):
    """What an answer did."""

    RECORDED = "recorded"  # 已记录
    REOPENED = "reopened"  # 工单已重新办理
    CLOSED = "closed"  # 工单已归档
    UNCHANGED = "unchanged"  # 与之前相同，或已不起作用


ANSWERS = {Question.SOLVED: range(1, 3), Question.SATISFACTION: range(1, 6)}
NOT_SOLVED = 2
LONGEST_WORDS: Final = 500
NEGATIVE_FROM = 4  # 不满意, 非常不满意 (domain notes 6.2)


async def record_answer(
    uow: UnitOfWork,
    callback_id: CallbackId,
    *,
    question: Question,
    answer: int,
    now: datetime,
    via: str = "phone",
) -> AnswerEffect:
    """Note an answer at once: "not solved" sends the ticket back to work on the spot.

    `via` says how it came (`phone`, `link`, `status`). The same answer again changes nothing.
    "Not solved" stands once given: the work it started is not taken back by a later "solved".

    Raises:
        Invalid: if `answer` is not one of the question's.
        NotFound: if there is no such callback.
    """
    if answer not in ANSWERS[question]:
        raise Invalid("answer", f"{question} is answered from 1 to {ANSWERS[question][-1]}")
    ticket, row = await Callbacks(uow.session).lock(callback_id)
    before = row.solved if question is Question.SOLVED else row.satisfaction
    if before == answer:
        return AnswerEffect.UNCHANGED
    uow.session.add(
        CallbackAnswerRow(
            callback_id=callback_id, question=question, answer=answer, via=via, at=now
        )
    )
    if question is Question.SATISFACTION:
        await _rate(uow, row, answer, now=now)
        return AnswerEffect.RECORDED
    if not CALLBACK.allows(row.state, CallbackTrigger.ANSWER) or before == NOT_SOLVED:
        return AnswerEffect.UNCHANGED
    return await _conclude(uow, ticket, row, answer, via=via, now=now)


async def record_words(uow: UnitOfWork, callback_id: CallbackId, words: str) -> None:
    """Keep why a complainant answers as they do, in their own words; the newest count.

    Before the answers, so that whoever works on it again reads why. Of a callback that asks no
    more nothing is kept.

    Raises:
        Invalid: if nothing is said, or far too much.
    """
    words = check_text("words", words, LONGEST_WORDS)
    _, row = await Callbacks(uow.session).lock(callback_id)
    if CALLBACK.allows(row.state, CallbackTrigger.ANSWER):
        row.words = words


async def _conclude(
    uow: UnitOfWork, ticket: TicketRow, row: CallbackRow, answer: int, *, via: str, now: datetime
) -> AnswerEffect:
    row.state = CALLBACK.next(row.state, CallbackTrigger.ANSWER)
    await withdraw_attempt(uow, row, now=now)
    row.solved, row.ended_at, row.due_at = answer, now, None
    await settle_of_callback(uow, CallbackId(row.id), by=f"citizen:{via}", now=now)
    ticket_id = TicketId(ticket.id)
    uow.record(
        CallbackAnswered(
            callback_id=CallbackId(row.id),
            ticket_id=ticket_id,
            is_solved=answer != NOT_SOLVED,
            occurred_at=now,
        )
    )
    if ticket.round != row.round:
        return AnswerEffect.RECORDED
    if answer == NOT_SOLVED:
        return await _reopen(uow, ticket, via=via, now=now)
    if ticket.close_reason is CloseReason.NOT_REACHED:
        await confirm_ticket(uow, ticket_id, actor=f"citizen:{via}", now=now)
        return AnswerEffect.RECORDED
    is_closed = await settle(uow, ticket, row, now=now)
    return AnswerEffect.CLOSED if is_closed else AnswerEffect.RECORDED


async def _reopen(uow: UnitOfWork, ticket: TicketRow, *, via: str, now: datetime) -> AnswerEffect:
    if ticket.state not in (TicketState.RESOLVED, TicketState.CLOSED):
        return AnswerEffect.RECORDED
    round_before = ticket.round
    await reopen_ticket(
        uow,
        TicketId(ticket.id),
        reason="回访：诉求人表示问题未解决",
        actor=f"citizen:{via}",
        now=now,
    )
    await cancel_callback(uow, TicketId(ticket.id), in_round=round_before, now=now)
    return AnswerEffect.REOPENED


async def cancel_callback(
    uow: UnitOfWork, ticket_id: TicketId, *, in_round: int, now: datetime
) -> None:
    """End the callback of a round that turned out not to be over; answers stay."""
    row = await Callbacks(uow.session).of_round(ticket_id, in_round)
    if row is None:
        return
    await settle_of_callback(uow, CallbackId(row.id), by=SYSTEM, now=now)
    if CALLBACK.allows(row.state, CallbackTrigger.CANCEL):
        await cancel(uow, row, now=now)


async def _rate(uow: UnitOfWork, row: CallbackRow, answer: int, *, now: datetime) -> None:
    row.satisfaction = answer
    if answer < NEGATIVE_FROM or row.correct_by is not None:
        return
    receipt = correction_deadline(now, await calendar_in_force(uow.session))
    row.correct_by, row.correct_by_receipt = receipt.due_at, receipt.to_payload()
    uow.record(
        NegativeRatingGiven(
            callback_id=CallbackId(row.id),
            ticket_id=TicketId(row.ticket_id),
            satisfaction=answer,
            occurred_at=now,
        )
    )


async def record_call_end(
    uow: UnitOfWork,
    *,
    reference: str,
    result: CallResult,
    answers: dict[str, str],
    now: datetime,
) -> None:
    """Note what came of an ordered call; its answers too, should one have been missed on the way.

    Calls about anything else are none of ours. Job: `record_call_end`, from CallOrderFinished.
    """
    named = read_reference(reference)
    if named is None:
        return
    callback_id, attempt_no = named
    for question in Question:
        key = answers.get(question.value, "")
        if key.isdecimal() and int(key) in ANSWERS[question]:
            await record_answer(uow, callback_id, question=question, answer=int(key), now=now)
    await record_attempt_result(
        uow, callback_id, attempt_no, result=AttemptResult(result.value), now=now
    )


async def record_message_end(
    uow: UnitOfWork, *, reference: str, is_sent: bool, now: datetime
) -> None:
    """Note whether a letter left. Job: `record_message_end`, from MessageSent and MessageFailed."""
    named = read_reference(reference)
    if named is None:
        return
    callback_id, attempt_no = named
    result = AttemptResult.DELIVERED if is_sent else AttemptResult.FAILED
    await record_attempt_result(uow, callback_id, attempt_no, result=result, now=now)
