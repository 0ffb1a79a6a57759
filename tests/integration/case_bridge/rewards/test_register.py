"""The register of rewards, from the rate to the payment, through its pages."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from sqlalchemy import func, select

from case_bridge.rewards import service
from case_bridge.rewards.model import RewardRow
from case_bridge.rewards.money import Yuan
from case_bridge.rewards.rules import Rate
from case_bridge.rewards.states import RewardState, RewardTrigger
from case_bridge.web.routes import PART
from hotline.accounts import audit
from hotline.accounts import service as accounts
from hotline.accounts.model import AuditRow
from hotline.accounts.roles import Role
from hotline.accounts.service import User
from hotline.kernel.errors import Conflict, Forbidden, IllegalTransition, Invalid, NotFound
from hotline.kernel.ids import CaseId, TicketId
from hotline.people.citizen import PeopleOptions
from hotline.tickets.query_code import QueryCodeOptions
from hotline.tickets.reading import query_code_of
from hotline.web.app import make_app
from hotline.web.desk.options import DESK, DeskOptions
from hotline.web.keys import WebOptions
from hotline.web.routing import WebPart
from tests.fakes.memory_signals import MemorySignals
from tests.fakes.people import user
from tests.integration.case_bridge.city import City
from tests.integration.case_bridge.evaluation.test_pages import PASSWORD, asked, page, token

Client = TestClient[web.Request, web.Application]
CODES = QueryCodeOptions(b"a secret of the query codes")
DESK_PART = WebPart(
    "desk_options",
    (),
    provides={DESK: DeskOptions(query_codes=CODES, people=PeopleOptions(b"k" * 32))},
)
CLERK, LEADER, CASHIER = (user(name) for name in ("甲", "乙", "丙"))


async def reported_case(city: City, **changes: Any) -> tuple[CaseId, TicketId]:
    """A citizen reports a cover, and the desk files it."""
    ticket_id = await city.transferred_ticket(**changes)
    await city.run_jobs()
    case_id = await city.case_of(ticket_id)
    await city.file(case_id)
    return case_id, ticket_id


async def set_rate(city: City, category: str = "facility:01", amount: str = "50") -> None:
    async with city.database.begin() as uow:
        rate = Rate(category, Yuan.parse(amount), date(2026, 1, 1))
        await service.add_rate(uow, rate, actor=LEADER, now=city.clock())


async def propose(city: City, case_id: CaseId, actor: User = CLERK) -> Any:
    async with city.database.begin() as uow:
        return await service.propose(uow, case_id, actor=actor, now=city.clock())


async def decide(city: City, reward_id: Any, actor: User = LEADER, **how: Any) -> None:
    trigger = how.pop("trigger", RewardTrigger.APPROVE)
    async with city.database.begin() as uow:
        await service.decide(uow, reward_id, trigger, actor=actor, now=city.clock(), **how)


async def number_and_code(city: City, ticket_id: TicketId) -> tuple[str, str]:
    async with city.database.read() as session:
        code = await query_code_of(session, ticket_id, CODES)
    return (await city.ticket(ticket_id)).number, code


async def pay(city: City, number: str, code: str, actor: User = CASHIER) -> Any:
    async with city.database.begin() as uow:
        return await service.pay(uow, number, code, codes=CODES, actor=actor, now=city.clock())


async def test_r86_a_report_found_true_is_rewarded_by_code(city: City) -> None:
    """R86: proposed, approved by another, paid to who knows the code; all in the audit log."""
    await set_rate(city)
    case_id, ticket_id = await reported_case(city)
    async with city.database.read() as session:
        (candidate,) = await service.candidates(session)
    assert (candidate.case_id, str(candidate.rate and candidate.rate.amount)) == (case_id, "50.00")

    reward_id = await propose(city, case_id)
    await decide(city, reward_id)
    number, code = await number_and_code(city, ticket_id)
    paid = await pay(city, number, code)

    assert (paid.state, str(paid.amount), paid.paid_by) == (RewardState.PAID, "50.00", "丙")
    assert await pay(city, number, code) is None  # once
    async with city.database.read() as session:
        assert await service.candidates(session) == ()
        assert await service.totals(session) == {RewardState.PAID: (1, "50.00")}
        assert await audit.verify(session) == []
        actors = await session.scalars(
            select(AuditRow.actor).where(AuditRow.action.startswith("reward.")).order_by("seq")
        )
        assert list(actors)[-3:] == [CLERK.login, LEADER.login, CASHIER.login]


async def test_r86_nobody_approves_or_pays_their_own(city: City) -> None:
    """R86: three acts, two people at least, in every order."""
    await set_rate(city)
    case_id, ticket_id = await reported_case(city)
    reward_id = await propose(city, case_id)

    with pytest.raises(Forbidden):
        await decide(city, reward_id, actor=CLERK)
    await decide(city, reward_id)
    with pytest.raises(Forbidden):
        await pay(city, *await number_and_code(city, ticket_id), actor=LEADER)
    with pytest.raises(IllegalTransition):
        await decide(city, reward_id)


async def test_r86_a_wrong_code_pays_nothing_and_is_counted(city: City) -> None:
    """R86: neither a wrong code nor a ticket without an approved reward."""
    await set_rate(city)
    case_id, ticket_id = await reported_case(city)
    number, code = await number_and_code(city, ticket_id)
    assert await pay(city, number, code) is None
    reward_id = await propose(city, case_id)
    assert await pay(city, number, code) is None
    await decide(city, reward_id)

    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    assert await pay(city, number, wrong) is None
    assert (await pay(city, number, code)).state is RewardState.PAID


async def test_r86_what_earns_nothing_is_refused(city: City) -> None:
    """R86: not filed, by staff, without a rate, twice."""
    filed, _ = await reported_case(city)
    with pytest.raises(Conflict, match="no rate"):
        await propose(city, filed)
    await set_rate(city)
    by_staff = await city.registered_case()
    await city.file(by_staff)
    with pytest.raises(NotFound):
        await propose(city, by_staff)
    ticket_id = await city.transferred_ticket()
    await city.run_jobs()
    with pytest.raises(Conflict, match="filed"):
        await propose(city, await city.case_of(ticket_id))
    reward_id = await propose(city, filed)
    with pytest.raises(Conflict, match="already"):
        await propose(city, filed)
    with pytest.raises(Invalid):
        await decide(city, reward_id, trigger=RewardTrigger.REFUSE, reason=" ")
    await decide(city, reward_id, trigger=RewardTrigger.REFUSE, reason="同一问题此前已奖励")
    with pytest.raises(Conflict):
        await set_rate(city)
    with pytest.raises(Invalid):
        await set_rate(city, category="sky:1")


async def test_r86_two_clerks_at_once_make_one_reward(city: City) -> None:
    """R86: the case is locked; the second clerk is told."""
    await set_rate(city)
    case_id, _ = await reported_case(city)

    found = await asyncio.gather(
        propose(city, case_id), propose(city, case_id, CASHIER), return_exceptions=True
    )

    assert sum(isinstance(each, Conflict) for each in found) == 1
    async with city.database.read() as session:
        assert await session.scalar(select(func.count()).select_from(RewardRow)) == 1


@pytest.fixture
async def browse(city: City, aiohttp_client: Any) -> Callable[..., Awaitable[Client]]:
    """Open a browser of a person with the given roles."""

    async def open_client(*roles: Role) -> Client:
        options = WebOptions(b"a secret of thirty-two bytes, at least")
        parts = (PART, DESK_PART)
        app = make_app(city.database, parts, options, clock=city.clock, signals=MemorySignals())
        client: Client = await aiohttp_client(app)
        if roles:
            login = f"u-{uuid4().hex[:8]}"
            async with city.database.begin() as uow:
                await accounts.create_user(
                    uow,
                    login=login,
                    password=PASSWORD,
                    display_name="某人",
                    roles=roles,
                    unit_id=None,
                    actor="test",
                    now=city.clock(),
                )
            answer = await client.post("/login", json={"login": login, "password": PASSWORD})
            assert answer.status == 200
        return client

    return open_client


async def test_r86_from_the_rate_to_the_public_page(
    city: City, browse: Callable[..., Awaitable[Client]]
) -> None:
    """R86: on the pages, and nobody is named to the public."""
    case_id, ticket_id = await reported_case(city)
    clerk, leader = await browse(Role.SHIFT_LEADER), await browse(Role.LEADER)
    form = {"form_token": token(await page(leader, "/rewards"))}
    rate = {"category": "*", "amount": "88.80", "valid_from": "2026-01-01"}
    assert (await leader.post("/rewards/rates", data=form | rate)).status == 200
    assert (await leader.post("/rewards/rates", data=form | {**rate, "amount": "x"})).status == 422
    own = {"form_token": token(await page(clerk, "/rewards"))}
    assert (
        await clerk.post("/rewards/propose", data=own | {"case_id": str(case_id)})
    ).status == 200
    reward = (await asked(leader, "/rewards"))["rewards"][0]
    path = f"/rewards/{reward['reward_id']}/approve"
    assert (await clerk.post(path, data=own)).status == 403
    assert "待审批" in await page(leader, "/rewards")
    assert (await leader.post(path, data=form)).status == 200
    number, code = await number_and_code(city, ticket_id)
    wrong = own | {"number": number, "code": "x"}
    assert (await clerk.post("/rewards/pay", data=wrong)).status == 422

    answer = await clerk.post("/rewards/pay", data=own | {"number": number, "code": code})

    assert "¥88.80" in await answer.text()
    visitor = await browse()
    html = await page(visitor, "/statistics/rewards")
    assert "¥88.80" in html
    for secret in (number, code, "某人", "人民路12号"):
        assert secret not in html
    (public,) = (await asked(visitor, "/statistics/rewards"))["rewards"]
    assert public["amount"] == "88.80"


async def test_two_who_set_one_rate_at_once_are_one_conflict(city: City) -> None:
    results = await asyncio.gather(set_rate(city), set_rate(city), return_exceptions=True)

    assert sorted(type(each).__name__ for each in results) == ["Conflict", "NoneType"]
