"""Deadlines computed again once the holidays of a year are published (R42, O15)."""

from datetime import datetime
from typing import Final

import structlog

from case_bridge.cases.case import HOUSE
from case_bridge.cases.clock import reckon_clock, reckon_stage
from case_bridge.cases.model import CaseRow
from case_bridge.cases.record import move_case
from case_bridge.cases.repository import Cases
from case_bridge.cases.states import CaseTrigger
from case_bridge.later.repository import Requests
from hotline.accounts import audit
from hotline.kernel.db import Database, UnitOfWork
from hotline.tickets.calendars import calendar_in_force

log = structlog.get_logger()

BATCH: Final = 100
"""Cases of one round; the next round takes the rest."""


async def reckon_provisional(database: Database, *, now: datetime) -> int:
    """Compute again, with audit, what was computed before a calendar was published.

    The deadline of the unit and that of the stage that runs; what was handled or closed meanwhile
    too, for it is judged by them. Returns how many deadlines moved. A round of the schedule:
    nothing happens until another version of the calendar is in force.
    """
    async with database.read() as session:
        version = (await calendar_in_force(session)).version
        clocks = await Requests(session).provisional(version, limit=BATCH)
        stages = await Requests(session).provisional_stages(version, limit=BATCH)
    moved = 0
    for case_id in clocks:
        async with database.begin() as uow:
            case = await Cases(uow.session).get(case_id, lock=True)
            moved += await _reckon_clock(uow, case, now=now)
    for case_id in stages:
        async with database.begin() as uow:
            case = await Cases(uow.session).get(case_id, lock=True)
            moved += await _reckon_stage(uow, case, version, now=now)
    return moved


async def _reckon_clock(uow: UnitOfWork, case: CaseRow, *, now: datetime) -> bool:
    before = case.due_at
    detail = await reckon_clock(uow, case)
    if case.due_at == before:
        return False
    await move_case(
        uow,
        case,
        CaseTrigger.RECKON,
        actor=HOUSE,
        text="放假通知公布后重算处置截止时间",
        detail=detail,
        now=now,
    )
    await _note(uow, case, "handle", before, case.due_at, now=now)
    return True


async def _reckon_stage(uow: UnitOfWork, case: CaseRow, version: str, *, now: datetime) -> bool:
    stage = await Cases(uow.session).open_stage(case.id)
    if stage is None or stage.receipt["calendar"]["version"] == version:
        return False
    before = stage.due_at
    await reckon_stage(uow, stage)
    if stage.due_at == before:
        return False
    await _note(uow, case, stage.stage.value, before, stage.due_at, now=now)
    return True


async def _note(
    uow: UnitOfWork,
    case: CaseRow,
    clock: str,
    before: datetime | None,
    after: datetime | None,
    *,
    now: datetime,
) -> None:
    await audit.append(
        uow,
        actor=HOUSE.name,
        action="case.reckon",
        target=f"case:{case.number}",
        detail={
            "clock": clock,
            "from": before.isoformat() if before else None,
            "to": after.isoformat() if after else None,
        },
        now=now,
    )
    log.info("deadline_reckoned_again", case=case.number, clock=clock)
