"""What a peer has to hear of: forms out of the moves of a case, each written once, in order."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from case_bridge.cases.case import Actor, EvidenceOrigin
from case_bridge.cases.model import CaseHistoryRow, CaseRow
from case_bridge.cases.repository import Cases
from case_bridge.cases.service import category_key_of, verify_case
from case_bridge.cases.states import CaseState, CaseTrigger
from case_bridge.cases.words import require_words
from case_bridge.exchange.answering import last_left, way_of
from case_bridge.exchange.dialect import message_of
from case_bridge.exchange.evaluations import due_reports
from case_bridge.exchange.files import files_of
from case_bridge.exchange.forms import (
    Answer,
    Body,
    Closing,
    ClosingOutcome,
    Dispatch,
    Feedback,
    FeedbackOutcome,
    FileReference,
    Filing,
    FormKind,
    Order,
    Registration,
)
from case_bridge.exchange.journal import Journal
from case_bridge.exchange.model import Direction, ExchangeLinkRow, ExchangeMessageRow
from case_bridge.exchange.peer import ExchangeOptions, Peer, PeerRole, actor_of
from case_bridge.exchange.states import OUTGOING
from case_bridge.units.repository import Units
from hotline.kernel.db import Database, UnitOfWork
from hotline.kernel.errors import Conflict
from hotline.kernel.ids import CaseId, new_id

BATCH: Final = 200
ROOM: Final = 4000
"""Letters of a text in a form; the rest is read where the matter began."""
OVERLAP: Final = timedelta(minutes=10)
"""A move is seen when its transaction ends, which may be so much later than it says."""

_ORDERS: Final = frozenset(
    {CaseTrigger.DISPATCH, CaseTrigger.DECIDE, CaseTrigger.REWORK, CaseTrigger.HAND_DOWN}
)
_FOUND: Final = frozenset({CaseTrigger.CONFIRM, CaseTrigger.REFUTE})
_DONE: Final = frozenset({CaseTrigger.CLOSE, CaseTrigger.FORCE_CLOSE, CaseTrigger.SETTLE})
_GIVEN_BACK: Final = frozenset({CaseTrigger.VOID, CaseTrigger.FORCE_VOID})
_MERGED: Final = frozenset({CaseTrigger.MERGE, CaseTrigger.MERGE_FILED})
_WITHDRAWN: Final = _GIVEN_BACK | _MERGED | {CaseTrigger.HAND_UP}


async def write(
    uow: UnitOfWork,
    options: ExchangeOptions,
    link: ExchangeLinkRow,
    form: FormKind,
    body: Body,
    *,
    now: datetime,
) -> None:
    """Put a form into the journal as the next message of a locked link."""
    peer = options.peer(link.peer)
    link.sent += 1
    link.changed_at = now
    message_id = new_id()
    raw = peer.dialect.write(
        message_of(
            {
                "message_id": message_id,
                "sender": options.name,
                "recipient": peer.name,
                "case": link.case_ref,
                "sequence": link.sent,
                "sent_at": now,
                "form": form,
                "body": body,
            }
        )
    )
    uow.session.add(
        ExchangeMessageRow(
            peer=peer.name,
            direction=Direction.OUT,
            state=OUTGOING.initial,
            message_id=message_id,
            case_ref=link.case_ref,
            sequence=link.sent,
            form=form,
            recorded_at=now,
            attempts=0,
            signature="",
            raw=raw,
        )
    )
    await uow.session.flush()


async def write_due(database: Database, options: ExchangeOptions, *, now: datetime) -> int:
    """Write every form that the moves of cases owe to peers; return how many cases it was about.

    Each case in a transaction of its own, under the lock of its link: two at once write once.
    """
    done = 0
    for peer in options.peers.values():
        for case_id in await _to_begin(database, peer):
            async with database.begin() as uow:
                done += await _begin(uow, options, peer, case_id, now=now)
        done += await _tell_moved(database, options, peer, now=now)
        done += await report_evaluations(database, options, peer, now=now)
    return done


async def _tell_moved(
    database: Database, options: ExchangeOptions, peer: Peer, *, now: datetime
) -> int:
    """Tell a peer of every case of its own that moved since the last look."""
    async with database.read() as session:
        talk = (await Journal(session).peers()).get(peer.name)
        since = talk.looked_until - OVERLAP if talk and talk.looked_until else None
        moved = await Journal(session).to_tell(peer.name, since, limit=BATCH)
    for case_ref in moved:
        async with database.begin() as uow:
            link = await Journal(uow.session).link(peer.name, case_ref, is_ours=False, now=now)
            await _tell(uow, options, link, now=now)
    if len(moved) < BATCH:
        async with database.begin() as uow:
            (await Journal(uow.session).peer(peer.name)).looked_until = now
    return len(moved)


async def report_evaluations(
    database: Database, options: ExchangeOptions, peer: Peer, *, now: datetime
) -> int:
    """Tell a superior of every evaluation that was published since it was told (R96)."""
    if peer.role is not PeerRole.SUPERIOR:
        return 0
    async with database.begin() as uow:
        journal = Journal(uow.session)
        talk = await journal.peer(peer.name)
        reports = await due_reports(uow.session, talk.reported_until)
        for report in reports:
            ref = f"{options.name}:{FormKind.EVALUATION}"
            link = await journal.link(peer.name, ref, is_ours=True, now=now)
            await write(uow, options, link, FormKind.EVALUATION, report, now=now)
            talk.reported_until = report.published_at
    return len(reports)


async def report_to(
    uow: UnitOfWork,
    options: ExchangeOptions,
    peer_name: str,
    case_id: CaseId,
    *,
    verify: bool,
    text: str,
    actor: Actor,
    now: datetime,
) -> None:
    """Send a case of ours to a peer: to take it up (报送), or to have it verified (交办核实).

    Raises:
        NotFound: if there is no such peer or case.
        Conflict: if the peer knows the case already, or it is past verifying.
        Invalid: if there are no words.
    """
    words = require_words("text", text)
    peer = options.peer(peer_name)
    case = await Cases(uow.session).get(case_id, lock=True)
    if await Journal(uow.session).link_of_case(peer.name, case_id) is not None:
        raise Conflict(f"{peer.name} knows the case already")
    if verify and case.state is not CaseState.VERIFYING:
        await verify_case(uow, case_id, text=words, actor=actor, now=now)
    link = await _new_link(uow, options, peer, case, now=now)
    registration = await _registration(uow, case)
    await write(uow, options, link, FormKind.REGISTRATION, registration, now=now)
    if verify:
        await write(uow, options, link, FormKind.VERIFY_ORDER, Order(text=words), now=now)


async def _to_begin(database: Database, peer: Peer) -> list[UUID]:
    if peer.unit_code is None:
        return []
    async with database.read() as session:
        unit_id = (await Units(session).by_code()).get(peer.unit_code)
        if unit_id is None:
            return []
        return [row.id for row in await Journal(session).to_begin(peer.name, unit_id, limit=BATCH)]


async def _begin(
    uow: UnitOfWork, options: ExchangeOptions, peer: Peer, case_id: UUID, *, now: datetime
) -> bool:
    """Tell a peer of a case that was dispatched to its unit; False if it was told meanwhile."""
    # The case first, then its link: the order of every act.
    case = await Cases(uow.session).get(case_id, lock=True)
    if await Journal(uow.session).link_of_case(peer.name, case_id) is not None:
        return False
    link = await _new_link(uow, options, peer, case, now=now)
    registration = await _registration(uow, case)
    await write(uow, options, link, FormKind.REGISTRATION, registration, now=now)
    await write(uow, options, link, FormKind.FILING, _filing(case), now=now)
    await write(uow, options, link, FormKind.DISPATCH, _dispatch(case, now=now), now=now)
    return True


async def _new_link(
    uow: UnitOfWork, options: ExchangeOptions, peer: Peer, case: CaseRow, *, now: datetime
) -> ExchangeLinkRow:
    link = await Journal(uow.session).link(
        peer.name, f"{options.name}:{case.number}", is_ours=True, now=now
    )
    link.case_id, link.told = case.id, case.sequence
    return link


async def _tell(
    uow: UnitOfWork, options: ExchangeOptions, link: ExchangeLinkRow, *, now: datetime
) -> None:
    """Write the forms of the moves that the peer of a locked link has not been told of."""
    if link.case_id is None:
        return
    await _take_back(uow, link)
    case = await Cases(uow.session).get(link.case_id)
    peer = options.peer(link.peer)
    unit = (await Units(uow.session).by_code()).get(peer.unit_code or "")
    is_theirs = unit is not None and unit in {case.unit_id, case.district_id}
    for move in await Journal(uow.session).moves_after(case.id, link.told):
        link.told = move.sequence
        if not link.is_ours and move.trigger in _MERGED:
            _follow(link, move)
            return
        found = (
            _to_helper(peer, case, move)
            if link.is_ours
            else await _to_principal(uow, peer, link, case, move)
        )
        # What is called back is nobody's below any more.
        if found is not None and (
            not link.is_ours or is_theirs or move.trigger is CaseTrigger.HAND_UP
        ):
            await write(uow, options, link, *found, now=now)


def _follow(link: ExchangeLinkRow, move: CaseHistoryRow) -> None:
    """Let the case into which ours went answer the peer from here on (R69)."""
    link.merged_id = link.merged_id or link.case_id
    link.case_id = UUID(move.detail["into"])
    link.told = int(move.detail["into_sequence"])


async def _take_back(uow: UnitOfWork, link: ExchangeLinkRow) -> None:
    """Let the case answer that came out of the one which answered, from that move on."""
    if link.merged_id is None:
        return
    way = await way_of(uow.session, link.merged_id)
    if link.case_id in way:
        return
    move = await last_left(uow.session, way)
    link.case_id, link.told = move.case_id, move.sequence
    if link.case_id == link.merged_id:
        link.merged_id = None


def _to_helper(peer: Peer, case: CaseRow, move: CaseHistoryRow) -> tuple[FormKind, Body] | None:
    """Return what the peer that works for us has to hear of a move of our case."""
    if move.actor_name == actor_of(peer).name:
        return None  # Its own act.
    if move.trigger in _DONE | _WITHDRAWN:
        is_done = move.trigger in _DONE
        return FormKind.CLOSING, Closing(
            outcome=ClosingOutcome.CLOSED if is_done else ClosingOutcome.WITHDRAWN,
            text=_clip(move.text),
            ended_at=move.occurred_at,
        )
    if move.trigger in _ORDERS:
        body = _dispatch(case, now=move.occurred_at)
        if move.trigger is CaseTrigger.REWORK:
            order = f"返工：{move.text}" if move.text else "返工"
            body = body.model_copy(update={"order": _clip(order)})
        return FormKind.DISPATCH, body
    if move.trigger is CaseTrigger.INSPECT and peer.checks:
        order = f"{case.order_text or case.subject}；处置情况：{case.result or ''}"
        return FormKind.CHECK_ORDER, Order(text=_clip(order))
    return None


async def _to_principal(
    uow: UnitOfWork, peer: Peer, link: ExchangeLinkRow, case: CaseRow, move: CaseHistoryRow
) -> tuple[FormKind, Body] | None:
    """Return what the peer that we work for has to hear of a move of our case."""
    if move.trigger in _FOUND:
        form = (
            FormKind.CHECK_ANSWER if link.asked is FormKind.CHECK_ORDER else FormKind.VERIFY_ANSWER
        )
        link.asked = None
        files = await files_of(uow.session, case, EvidenceOrigin.INSPECTOR)
        return form, answer_of(move, files)
    if move.trigger is CaseTrigger.FILE and move.actor_name != actor_of(peer).name:
        return FormKind.FILING, _filing(case)
    outcome = _outcome(move.trigger)
    if outcome is None:
        return None
    words = move.text or case.result or "已处置"
    if outcome is FeedbackOutcome.HANDLED:
        words = case.result or words
    return FormKind.FEEDBACK, Feedback(
        outcome=outcome,
        text=_clip(words),
        reason_code=move.reason_code,
        answered_at=move.occurred_at,
        files=await files_of(uow.session, case, EvidenceOrigin.UNIT),
    )


def _outcome(trigger: CaseTrigger) -> FeedbackOutcome | None:
    if trigger in _DONE:
        return FeedbackOutcome.HANDLED
    if trigger in _GIVEN_BACK:
        return FeedbackOutcome.RETURNED
    return FeedbackOutcome.DECLINED if trigger is CaseTrigger.DECLINE else None


def answer_of(move: CaseHistoryRow, files: tuple[FileReference, ...] = ()) -> Answer:
    """Return an inspector's finding as an answer."""
    return Answer(
        passed=move.trigger is not CaseTrigger.REFUTE,
        text=_clip(move.text),
        by=move.actor_name,
        found_at=move.occurred_at,
        files=files,
    )


async def _registration(uow: UnitOfWork, case: CaseRow) -> Registration:
    return Registration(
        number=case.number,
        source=case.source.value,
        subject=_clip(case.subject),
        text=_clip(case.body),
        place=_clip(case.place) or "位置不详",
        longitude=case.longitude,
        latitude=case.latitude,
        category=category_key_of(case),
        category_name=case.category_name,
        condition=case.condition,
        registered_at=case.registered_at,
        files=await files_of(uow.session, case, EvidenceOrigin.REPORT),
    )


def _filing(case: CaseRow) -> Filing:
    assert case.filed_at is not None
    return Filing(
        category=category_key_of(case) or "",
        category_name=case.category_name,
        condition=case.condition,
        limit=case.limit_text or "",
        filed_at=case.filed_at,
    )


def _dispatch(case: CaseRow, *, now: datetime) -> Dispatch:
    """Return the order to a unit, or to a district whose clock has not begun."""
    is_down = case.state is CaseState.HANDED_DOWN
    return Dispatch(
        order=_clip(case.order_text or case.body or case.subject),
        due_at=None if is_down else case.due_at,
        dispatched_at=now if is_down else case.dispatched_at or now,
    )


def _clip(text: str) -> str:
    """Return as much of a text as a form has room for."""
    return text if len(text) <= ROOM else f"{text[: ROOM - 1]}…"
