"""Use cases of rewards: rates, proposal, approval by somebody else, payment by code (R86)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from case_bridge.cases.model import CaseRow, ReportRow
from case_bridge.rewards.model import RewardRow
from case_bridge.rewards.repository import Rewards, RewardView
from case_bridge.rewards.rules import EVERYTHING, Rate, is_earned, rate_of
from case_bridge.rewards.states import REWARD, RewardState, RewardTrigger
from hotline.accounts import audit
from hotline.accounts.service import User
from hotline.kernel.clock import SHANGHAI
from hotline.kernel.db import UnitOfWork
from hotline.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from hotline.kernel.ids import new_id
from hotline.tickets.category import CategoryKind
from hotline.tickets.query_code import QueryCodeOptions
from hotline.tickets.reading import public_ticket

PAGE_SIZE: Final = 100


@dataclass(frozen=True, slots=True)
class Candidate:
    """A report that earned a reward which nobody has proposed yet."""

    case_id: UUID
    case_number: str
    category_name: str
    filed_at: datetime | None
    rate: Rate | None
    """None while no rate covers the category."""


async def add_rate(uow: UnitOfWork, rate: Rate, *, actor: User, now: datetime) -> None:
    """Set what reports of a category are worth, from a day on.

    Raises:
        Invalid: if the category names no kind.
        Conflict: if there is a rate of that category and day.
    """
    kind = rate.category.partition(":")[0]
    if rate.category != EVERYTHING and kind not in set(CategoryKind):
        raise Invalid("category", "is no category; write facility:01, incident or *")
    if not await Rewards(uow.session).put_rate(rate, by=actor.display_name, now=now):
        raise Conflict("there is a rate of this category and day; set one from another day on")
    detail = {"amount": str(rate.amount), "valid_from": rate.valid_from.isoformat()}
    await audit.append(
        uow,
        actor=actor.login,
        action="reward.rate",
        target=f"reward_rate:{rate.category}",
        detail=detail,
        now=now,
    )


async def rates(session: AsyncSession) -> list[Rate]:
    """Return every rate."""
    return await Rewards(session).rates()


async def candidates(session: AsyncSession) -> tuple[Candidate, ...]:
    """Return the newest reports that earned a reward and have none."""
    rewards = Rewards(session)
    known = await rewards.rates()
    found = await rewards.first_reports(limit=PAGE_SIZE)
    return tuple(
        Candidate(
            case_id=case.id,
            case_number=case.number,
            category_name=case.category_name or "",
            filed_at=case.filed_at,
            rate=rate_of(known, _category(case), _day(report)),
        )
        for case, report in found
    )


async def propose(uow: UnitOfWork, case_id: UUID, *, actor: User, now: datetime) -> UUID:
    """Enter a reward for the first report of a case; the rate of that day sets the amount.

    Raises:
        NotFound: if there is no such case with a ticket's report.
        Conflict: if the report earned none, has one already, or no rate covers it.
    """
    rewards = Rewards(uow.session)
    found = await rewards.first_reports(case_id=case_id, lock=True)
    if not found:
        raise NotFound("case with a citizen's report", case_id)
    case, report = found[0]
    if not is_earned(report.source, case.state, case.filed_at, is_first=True):
        raise Conflict("only a citizen's report that was filed earns a reward")
    if await rewards.of_case(case_id) is not None:
        raise Conflict("the report has its reward in the register already")
    rate = rate_of(await rewards.rates(), _category(case), _day(report))
    if rate is None:
        raise Conflict("no rate covers this category; set one first")
    assert report.ticket_id is not None
    row = RewardRow(
        id=new_id(),
        case_id=case_id,
        ticket_id=report.ticket_id,
        state=REWARD.initial,
        amount=rate.amount.amount,
        rate=f"{rate.category} {rate.valid_from}",
        proposed_at=now,
        proposed_by=actor.display_name,
        proposed_by_id=actor.id,
    )
    uow.session.add(row)
    await uow.session.flush()
    await _audit(uow, row, "reward.propose", actor, now)
    return row.id


async def decide(
    uow: UnitOfWork,
    reward_id: UUID,
    trigger: RewardTrigger,
    *,
    reason: str = "",
    actor: User,
    now: datetime,
) -> None:
    """Approve or refuse a reward that somebody else proposed.

    Raises:
        NotFound: if there is no such reward.
        Forbidden: if the person proposed it.
        Invalid: if a refusal has no reason.
        IllegalTransition: if it is decided already.
    """
    row = await Rewards(uow.session).locked(reward_id)
    state = REWARD.next(row.state, trigger)
    if row.proposed_by_id == actor.id:
        raise Forbidden("nobody approves what they proposed; ask another leader")
    if state is RewardState.REFUSED and not reason.strip():
        raise Invalid("reason", "say why the reward is refused")
    row.state, row.reason = state, reason.strip()
    row.decided_at, row.decided_by, row.decided_by_id = now, actor.display_name, actor.id
    await _audit(uow, row, f"reward.{trigger.value}", actor, now)


async def pay(
    uow: UnitOfWork,
    number: str,
    code: str,
    *,
    codes: QueryCodeOptions,
    actor: User,
    now: datetime,
) -> RewardView | None:
    """Pay who knows ticket number and query code; None if they do not fit, or nothing is due.

    The reporter needs no name: whoever holds the code made the report. A wrong code is counted in
    the same transaction, so commit it.

    Raises:
        Unavailable: while the ticket's code is locked after wrong ones.
        Forbidden: if the person approved it.
    """
    if await public_ticket(uow, number=number, code=code, options=codes, now=now) is None:
        return None
    row = await Rewards(uow.session).of_ticket(number.strip())
    if row is None:
        return None
    if row.decided_by_id == actor.id:
        raise Forbidden("nobody pays what they approved; ask a colleague")
    row.state = REWARD.next(row.state, RewardTrigger.PAY)
    row.paid_at, row.paid_by, row.paid_by_id = now, actor.display_name, actor.id
    await _audit(uow, row, "reward.pay", actor, now)
    await uow.session.flush()
    return await Rewards(uow.session).view(row.id)


async def register(
    session: AsyncSession, states: Collection[RewardState] = tuple(RewardState)
) -> tuple[RewardView, ...]:
    """Return the newest rewards in these states."""
    return await Rewards(session).register(states, limit=PAGE_SIZE)


async def totals(session: AsyncSession) -> dict[RewardState, tuple[int, str]]:
    """Return how many rewards are in each state, and how much they come to, in yuan."""
    found = await session.execute(
        select(RewardRow.state, func.count(), func.sum(RewardRow.amount)).group_by(RewardRow.state)
    )
    return {state: (number, f"{amount:.2f}") for state, number, amount in found}


def _category(case: CaseRow) -> str:
    return f"{case.kind.value if case.kind else ''}:{case.category_code or ''}"


def _day(report: ReportRow) -> date:
    day: date = report.reported_at.astimezone(SHANGHAI).date()
    return day


async def _audit(uow: UnitOfWork, row: RewardRow, action: str, actor: User, now: datetime) -> None:
    detail = {
        "amount": f"{row.amount:.2f}",
        "case_id": str(row.case_id),
        "reason": row.reason or "",
    }
    await audit.append(
        uow, actor=actor.login, action=action, target=f"reward:{row.id}", detail=detail, now=now
    )
