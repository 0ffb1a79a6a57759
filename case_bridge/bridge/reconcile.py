"""Find what is stuck between tickets and cases, repair it, and say what was found and why."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from case_bridge.bridge.differences import note_differences
from case_bridge.bridge.model import ProgressFate
from case_bridge.bridge.repository import Links, Messages
from case_bridge.bridge.service import catch_up, finish_ticket, record_progress, submit_case
from case_bridge.bridge.trouble import COMPARED, Finding, Trouble
from case_bridge.bridge.words import FATES, MESSAGES, SILENT
from case_bridge.platform import CasePlatform, CaseProgress
from hotline.kernel.db import Database
from hotline.kernel.errors import Unavailable
from hotline.kernel.ids import TicketId

log = structlog.get_logger()

BATCH = 200
"""Repairs of one kind in one run; the next run goes on."""

OVERLAP = timedelta(hours=1)
"""A message that was committed late carries an earlier time; no transaction lasts an hour."""

FIRST_LOOK_BACK = timedelta(days=90)
"""How far the first comparison with a platform goes back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconcileOptions:
    """When something counts as stuck."""

    patience: timedelta = timedelta(minutes=5)
    """What the outbox may need on its own."""


async def reconcile(
    database: Database,
    platform: CasePlatform,
    *,
    now: datetime,
    options: ReconcileOptions | None = None,
) -> tuple[Finding, ...]:
    """Repair whatever is stuck; return every finding. A second run finds nothing new.

    A platform that does not answer is a finding, not an error: what needs no platform is
    repaired all the same.
    """
    patience = (options or ReconcileOptions()).patience
    findings = [
        *await _send_again(database, platform, now - patience, now=now),
        *await _hear_again(database, platform, now=now),
        *await _match_again(database, now=now),
        *await _tell_again(database, now=now),
    ]
    looked_for = frozenset(Trouble) - COMPARED
    await note_differences(database, platform.name, findings, looked_for=looked_for, now=now)
    for finding in findings:
        log.warning(
            "reconciled", trouble=finding.trouble, what=finding.what, repaired=finding.repaired
        )
    return tuple(findings)


async def _send_again(
    database: Database, platform: CasePlatform, before: datetime, *, now: datetime
) -> list[Finding]:
    async with database.read() as session:
        links = Links(session)
        unsent = await links.transferred_without_link(before, limit=BATCH)
        pending = await links.pending_since(before, limit=BATCH)
    stuck = [(Trouble.NOT_SENT, ticket_id, round_) for ticket_id, round_ in unsent]
    stuck += [(Trouble.NOT_ANSWERED, TicketId(row.ticket_id), row.round) for row in pending]
    findings = []
    silent = ""
    for trouble, ticket_id, round_ in stuck:
        repaired, reason = not silent, silent or "已重新送出"
        try:
            # Who did not answer once is not kept waiting for by each of hundreds.
            if not silent:
                await submit_case(database, platform, ticket_id, round_, now=now)
        except Unavailable:
            repaired, reason = False, SILENT
            silent = reason
        findings.append(Finding(trouble, f"{ticket_id}/{round_}", repaired, reason))
    return findings


async def _hear_again(
    database: Database, platform: CasePlatform, *, now: datetime
) -> list[Finding]:
    async with database.read() as session:
        until = await Messages(session).compared_until(platform.name)
    since = until - OVERLAP if until else now - FIRST_LOOK_BACK
    findings = []
    try:
        async for progress in platform.progress_since(since):
            finding = await _hear(database, platform.name, progress, now=now)
            if finding is not None:
                findings.append(finding)
    except Unavailable:
        findings.append(Finding(Trouble.NOT_REACHABLE, platform.name, False, SILENT))
        return findings
    async with database.begin() as uow:
        await Messages(uow.session).set_compared_until(platform.name, now)
    return findings


async def _hear(
    database: Database, platform: str, progress: CaseProgress, *, now: datetime
) -> Finding | None:
    async with database.read() as session:
        if await Messages(session).knows(progress.message_id):
            return None
    async with database.begin() as uow:
        fate = await record_progress(uow, platform, progress, now=now)
    is_good = fate in {ProgressFate.APPLIED, ProgressFate.LATE}
    reason = f"补收“{MESSAGES[progress.kind]}”：{FATES[fate]}"
    return Finding(Trouble.NOT_HEARD, progress.message_id, is_good, reason)


async def _match_again(database: Database, *, now: datetime) -> list[Finding]:
    async with database.read() as session:
        waiting = await Messages(session).waiting_with_link(limit=BATCH)
    findings = []
    for ticket_id, round_ in waiting:
        async with database.begin() as uow:
            await catch_up(uow, ticket_id, round_, now=now)
        what = f"{ticket_id}/{round_}"
        findings.append(Finding(Trouble.NOT_MATCHED, what, True, "已补应用等待中的消息"))
    return findings


async def _tell_again(database: Database, *, now: datetime) -> list[Finding]:
    findings: list[Finding] = []
    after: UUID | None = None
    while True:
        async with database.read() as session:
            ended = await Links(session).ended_with_ticket_waiting(after=after, limit=BATCH)
        for row in ended:
            async with database.begin() as uow:
                link = await Links(uow.session).get(TicketId(row.ticket_id), row.round, lock=True)
                repaired = await finish_ticket(uow, link, now=now)
            reason = "已按案卷结果办结工单" if repaired else "案卷已结束，但没有可用的结果"
            what = f"{row.ticket_id}/{row.round}"
            findings.append(Finding(Trouble.NOT_TOLD, what, repaired, reason))
        if len(ended) < BATCH:
            return findings
        after = ended[-1].ticket_id
