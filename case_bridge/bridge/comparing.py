"""Once a day both sides are laid beside each other: every case, every crossing, both ways."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from case_bridge.bridge.differences import note_differences, was_explained
from case_bridge.bridge.mapping import TRIGGERS
from case_bridge.bridge.model import CaseLinkRow, ComparisonRow, ProgressRow
from case_bridge.bridge.repository import Links
from case_bridge.bridge.service import catch_up
from case_bridge.bridge.states import CROSSING, CrossingState
from case_bridge.bridge.trouble import COMPARED, Finding, Trouble
from case_bridge.bridge.words import MESSAGES, STATES
from case_bridge.platform import CasePlatform, CaseProgress
from hotline.kernel.db import Database
from hotline.kernel.errors import Unavailable
from hotline.kernel.ids import TicketId

EVERY: Final = timedelta(hours=24)
LOOK_BACK: Final = timedelta(days=90)
PATIENCE: Final = timedelta(minutes=10)
"""What happened so lately may still be on its way."""

BATCH: Final = 500

_STATES: Final[Mapping[object, CrossingState]] = MappingProxyType(
    {kind: CROSSING.next(CrossingState.SUBMITTED, TRIGGERS[kind]) for kind in TRIGGERS}
)
"""Where a crossing stands once a message was applied: the same from every earlier state."""


async def compare_sides(
    database: Database, platform: CasePlatform, *, now: datetime, forced: bool = False
) -> int:
    """Compare if a day has passed; return how many differences there are.

    A platform that does not answer is compared at the next round.
    """
    if not forced and not await _is_due(database, platform.name, now=now):
        return 0
    newest: dict[tuple[str, int], CaseProgress] = {}
    try:
        async for message in platform.progress_since(now - LOOK_BACK):
            key = (message.case_key, message.round)
            if key not in newest or newest[key].sequence < message.sequence:
                newest[key] = message
    except Unavailable:
        return 0
    findings, links = await _differences(database, platform.name, newest, now=now)
    await note_differences(database, platform.name, findings, looked_for=COMPARED, now=now)
    async with database.begin() as uow:
        uow.session.add(
            ComparisonRow(
                platform=platform.name,
                compared_at=now,
                cases=len(newest),
                links=links,
                found=len(findings),
                is_complete=True,
            )
        )
    return len(findings)


async def _is_due(database: Database, platform: str, *, now: datetime) -> bool:
    async with database.read() as session:
        last = await session.scalar(
            select(func.max(ComparisonRow.compared_at)).where(ComparisonRow.platform == platform)
        )
    return last is None or last <= now - EVERY


async def _differences(
    database: Database,
    platform: str,
    newest: Mapping[tuple[str, int], CaseProgress],
    *,
    now: datetime,
) -> tuple[list[Finding], int]:
    settled = {k: m for k, m in newest.items() if m.occurred_at <= now - PATIENCE}
    async with database.read() as session:
        links = await _links(session, platform, {case_key for case_key, _ in settled})
    known = {link.case_key for link in links}
    findings = [_unknown(platform, m) for m in settled.values() if m.case_key not in known]
    compared = 0
    for link in links:
        message = settled.get((link.case_key or "", link.case_round or 0))
        if message is not None:
            compared += 1
            found = await _mend(database, link, message, now=now)
            findings += [found] if found else []
    async with database.read() as session:
        lost = await _lost(session, platform, newest, now=now)
    findings += lost
    compared += len(lost)
    async with database.read() as session:
        explained = [each for each in findings if await was_explained(session, platform, each)]
    return [each for each in findings if each not in explained], compared


async def _mend(
    database: Database, link: CaseLinkRow, message: CaseProgress, *, now: datetime
) -> Finding | None:
    """Apply again what was heard, if the states differ; return what still differs after it."""
    theirs = _STATES[message.kind]
    if link.state is theirs:
        return None
    ticket_id = TicketId(link.ticket_id)
    async with database.begin() as uow:
        await catch_up(uow, ticket_id, link.round, now=now)
        ours = (await Links(uow.session).get(ticket_id, link.round)).state
    heard = f"“{MESSAGES[message.kind]}”，第{message.sequence}号"
    reason = f"案卷系统：{STATES[theirs]}（{heard}）；本系统：{STATES[link.state]}"
    what = f"{link.ticket_id}/{link.round}"
    return Finding(Trouble.STATE_DIFFERS, what, ours is theirs, reason)


def _unknown(platform: str, message: CaseProgress) -> Finding:
    reason = f"{platform} 的案卷 {message.case_key} 最近进展“{MESSAGES[message.kind]}”，无对应工单"
    return Finding(Trouble.NOT_OURS, f"{message.case_key}/{message.round}", False, reason)


async def _lost(
    session: AsyncSession,
    platform: str,
    newest: Mapping[tuple[str, int], CaseProgress],
    *,
    now: datetime,
) -> list[Finding]:
    """Return the crossings of which the platform told us, and whose case it no longer knows.

    It was restored from a backup that is older than the case: nobody there works on it.
    """
    found = await session.execute(
        select(CaseLinkRow, ProgressRow.kind)
        .join(
            ProgressRow,
            (ProgressRow.case_key == CaseLinkRow.case_key)
            & (ProgressRow.round == CaseLinkRow.case_round)
            & (ProgressRow.sequence == CaseLinkRow.sequence),
        )
        .where(
            CaseLinkRow.platform == platform,
            ProgressRow.platform == platform,
            # What is at the very edge of what the platform was asked for is not laid beside it.
            ProgressRow.occurred_at.between(now - LOOK_BACK + EVERY, now - PATIENCE),
        )
        .order_by(CaseLinkRow.ticket_id, CaseLinkRow.round)
    )
    return [
        Finding(
            Trouble.NOT_THERE,
            f"{link.ticket_id}/{link.round}",
            False,
            f"{platform} 曾告知案卷 {link.case_number} “{MESSAGES[kind]}”，现已查无此案卷；"
            f"本系统：{STATES[link.state]}",
        )
        for link, kind in found
        if (link.case_key, link.case_round) not in newest
    ]


async def _links(
    session: AsyncSession, platform: str, case_keys: Collection[str]
) -> Sequence[CaseLinkRow]:
    keys, found = sorted(case_keys), list[CaseLinkRow]()
    for begin in range(0, len(keys), BATCH):
        found += await session.scalars(
            select(CaseLinkRow).where(
                CaseLinkRow.platform == platform,
                CaseLinkRow.case_key.in_(keys[begin : begin + BATCH]),
            )
        )
    return found
