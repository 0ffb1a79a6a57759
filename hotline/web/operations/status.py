"""系统状态: whether every part of the house lives and what waits, each figure with its rows."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from aiohttp import web
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.accounts.roles import Role
from hotline.contacts.telephony import service as telephony
from hotline.contacts.telephony.values import ProcessReport
from hotline.kernel import outbox
from hotline.kernel.errors import Invalid
from hotline.kernel.outbox import Backlog
from hotline.reports.processes.service import (
    ProcessView,
    RecordingsProof,
    last_proof,
    living,
)
from hotline.web.files import size_words
from hotline.web.keys import CLOCK, DATABASE
from hotline.web.operations.backups import BackupState, backup_state
from hotline.web.operations.options import OPERATIONS, OperationsOptions
from hotline.web.operations.words import FINDINGS, JOBS, ROLES
from hotline.web.pages import render
from hotline.web.requests import wants_json
from hotline.web.routing import MenuEntry, MenuGroup, Route

KEEPING: Final = frozenset({Role.SYSTEM_ADMIN})
WAITS_LONG: Final = timedelta(minutes=5)
"""What was due for so long is late: workers are missing, or something outside does not answer."""
LEAST_FREE: Final = 0.1
"""Of the disk with the recordings."""
PROOF_AGE: Final = timedelta(hours=48)
CHECK_SECONDS: Final = 60.0
MOST: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Everything on the page, at one moment."""

    now: datetime
    processes: Sequence[ProcessView]
    missing: Sequence[str]
    """Roles of which no process lives."""
    redis: bool
    database: str
    """Its version."""
    database_size: int
    backlog: Sequence[Backlog]
    dead: int
    voices: Sequence[ProcessReport]
    proof: RecordingsProof | None
    backups: BackupState

    def troubles(self) -> Iterator[tuple[str, str]]:
        """Yield what is wrong, in Chinese, with where to look."""
        if self.missing or any(each.is_silent for each in self.processes):
            yield "有进程未运行或无应答", "#processes"
        if not self.redis:
            yield "Redis 无应答，消息改由巡查进程补发，画面更新变慢", "#servers"
        if any(self.waits_long(each) for each in self.backlog):
            yield "有待办作业积压", "#backlog"
        if self.dead:
            yield "有未完成事项等待人工处理", "/operations/dead-letters"
        if any(not trunk.is_up for each in self.voices for trunk in each.report.trunks):
            yield "有中继中断", "#trunks"
        if any(self.is_disk_full(each) for each in self.processes):
            yield "录音磁盘空间不足", "#disks"
        if self.proof is None or self.now - self.proof.made_at > PROOF_AGE:
            yield "最近两天没有做录音完整性证明", "#proof"
        elif self.proof.findings:
            yield "有通话没有完整录音", "#proof"
        for words in self.backups.troubles():
            yield words, "#backup"

    def waits_long(self, backlog: Backlog) -> bool:
        """Say whether the oldest row of a job should have been carried out long ago."""
        return backlog.oldest_due_at is not None and (self.now - backlog.oldest_due_at > WAITS_LONG)

    def is_disk_full(self, process: ProcessView) -> bool:
        """Say whether recordings may soon find no room."""
        return process.told.disk_free < process.told.disk_total * LEAST_FREE

    def disks(self) -> list[ProcessView]:
        """Return one process of each machine: those of one see the same disk."""
        return list({each.told.host: each for each in self.processes}.values())


async def get_status(request: web.Request) -> web.Response:
    """Show how the house is; a program gets the same as JSON."""
    now = request.app[CLOCK]()
    redis = await request.app[OPERATIONS].ask_redis()
    async with request.app[DATABASE].read() as session:
        status = await _read(session, request.app[OPERATIONS], redis=redis, now=now)
    troubles = list(status.troubles())
    if wants_json(request):
        return web.json_response(_as_json(status, troubles))
    return render(
        request,
        "hotline/status.html",
        house=status,
        troubles=troubles,
        jobs=JOBS,
        roles=ROLES,
        findings=FINDINGS,
        size_words=size_words,
        seconds_since=lambda at: max(0, int((now - at).total_seconds())),
    )


async def _read(
    session: AsyncSession, options: OperationsOptions, *, redis: bool, now: datetime
) -> Status:
    processes = await living(session, now=now)
    alive = {each.told.role for each in processes if not each.is_silent}
    size = await session.execute(text("SELECT pg_database_size(current_database())"))
    return Status(
        now=now,
        processes=processes,
        missing=[role for role in options.roles if role not in alive],
        redis=redis,
        database=(await session.execute(text("SHOW server_version"))).scalar_one(),
        database_size=size.scalar_one(),
        backlog=await outbox.backlog(session, now=now),
        dead=await outbox.count_dead(session),
        voices=await telephony.reports(session),
        proof=await last_proof(session),
        backups=await backup_state(session, options, now=now),
    )


def _as_json(status: Status, troubles: list[tuple[str, str]]) -> dict[str, Any]:
    return {
        "troubles": [words for words, _ in troubles],
        "missing": list(status.missing),
        "processes": [
            {
                "role": each.told.role,
                "host": each.told.host,
                "pid": each.told.pid,
                "version": each.told.version,
                "seen_at": each.seen_at.isoformat(),
                "is_silent": each.is_silent,
                "disk_free": each.told.disk_free,
            }
            for each in status.processes
        ],
        "redis": status.redis,
        "database_size": status.database_size,
        "owed": {each.job: each.due for each in status.backlog},
        "dead_letters": status.dead,
        "unproven": len(status.proof.findings) if status.proof else None,
        "backup_made_at": _moment(status.backups.made_at),
        "backup_proven_at": _moment(status.backups.proven_at),
        "backup_problem": status.backups.problem,
    }


def _moment(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


async def get_owed(request: web.Request) -> web.Response:
    """Show the rows of one job that are owed, oldest first.

    Raises:
        Invalid: if the job or the place to go on is none.
    """
    job, after = request.query.get("job", "")[:60], request.query.get("after", "0")
    if not job or not after.isdecimal() or len(after) > len(str(2**63)) - 1:
        raise Invalid("id", "is not a number of ours")
    async with request.app[DATABASE].read() as session:
        rows = await outbox.owed(session, job, after=int(after), limit=MOST + 1)
    return render(
        request,
        "hotline/owed.html",
        job=job,
        title=JOBS.get(job, job),
        rows=rows[:MOST],
        following=rows[MOST - 1].id if len(rows) > MOST else None,
    )


async def get_configuration(request: web.Request) -> web.Response:
    """Show every problem of the configuration, found now."""
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            problems = await request.app[OPERATIONS].find_problems()
    except TimeoutError:
        problems = None
    return render(request, "hotline/configuration.html", problems=problems)


MENU: Final = MenuEntry(
    "系统状态", "/operations/status", KEEPING, MenuGroup.SYSTEM, home_of=KEEPING
)
ROUTES: Final = (
    Route("GET", "/operations/status", get_status, KEEPING, "status.house"),
    Route("GET", "/operations/owed", get_owed, KEEPING, "status.owed"),
    Route("GET", "/operations/configuration", get_configuration, KEEPING, "status.configuration"),
)
