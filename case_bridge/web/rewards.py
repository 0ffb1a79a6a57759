"""The register of rewards, and what of it everybody may read (R86)."""

from datetime import date
from typing import Any, Final
from uuid import UUID

from aiohttp import web

from case_bridge.rewards import service
from case_bridge.rewards.money import Yuan
from case_bridge.rewards.repository import RewardView
from case_bridge.rewards.rules import Rate
from case_bridge.rewards.states import RewardState, RewardTrigger
from case_bridge.web.requests import at_first_level, read_fields, see_other, show
from hotline.accounts.roles import Role
from hotline.kernel.errors import Invalid
from hotline.web.auth import current_user
from hotline.web.desk.options import DESK
from hotline.web.keys import CLOCK, DATABASE
from hotline.web.requests import path_id, wants_json
from hotline.web.routing import PUBLIC, MenuEntry, MenuGroup, Route

PROPOSERS: Final = frozenset({Role.SHIFT_LEADER, Role.SUPERVISOR})
APPROVERS: Final = frozenset({Role.LEADER})
READERS: Final = PROPOSERS | APPROVERS
HERE: Final = "/rewards"


async def get_rewards(request: web.Request) -> web.StreamResponse:
    """Show the register, the reports that earned a reward, and the rates."""
    roles = current_user(request).roles
    async with request.app[DATABASE].read() as session:
        found = await service.register(session)
        earned = await service.candidates(session)
        rates = await service.rates(session)
        totals = await service.totals(session)
    if wants_json(request):
        return web.json_response(
            {
                "rewards": [_reward_json(each) for each in found],
                "candidates": [each.case_number for each in earned],
            }
        )
    return show(
        request,
        "rewards/register.html",
        rewards=found,
        candidates=earned,
        rates=rates,
        totals=totals,
        may_propose=bool(roles & PROPOSERS),
        may_approve=bool(roles & APPROVERS),
        paid=request.query.get("paid", ""),
    )


async def post_rate(request: web.Request) -> web.StreamResponse:
    """Set what reports of a category are worth."""
    fields = await read_fields(request)
    rate = Rate(
        fields.text("category"), Yuan.parse(fields.text("amount")), _day(fields.text("valid_from"))
    )
    async with request.app[DATABASE].begin() as uow:
        await service.add_rate(uow, rate, actor=current_user(request), now=request.app[CLOCK]())
    return see_other(f"{HERE}#rates")


async def post_propose(request: web.Request) -> web.StreamResponse:
    """Propose the reward of one case."""
    fields = await read_fields(request)
    try:
        case_id = UUID(fields.text("case_id"))
    except ValueError:
        raise Invalid("case_id", "is not an id") from None
    async with request.app[DATABASE].begin() as uow:
        await service.propose(uow, case_id, actor=current_user(request), now=request.app[CLOCK]())
    return see_other(HERE)


async def post_approve(request: web.Request) -> web.StreamResponse:
    """Approve a reward."""
    return await _decide(request, RewardTrigger.APPROVE)


async def post_refuse(request: web.Request) -> web.StreamResponse:
    """Refuse a reward, with the reason."""
    return await _decide(request, RewardTrigger.REFUSE)


async def _decide(request: web.Request, trigger: RewardTrigger) -> web.StreamResponse:
    fields = await read_fields(request)
    async with request.app[DATABASE].begin() as uow:
        await service.decide(
            uow,
            path_id(request, "reward_id"),
            trigger,
            reason=fields.text("reason"),
            actor=current_user(request),
            now=request.app[CLOCK](),
        )
    return see_other(HERE)


async def post_pay(request: web.Request) -> web.StreamResponse:
    """Pay who names ticket number and query code.

    Raises:
        Invalid: if they do not fit, or no approved reward waits for them.
    """
    fields = await read_fields(request)
    async with request.app[DATABASE].begin() as uow:
        paid = await service.pay(
            uow,
            fields.text("number"),
            fields.text("code"),
            codes=request.app[DESK].query_codes,
            actor=current_user(request),
            now=request.app[CLOCK](),
        )
    if paid is None:
        # Only now: the wrong guess has been counted.
        raise Invalid("code", "does not fit the number, or no approved reward waits for them")
    return see_other(f"{HERE}?paid={paid.case_number}")


async def get_public_rewards(request: web.Request) -> web.StreamResponse:
    """Show what was paid, for which case, and never to whom."""
    async with request.app[DATABASE].read() as session:
        found = await service.register(session, [RewardState.PAID])
        totals = await service.totals(session)
    if wants_json(request):
        return web.json_response(
            {
                "rewards": [
                    {
                        "case": each.case_number,
                        "category": each.category_name,
                        "amount": str(each.amount),
                        "paid_on": each.paid_at.date().isoformat() if each.paid_at else None,
                    }
                    for each in found
                ]
            }
        )
    return show(
        request,
        "rewards/public.html",
        rewards=found,
        paid=totals.get(RewardState.PAID, (0, "0.00")),
    )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Invalid("valid_from", "is no day; write 2026-03-01") from None


def _reward_json(each: RewardView) -> dict[str, Any]:
    return {
        "reward_id": str(each.reward_id),
        "case": each.case_number,
        "ticket": each.ticket_number,
        "state": each.state.value,
        "amount": str(each.amount),
        "rate": each.rate,
        "proposed_by": each.proposed_by,
        "decided_by": each.decided_by,
        "paid_by": each.paid_by,
    }


ROUTES: Final = (
    Route("GET", HERE, at_first_level(get_rewards), READERS, "rewards"),
    Route("POST", f"{HERE}/rates", at_first_level(post_rate), APPROVERS, "rewards.rate"),
    Route("POST", f"{HERE}/propose", at_first_level(post_propose), PROPOSERS, "rewards.propose"),
    Route("POST", f"{HERE}/pay", at_first_level(post_pay), PROPOSERS, "rewards.pay"),
    Route(
        "POST",
        f"{HERE}/{{reward_id}}/approve",
        at_first_level(post_approve),
        APPROVERS,
        "rewards.approve",
    ),
    Route(
        "POST",
        f"{HERE}/{{reward_id}}/refuse",
        at_first_level(post_refuse),
        APPROVERS,
        "rewards.refuse",
    ),
    Route("GET", "/statistics/rewards", get_public_rewards, PUBLIC, "statistics.rewards"),
)
MENU: Final = (MenuEntry("举报奖励", HERE, READERS, MenuGroup.FOLLOW_UP),)
