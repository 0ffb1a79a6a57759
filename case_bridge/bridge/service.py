"""Use cases of the bridge: hand a ticket over, take progress back, look after what failed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import structlog

from case_bridge.bridge.attachments import attachments_to_hand_over
from case_bridge.bridge.mapping import TRIGGERS, filing_of
from case_bridge.bridge.model import CaseLinkRow, ProgressFate, ProgressRow
from case_bridge.bridge.reading import line_of
from case_bridge.bridge.repository import Links, Messages
from case_bridge.bridge.states import CROSSING, CrossingState, CrossingTrigger
from case_bridge.platform import (
    CaseFiling,
    CasePlatform,
    CaseProgress,
    CaseReference,
    FilingRefused,
    ProgressKind,
)
from hotline.callbacks.reading import words_of_round
from hotline.kernel.db import Database, UnitOfWork
from hotline.kernel.errors import Conflict, Invalid
from hotline.kernel.ids import TicketId
from hotline.kernel.privacy import mask_text
from hotline.tickets import reading
from hotline.tickets import service as tickets
from hotline.tickets.states import TicketState, TicketTrigger
from hotline.tickets.ticket import Outcome

log = structlog.get_logger()

SUBMIT_JOB: Final = "submit_case"
"""The name of the job that calls `submit_case`, in config/jobs.py."""


@dataclass(frozen=True, slots=True)
class _Crossing:
    """What is to be sent, once the first transaction is over."""

    filing: CaseFiling
    reopens: str | None
    """The key of the case to work on again."""
    reason: str


async def submit_case(
    database: Database,
    platform: CasePlatform,
    ticket_id: TicketId,
    round_: int,
    *,
    now: datetime,
) -> None:
    """Hand one round of a ticket over to the case system, once.

    A later round reopens the case of the round before. The platform is called between two
    transactions, for it may take seconds; it is the platform that makes the call repeatable.
    A round that the ticket has left behind meanwhile is not sent; one whose case was voided is
    sent again once the ticket is handed over again.

    Raises:
        Unavailable: if the platform does not answer; the link stays pending, call again.
    """
    async with database.begin() as uow:
        crossing = await _prepare(uow, platform.name, ticket_id, round_, now=now)
    if crossing is None:
        return
    try:
        reference = await _send(platform, crossing)
    except FilingRefused as refusal:
        async with database.begin() as uow:
            await _note_refusal(uow, ticket_id, round_, refusal.problem, now=now)
        return
    async with database.begin() as uow:
        await _note_reference(uow, ticket_id, round_, reference, now=now)


async def reopen_case(
    database: Database,
    platform: CasePlatform,
    ticket_id: TicketId,
    round_: int,
    *,
    now: datetime,
) -> None:
    """Ask the case system to work again because a complainant says no; as `submit_case`.

    Raises:
        Invalid: if it is the ticket's first round: there is nothing to reopen.
        Unavailable: if the platform does not answer.
    """
    if round_ < 2:
        raise Invalid("round", "the first round is submitted, not reopened")
    await submit_case(database, platform, ticket_id, round_, now=now)


async def record_progress(
    uow: UnitOfWork, platform: str, progress: CaseProgress, *, now: datetime
) -> ProgressFate:
    """Store a platform's message and apply it to every ticket behind the case.

    The second time a message comes nothing changes. One that is older than what was applied is
    kept as late; one that contradicts the crossing raises an alarm and forces nothing; one whose
    case nobody knows yet waits for its link.
    """
    messages = Messages(uow.session)
    is_new = await messages.store(platform, progress, now=now)
    message = await messages.get(progress.message_id)
    if not is_new:
        return message.fate
    links = await Links(uow.session).of_case(progress.case_key, progress.round)
    fates = [await _apply(uow, link, message, now=now) for link in links]
    message.fate = _common_fate(fates)
    return message.fate


async def catch_up(uow: UnitOfWork, ticket_id: TicketId, round_: int, *, now: datetime) -> None:
    """Apply to a link what its case was told before the link was there."""
    link = await Links(uow.session).get(ticket_id, round_, lock=True)
    if link.case_key is None or link.case_round is None:
        return
    for message in await Messages(uow.session).of_case(link.case_key, link.case_round):
        fate = await _apply(uow, link, message, now=now)
        if message.fate is ProgressFate.WAITING:
            message.fate = fate


async def relink(
    uow: UnitOfWork, link: CaseLinkRow, reference: CaseReference, *, now: datetime
) -> None:
    """Let another case answer for a crossing that waits (并案、拆案), heard from its first word.

    Raises:
        IllegalTransition: if the crossing has ended, or was never sent.
    """
    _move(link, CrossingTrigger.RELINK, now=now)
    link.case_key, link.case_number = reference.case_key, reference.number
    link.case_round, link.sequence = reference.round, 0
    uow.signal("ticket", ticket_id=link.ticket_id, case_number=reference.number)
    await uow.session.flush()
    await catch_up(uow, TicketId(link.ticket_id), link.round, now=now)


async def retry_failed(uow: UnitOfWork, ticket_id: TicketId, round_: int, *, now: datetime) -> None:
    """Send a filing again that the platform refused, after a person has mended the ticket.

    Raises:
        NotFound: if there is no such link.
        Conflict: if the link has not failed.
    """
    link = await Links(uow.session).get(ticket_id, round_, lock=True)
    _move(link, CrossingTrigger.RETRY, now=now)
    link.problem = None
    uow.enqueue(
        SUBMIT_JOB,
        key=f"{SUBMIT_JOB}:{ticket_id}:{round_}:{now.isoformat()}",
        payload={"ticket_id": str(ticket_id), "round": round_},
        due_at=now,
    )


async def settle_alarm(uow: UnitOfWork, alarm_id: UUID, *, by: str, now: datetime) -> None:
    """Note that a person has looked after an alarm.

    Raises:
        NotFound: if there is no such alarm.
        Conflict: if somebody settled it before.
    """
    alarm = await Messages(uow.session).alarm(alarm_id)
    if alarm.settled_at is not None:
        raise Conflict("the alarm is settled already")
    alarm.settled_at, alarm.settled_by = now, by


async def finish_ticket(uow: UnitOfWork, link: CaseLinkRow, *, now: datetime) -> bool:
    """Give a ticket the outcome of its ended link; False (and an alarm) if it does not fit.

    The words are those of the message that ended the link.
    """
    ending = await _ending(uow, link)
    if ending is None:
        await _alarm(uow, link, f"ended:{link.ticket_id}:{link.round}", "无结案消息", now=now)
        return False
    return await _effect(uow, link, ending, now=now)


async def _prepare(
    uow: UnitOfWork, platform: str, ticket_id: TicketId, round_: int, *, now: datetime
) -> _Crossing | None:
    links = Links(uow.session)
    link = await links.find(ticket_id, round_, lock=True)
    if link is not None and link.state not in {CrossingState.PENDING, CrossingState.VOIDED}:
        return None
    ticket = await reading.ticket_view(uow.session, ticket_id)
    if ticket.state is not TicketState.TRANSFERRED or ticket.round != round_:
        log.info("crossing_left_behind", ticket_id=str(ticket_id), round=round_)
        return None
    if link is not None and link.state is CrossingState.VOIDED:
        _begin_again(link, now=now)
    earlier = await links.before(ticket_id, round_)
    reason = await _reopen_reason(uow, ticket_id, round_) if earlier else ""
    await links.ensure(ticket_id, round_, platform=platform, reopen_reason=reason or None, now=now)
    attachments = await attachments_to_hand_over(uow.session, ticket_id)
    line = await line_of(uow.session, ticket.call_id) if ticket.call_id else None
    filing = filing_of(ticket, attachments, line=line, now=now)
    return _Crossing(filing, earlier.case_key if earlier else None, reason)


def _begin_again(link: CaseLinkRow, *, now: datetime) -> None:
    # The voided case gave the ticket back; a seat has mended it and handed it over once more.
    _move(link, CrossingTrigger.RETRY, now=now)
    link.case_key = link.case_number = link.case_round = None
    link.sequence = 0


async def _reopen_reason(uow: UnitOfWork, ticket_id: TicketId, round_: int) -> str:
    """Return why the ticket came back, as its history says, with the complainant's own words."""
    for entry in reversed(await reading.history(uow.session, ticket_id)):
        if entry.trigger is TicketTrigger.REOPEN and entry.round == round_:
            reason = str(entry.detail.get("reason") or "诉求人反映问题未解决")
            said = await words_of_round(uow.session, ticket_id, round_ - 1)
            return "：".join([reason, *map(mask_text, said)])
    return "工单重新转办"


async def _send(platform: CasePlatform, crossing: _Crossing) -> CaseReference:
    if crossing.reopens is None:
        return await platform.submit(crossing.filing)
    return await platform.reopen(crossing.reopens, crossing.filing, crossing.reason)


async def _note_reference(
    uow: UnitOfWork, ticket_id: TicketId, round_: int, reference: CaseReference, *, now: datetime
) -> None:
    link = await Links(uow.session).get(ticket_id, round_, lock=True)
    if link.state is not CrossingState.PENDING:
        return
    _move(link, CrossingTrigger.SUBMIT, now=now)
    link.case_key, link.case_number = reference.case_key, reference.number
    link.case_round, link.problem = reference.round, None
    uow.signal("ticket", ticket_id=ticket_id, case_number=reference.number)
    await uow.session.flush()
    await catch_up(uow, ticket_id, round_, now=now)


async def _note_refusal(
    uow: UnitOfWork, ticket_id: TicketId, round_: int, problem: str, *, now: datetime
) -> None:
    link = await Links(uow.session).get(ticket_id, round_, lock=True)
    if link.state is not CrossingState.PENDING:
        return
    _move(link, CrossingTrigger.FAIL, now=now)
    link.problem = problem
    key = f"refused:{ticket_id}:{round_}:{now.isoformat()}"
    await _alarm(uow, link, key, f"案卷系统拒收：{problem}", now=now)


async def _apply(
    uow: UnitOfWork, link: CaseLinkRow, message: ProgressRow, *, now: datetime
) -> ProgressFate:
    if message.sequence <= link.sequence:
        return ProgressFate.LATE
    trigger = TRIGGERS[message.kind]
    if not CROSSING.allows(link.state, trigger):
        await _alarm(
            uow,
            link,
            f"message:{message.message_id}:{link.ticket_id}",
            f"案卷消息 {message.kind} 与当前状态 {link.state} 矛盾",
            now=now,
        )
        return ProgressFate.REFUSED
    _move(link, trigger, now=now)
    link.sequence = message.sequence
    await _effect(uow, link, message, now=now)
    return ProgressFate.APPLIED


async def _effect(
    uow: UnitOfWork, link: CaseLinkRow, message: ProgressRow, *, now: datetime
) -> bool:
    """Do to the ticket what the message means for it; False and an alarm if it does not fit."""
    if message.kind not in _ENDINGS:
        uow.signal("ticket", ticket_id=link.ticket_id, case_state=link.state.value)
        return True
    ticket_id = TicketId(link.ticket_id)
    ticket = await reading.ticket_view(uow.session, ticket_id)
    if ticket.state is not TicketState.TRANSFERRED or ticket.round != link.round:
        await _alarm(
            uow,
            link,
            f"effect:{message.message_id}:{link.ticket_id}",
            f"案卷{_ENDINGS[message.kind]}，但工单状态为 {ticket.state}（第 {ticket.round} 轮）",
            now=now,
        )
        return False
    words = message.text.strip() or _ENDINGS[message.kind]
    actor = f"platform:{link.platform}"
    if message.kind is ProgressKind.VOIDED:
        await tickets.return_ticket(uow, ticket_id, reason=words, actor=actor, now=now)
    else:
        declined = message.kind is ProgressKind.DECLINED
        outcome = Outcome.DECLINED if declined else Outcome.SOLVED
        await tickets.resolve_ticket(
            uow, ticket_id, outcome=outcome, result=words, actor=actor, now=now
        )
    return True


_ENDINGS = {
    ProgressKind.CLOSED: "已结案",
    ProgressKind.DECLINED: "不予立案",
    ProgressKind.VOIDED: "已作废",
}


async def _ending(uow: UnitOfWork, link: CaseLinkRow) -> ProgressRow | None:
    if link.case_key is None or link.case_round is None:
        return None
    for message in reversed(await Messages(uow.session).of_case(link.case_key, link.case_round)):
        if message.kind in _ENDINGS:
            return message
    return None


def _common_fate(fates: Sequence[ProgressFate]) -> ProgressFate:
    for fate in (ProgressFate.REFUSED, ProgressFate.APPLIED, ProgressFate.LATE):
        if fate in fates:
            return fate
    return ProgressFate.WAITING


def _move(link: CaseLinkRow, trigger: CrossingTrigger, *, now: datetime) -> None:
    link.state = CROSSING.next(link.state, trigger)
    link.changed_at = now


async def _alarm(
    uow: UnitOfWork, link: CaseLinkRow, key: str, problem: str, *, now: datetime
) -> None:
    raised = await Messages(uow.session).raise_alarm(
        key=key,
        problem=problem,
        ticket_id=link.ticket_id,
        round_=link.round,
        case_key=link.case_key,
        now=now,
    )
    if raised:
        log.warning("case_alarm", ticket_id=str(link.ticket_id), round=link.round, key=key)
        uow.signal("case_alarm", ticket_id=link.ticket_id)
