"""Use cases of merging: find, put together, take apart; carry a "not solved" to all."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from case_bridge.bridge.repository import Links
from case_bridge.bridge.service import relink
from case_bridge.cases.case import HOUSE, Actor, EvidenceOrigin
from case_bridge.cases.clock import pause_clock, resume_clock
from case_bridge.cases.events import CaseMatterChanged
from case_bridge.cases.model import CaseRow, ReportRow
from case_bridge.cases.notice import NoticeKind, PauseKind
from case_bridge.cases.notice_sql import Notices
from case_bridge.cases.reading import OPEN_STATES
from case_bridge.cases.record import NOTE_TYPE, copy_evidence, keep_evidence, move_case
from case_bridge.cases.repository import Cases
from case_bridge.cases.states import CaseTrigger
from case_bridge.merging.likeness import Likeness, compare
from case_bridge.merging.model import CaseMergeRow
from case_bridge.merging.reading import matter_of, merge_trigger, wins_time
from case_bridge.merging.repository import Merges
from case_bridge.platform import CaseReference
from hotline.callbacks.service import cancel_callback
from hotline.kernel.db import UnitOfWork
from hotline.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from hotline.kernel.ids import CaseId, TicketId, UnitId, new_id
from hotline.tickets import reading as tickets
from hotline.tickets.service import reopen_ticket
from hotline.tickets.states import TicketState
from hotline.tickets.ticket import CloseReason

COMPANIONS_JOB: Final = "reopen_companions"
"""The name of the job that calls `reopen_companions`, in config/jobs.py."""
PROPOSE_JOB: Final = "propose_merges"
"""The name of the job that calls `propose_merges`."""
SHOWN: Final = 5
"""Proposals for one case, the likeliest."""
NOT_SOLVED: Final = "同一案卷的其他诉求人反映问题未解决，案卷已重新办理"


@dataclass(frozen=True, slots=True)
class _Moved:
    """What goes from one case to another."""

    reports: tuple[ReportRow, ...]
    tickets: frozenset[TicketId]


async def merge_cases(
    uow: UnitOfWork,
    merged_id: CaseId,
    kept_id: CaseId,
    *,
    reason: str = "",
    actor: Actor,
    now: datetime,
) -> None:
    """Let a case go into another one of the same matter (并案, R69).

    Its reports and crossings go along: each complainant keeps the own ticket, hears what the kept
    case came to, and is asked alone. Of a filed case, found late, the clock stands still from
    here on and its unit is told; the kept one's runs as it did, and must not be due later.

    Raises:
        NotFound: if there is no such case.
        Invalid: if it is one case.
        Forbidden: if merging is not among the actor's duties.
        Forbidden: if the other case is another district's.
        Conflict: if somebody has the case in hand or handled it, it would win time, or the other
            one has ended.
    """
    if merged_id == kept_id:
        raise Invalid("into", "name another case")
    merged, kept = await _locked(uow, merged_id, kept_id)
    if kept.state not in OPEN_STATES:
        raise Conflict(f"case {kept.number} has ended; what is reported since is another matter")
    _check_district(actor, kept)
    if wins_time(merged, kept):
        raise Conflict(f"case {merged.number} is due sooner; let {kept.number} go into it")
    merges = Merges(uow.session)
    moved = _whole(await merges.reports(merged.id, merged.round))
    likeness = compare(matter_of(merged), matter_of(kept))
    words = f"并入案卷 {kept.number}" + (f"：{reason.strip()}" if reason.strip() else "")
    detail = {
        "into": str(kept.id),
        "into_sequence": kept.sequence,
        "points": likeness.points,
    }
    trigger = merge_trigger(merged.state) or CaseTrigger.MERGE
    await move_case(uow, merged, trigger, actor=actor, text=words, detail=detail, now=now)
    if trigger is CaseTrigger.MERGE_FILED:
        await _stop_work(uow, merged, words, actor=actor, now=now)
    uow.session.add(
        CaseMergeRow(
            id=new_id(),
            merged_id=merged.id,
            kept_id=kept.id,
            points=likeness.points,
            reasons={"reasons": [each.text for each in likeness.reasons]},
            moved={
                "reports": [str(report.id) for report in moved.reports],
                "tickets": [str(ticket_id) for ticket_id in sorted(moved.tickets)],
                "was_filed": trigger is CaseTrigger.MERGE_FILED,
            },
            reason=reason.strip(),
            merged_by=actor.name,
            merged_at=now,
        )
    )
    await _move(uow, moved, merged, kept, now=now)
    await _copy_files(uow, merged, kept)


async def unmerge_case(
    uow: UnitOfWork, merged_id: CaseId, *, reason: str, actor: Actor, now: datetime
) -> None:
    """Take a case out of the one it went into (拆案), with all its reports.

    It is decided anew; one that was filed keeps category and limit, is dispatched anew, and its
    clock runs on where it stood.

    Raises:
        NotFound: if the case is in no other one.
        Invalid: if there is no reason.
        Forbidden: if it is not among the actor's duties.
        Conflict: if the other case has ended: its complainants were answered.
    """
    if not reason.strip():
        raise Invalid("reason", "say why they are two matters")
    merges = Merges(uow.session)
    row = await merges.open_of(merged_id)
    if row is None:
        raise NotFound("merge", merged_id)
    holder_id = await _holder(merges, row)
    merged, holder = await _locked(uow, merged_id, holder_id)
    if await merges.open_of(merged_id) is None or await _holder(merges, row) != holder.id:
        raise Conflict("somebody else moved the case meanwhile; look again")
    if holder.state not in OPEN_STATES:
        raise Conflict(f"case {holder.number} has ended and its complainants were answered")
    moved = await _to_take_back(merges, row, holder)
    _check_district(actor, holder)
    words = f"从案卷 {holder.number} 拆出：{reason.strip()}"
    await _take_up(uow, merged, words, was_filed=row.moved["was_filed"], actor=actor, now=now)
    row.undone_reason, row.undone_by, row.undone_at = reason.strip(), actor.name, now
    await _move(uow, moved, holder, merged, now=now)
    await merges.keep_apart(merged.id, holder.id, by=actor.name, now=now)
    uow.record(CaseMatterChanged(case_id=merged_id, occurred_at=now))


async def propose_merges(uow: UnitOfWork, case_id: CaseId, *, now: datetime) -> int:
    """Compare a case that came or changed with those around it; keep the likeliest pairs.

    Returns how many; idempotent.

    Raises:
        NotFound: if there is no such case.
    """
    merges = Merges(uow.session)
    case = await Cases(uow.session).get(case_id)
    likely: list[tuple[UUID, Likeness]] = []
    if case.state in OPEN_STATES:
        matter = matter_of(case)
        compared = [
            (other.id, compare(matter, matter_of(other))) for other in await merges.neighbours(case)
        ]
        likely = [pair for pair in compared if pair[1].is_proposed]
        likely = sorted(likely, key=lambda pair: -pair[1].points)[:SHOWN]
    await merges.propose(case_id, likely, now=now)
    return len(likely)


async def keep_apart(
    uow: UnitOfWork, case_id: CaseId, other_id: CaseId, *, actor: Actor, now: datetime
) -> None:
    """Note that two cases are two matters, so that nobody is asked again.

    Raises:
        NotFound: if there is no such case.
        Invalid: if it is one case.
        Forbidden: if one of them is another district's.
    """
    if case_id == other_id:
        raise Invalid("other", "name another case")
    cases = Cases(uow.session)
    for each in (case_id, other_id):
        _check_district(actor, await cases.get(each))
    await Merges(uow.session).keep_apart(case_id, other_id, by=actor.name, now=now)


async def reopen_companions(
    uow: UnitOfWork, ticket_id: TicketId, round_: int, *, now: datetime
) -> int:
    """Send back to work what another complainant of the same case says is not done.

    Those who were not yet told the outcome are not told that it is solved: their tickets join the
    next round, and their callbacks end; so do tickets archived because nobody was reached.
    Whoever answered already keeps the answer. Idempotent.
    """
    link = await Links(uow.session).before(ticket_id, round_)
    if link is None or link.round != round_ - 1:
        return 0
    reopened = 0
    for other in await Merges(uow.session).companions(link):
        other_id = TicketId(other.ticket_id)
        ticket = await tickets.ticket_view(uow.session, other_id)
        is_unheard = ticket.close_reason is CloseReason.NOT_REACHED
        if ticket.round != other.round or not (ticket.state is TicketState.RESOLVED or is_unheard):
            continue
        await reopen_ticket(uow, other_id, reason=NOT_SOLVED, now=now)
        await cancel_callback(uow, other_id, in_round=other.round, now=now)
        reopened += 1
    return reopened


def _check_district(actor: Actor, case: CaseRow) -> None:
    if actor.district_id is not None and actor.district_id != case.district_id:
        raise Forbidden(f"case {case.number} is another district's")


async def _stop_work(
    uow: UnitOfWork, case: CaseRow, words: str, *, actor: Actor, now: datetime
) -> None:
    """Let the clock of a merged case stand still, and tell the unit that had it."""
    notices = Notices(uow.session)
    await notices.end_calls(case.id, by=actor.name, words=words, now=now)
    if case.clock_started_at is not None and case.clock_stopped_at is None:
        await pause_clock(uow, case, PauseKind.MERGING, reason=words, until=None, now=now)
    if case.unit_id is not None:
        await notices.put(
            case,
            NoticeKind.MERGED,
            key=f"merged:{case.id}:{case.sequence}",
            unit_id=UnitId(case.unit_id),
            text=f"案卷 {case.number} {words}，请停止处置本案卷。",
            issued_by=actor.name,
            reply_by=None,
            now=now,
        )


async def _take_up(
    uow: UnitOfWork,
    case: CaseRow,
    words: str,
    *,
    was_filed: bool,
    actor: Actor,
    now: datetime,
) -> None:
    """Take up a case where it was merged: undecided, or filed with its clock."""
    if not was_filed:
        await move_case(uow, case, CaseTrigger.UNMERGE, actor=actor, text=words, now=now)
        return
    pause = await Cases(uow.session).open_pause(case.id)
    detail = await resume_clock(uow, case, now=now) if pause is not None else {}
    await move_case(
        uow, case, CaseTrigger.UNMERGE_FILED, actor=actor, text=words, detail=detail, now=now
    )
    # Only now: whether the act was this level's hung on where the case was.
    case.district_id = None


async def _locked(uow: UnitOfWork, one: UUID, other: UUID) -> tuple[CaseRow, CaseRow]:
    cases = Cases(uow.session)
    # In one order, so that two desks that merge crosswise wait for each other instead of locking.
    rows = {case_id: await cases.get(case_id, lock=True) for case_id in sorted((one, other))}
    return rows[one], rows[other]


async def _holder(merges: Merges, row: CaseMergeRow) -> UUID:
    """Return the case where the reports wait now: the kept one may have gone into another."""
    holder_id = row.kept_id
    while (onward := await merges.open_of(holder_id)) is not None:
        holder_id = onward.kept_id
    return holder_id


async def _to_take_back(merges: Merges, row: CaseMergeRow, holder: CaseRow) -> _Moved:
    """Return what came with the merge and still waits at the holder, later rounds included."""
    ids, tickets_ = set(row.moved["reports"]), set(row.moved["tickets"])
    waiting = _whole(
        report
        for report in await merges.reports(holder.id, holder.round)
        if str(report.id) in ids or str(report.ticket_id) in tickets_
    )
    if not waiting.reports:
        raise Conflict(f"the reports were answered in an earlier round of case {holder.number}")
    return waiting


def _whole(reports: Iterable[ReportRow]) -> _Moved:
    found = tuple(reports)
    return _Moved(found, frozenset(TicketId(each.ticket_id) for each in found if each.ticket_id))


async def _copy_files(uow: UnitOfWork, source: CaseRow, target: CaseRow) -> None:
    """Let the unit of the kept case see what the complainants of the other one sent, once."""
    cases = Cases(uow.session)
    there = await cases.reported_hashes(target.id)
    for piece in await cases.evidence(source.id):
        is_file = piece.origin is EvidenceOrigin.REPORT and piece.media_type != NOTE_TYPE
        if is_file and piece.sha256 not in there:
            row = await cases.evidence_content(source.id, piece.id)
            copy_evidence(uow, row, target)


async def _move(
    uow: UnitOfWork, moved: _Moved, source: CaseRow, target: CaseRow, *, now: datetime
) -> None:
    for report in moved.reports:
        report.case_id, report.case_round = target.id, target.round
        # The unit of the kept case reads every complainant's words, as evidence of the report.
        keep_evidence(uow, target, EvidenceOrigin.REPORT, actor=HOUSE, text=report.text, now=now)
    await uow.session.flush()
    reference = CaseReference(str(target.id), target.number, target.round)
    for link in await Merges(uow.session).live_links(source.id, moved.tickets):
        await relink(uow, link, reference, now=now)
    uow.signal("case", case_id=target.id, state=target.state.value)
