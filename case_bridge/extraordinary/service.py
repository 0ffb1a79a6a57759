"""Use cases of extraordinary problems: mark, decide, recover, settle (R47)."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from case_bridge.cases.model import CaseHistoryRow, CaseRow
from case_bridge.cases.repository import Cases, in_district
from case_bridge.cases.states import CASE, CaseState, CaseTrigger
from case_bridge.cases.words import require_words
from case_bridge.extraordinary.model import ExtraordinaryRow
from case_bridge.extraordinary.states import STEPS, Step, StepTrigger
from case_bridge.rewards.money import Yuan
from hotline.accounts import audit
from hotline.accounts.service import User
from hotline.kernel.db import UnitOfWork
from hotline.kernel.errors import Conflict, NotFound
from hotline.kernel.ids import CaseId, UnitId, new_id


async def mark(
    uow: UnitOfWork, case_id: CaseId, *, reason: str, is_major: bool, actor: User, now: datetime
) -> UUID:
    """Say that a case is none of the usual: it is solved before anybody asks whose it is.

    Raises:
        Invalid: if it does not say why.
        Conflict: if it is marked already, or over.
    """
    reason = require_words("reason", reason)
    case = await Cases(uow.session).get(case_id, lock=True)
    if not CASE.triggers_from(case.state) or case.state is CaseState.CLOSED:
        raise Conflict("the case is over")
    if await of_case(uow.session, case_id) is not None:
        raise Conflict("the case is marked as extraordinary already")
    row = ExtraordinaryRow(
        id=new_id(),
        case_id=case_id,
        step=STEPS.initial,
        reason=reason,
        is_major=is_major,
        marked_at=now,
        marked_by=actor.display_name,
        recovered=Decimal(0),
    )
    uow.session.add(row)
    await uow.session.flush()
    await _audit(uow, row, "mark", actor, now)
    return row.id


async def decide(
    uow: UnitOfWork,
    row_id: UUID,
    *,
    responsible: str,
    grounds: str,
    actor: User,
    now: datetime,
) -> None:
    """Say who is responsible, and why; only once the problem is solved.

    Raises:
        Conflict: if it is not solved yet.
        Invalid: if it does not say who, or why.
        IllegalTransition: if it was decided before.
    """
    row = await _locked(uow, row_id)
    if row.step is Step.SOLVE:
        if not await is_solved(uow.session, row.case_id):
            raise Conflict("first the problem is solved, then it is asked whose it was")
        row.step = STEPS.next(row.step, StepTrigger.SOLVED)
    row.step = STEPS.next(row.step, StepTrigger.DECIDE)
    row.responsible = require_words("responsible", responsible)
    row.grounds = require_words("grounds", grounds)
    row.decided_at, row.decided_by = now, actor.display_name
    await _audit(uow, row, "decide", actor, now)


async def settle(
    uow: UnitOfWork, row_id: UUID, *, cost: str, payer: str, actor: User, now: datetime
) -> None:
    """Say what it cost and who pays; what was paid out of another's purse is to be recovered.

    Raises:
        IllegalTransition: if nobody is responsible yet, or the money is settled.
        Invalid: if it is no amount, or nobody pays.
    """
    row = await _locked(uow, row_id)
    # Settled before anything is recovered, the cost may still be corrected.
    STEPS.next(row.step, StepTrigger.SETTLE)
    row.cost = Yuan.parse(cost).amount
    row.payer = require_words("payer", payer)
    if row.payer == row.responsible:
        await _done(uow, row, actor, now)
        return
    await _audit(uow, row, "advance", actor, now)


async def recover(
    uow: UnitOfWork, row_id: UUID, *, amount: str, actor: User, now: datetime
) -> None:
    """Enter what was got back from whoever is responsible (追缴); all of it ends the matter.

    Raises:
        Conflict: if nothing was advanced, or it is more than is owed.
        IllegalTransition: if the step before is not taken, or everything is.
    """
    row = await _locked(uow, row_id)
    STEPS.next(row.step, StepTrigger.RECOVER)
    if row.cost is None:
        raise Conflict("enter first what it cost and who paid")
    total = row.recovered + Yuan.parse(amount).amount
    if total > row.cost:
        raise Conflict(f"only {row.cost - row.recovered} yuan are owed")
    row.recovered = total
    if total == row.cost:
        await _done(uow, row, actor, now)
        return
    await _audit(uow, row, "recover", actor, now)


async def of_case(session: AsyncSession, case_id: UUID) -> ExtraordinaryRow | None:
    """Return what is known of a case as an extraordinary problem; None if it is a usual one."""
    found: ExtraordinaryRow | None = await session.scalar(
        select(ExtraordinaryRow).where(ExtraordinaryRow.case_id == case_id)
    )
    return found


async def case_of(session: AsyncSession, row_id: UUID) -> CaseId:
    """Return the case that a problem is about.

    Raises:
        NotFound: if there is no such problem.
    """
    row = await session.get(ExtraordinaryRow, row_id)
    if row is None:
        raise NotFound("extraordinary problem", row_id)
    return CaseId(row.case_id)


async def register(
    session: AsyncSession, *, district: UnitId | None = None
) -> Sequence[tuple[ExtraordinaryRow, CaseRow, bool]]:
    """Return every problem with its case and whether it is solved, open ones first.

    With `district` those of one second-level platform alone.
    """
    found = await session.execute(
        select(ExtraordinaryRow, CaseRow)
        .join(CaseRow, CaseRow.id == ExtraordinaryRow.case_id)
        .where(*in_district(district))
        .order_by(
            (ExtraordinaryRow.step == Step.DONE),
            ExtraordinaryRow.marked_at.desc(),
            ExtraordinaryRow.case_id,
        )
        .limit(200)
    )
    rows = [(row, case) for row, case in found]
    solved = await _solved(session, [case.id for _, case in rows])
    return [(row, case, case.id in solved) for row, case in rows]


async def is_solved(session: AsyncSession, case_id: UUID) -> bool:
    """Say whether the unit has handled it, or somebody settled it on the spot."""
    return case_id in await _solved(session, [case_id])


async def _solved(session: AsyncSession, case_ids: Sequence[UUID]) -> set[UUID]:
    found = await session.scalars(
        select(CaseHistoryRow.case_id).where(
            CaseHistoryRow.case_id.in_(case_ids),
            CaseHistoryRow.trigger.in_((CaseTrigger.HANDLE, CaseTrigger.SETTLE)),
        )
    )
    return set(found)


async def _done(uow: UnitOfWork, row: ExtraordinaryRow, actor: User, now: datetime) -> None:
    row.step = STEPS.next(row.step, StepTrigger.SETTLE)
    row.settled_at, row.settled_by = now, actor.display_name
    await _audit(uow, row, "settle", actor, now)


async def _locked(uow: UnitOfWork, row_id: UUID) -> ExtraordinaryRow:
    row = await uow.session.get(ExtraordinaryRow, row_id, with_for_update=True)
    if row is None:
        raise NotFound("extraordinary problem", row_id)
    return row


async def _audit(
    uow: UnitOfWork, row: ExtraordinaryRow, act: str, actor: User, now: datetime
) -> None:
    detail = {
        "step": row.step.value,
        "responsible": row.responsible,
        "cost": str(row.cost) if row.cost is not None else None,
        "recovered": str(row.recovered),
    }
    await audit.append(
        uow,
        actor=actor.login,
        action=f"extraordinary.{act}",
        target=f"case:{row.case_id}",
        detail=detail,
        now=now,
    )
