"""Every way into the whole application: whose it is, and that nobody else passes."""

import re
from collections.abc import AsyncIterator
from typing import Any, Final
from uuid import uuid4

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from config.roles.web import application
from config.runtime import Runtime
from hotline.accounts import service as accounts
from hotline.accounts.roles import Role
from hotline.web.app import all_routes
from hotline.web.keys import PARTS
from hotline.web.routing import Route
from tests.fakes.web_house import PASSWORD, sign_in

Client = TestClient[web.Request, web.Application]
PROGRAM: Final = {"Accept": "application/json"}

OF_CITIZENS: Final = {
    *("home", "report", "report.submit", "receipt", "status", "status.ask"),
    *("callback", "callback.answer", "statistics", "statistics.rewards", "statistics.standards"),
}
OF_EVERY_BROWSER: Final = {"login", "login.submit", "language", "static", "field.worker"}
OF_THE_MACHINE_ROOM: Final = {"health.live", "health.ready", "metrics"}
SIGNED: Final = {
    *("exchange.messages", "exchange.resend", "exchange.state", "exchange.files"),
    *("case_platform.progress", "exchange.schema", "sms.reports"),
}
"""Programs of other houses prove themselves by a signature; the schema is no secret."""
WITH_A_KEY: Final = {"shared"}


@pytest.fixture
def app(runtime: Runtime) -> web.Application:
    return application(runtime)


@pytest.fixture
async def client(app: web.Application) -> AsyncIterator[Client]:
    async with TestClient(TestServer(app)) as client:
        yield client


def routes_of(app: web.Application) -> tuple[Route, ...]:
    return all_routes(app[PARTS])


async def ask(client: Client, route: Route) -> int:
    """The status of an empty request of a program, about something that is not there."""
    path = re.sub(r"\{\w+:(\w+)\|[^}]+\}", r"\1", route.path)
    path = re.sub(r"\{[^}]+\}", str(uuid4()), path)
    sent: dict[str, Any] = {"json": {}} if route.writes else {}
    async with client.request(
        route.method, path, headers=PROGRAM, allow_redirects=False, **sent
    ) as answer:
        return answer.status


async def test_every_way_in_is_a_row_of_the_table(app: web.Application) -> None:
    """What is no row has no guard."""
    rows = {(each.method, each.path) for each in routes_of(app)}
    served = {
        (each.method, each.resource.canonical) for each in app.router.routes() if each.resource
    }

    assert served == {(method, re.sub(r":[^}]+\}", "}", path)) for method, path in rows}


async def test_what_nobody_signs_in_for_is_named_here(app: web.Application) -> None:
    """A new page is somebody's, or it is added to these names on purpose."""
    routes = routes_of(app)

    public = {each.name for each in routes if each.is_public}
    unchecked = {each.name for each in routes if not each.forgery_check}

    assert public == OF_CITIZENS | OF_EVERY_BROWSER | OF_THE_MACHINE_ROOM | SIGNED | WITH_A_KEY
    assert unchecked == SIGNED


async def test_a_stranger_passes_no_door_but_the_public_ones(
    app: web.Application, client: Client
) -> None:
    """Nobody is told more than that they have to sign in."""
    own = [each for each in routes_of(app) if not each.is_public]

    passed = [each.name for each in own if await ask(client, each) != 401]

    assert passed == []


@pytest.mark.parametrize("role", list(Role))
async def test_a_role_passes_no_door_of_others(
    app: web.Application, client: Client, runtime: Runtime, role: Role
) -> None:
    """R111: every role at every door."""
    async with runtime.database.begin() as uow:
        await accounts.create_user(
            uow,
            login="person",
            password=PASSWORD,
            display_name="某人",
            roles=[role],
            unit_id=uuid4(),
            actor="test",
            now=runtime.clock(),
        )
    assert (await sign_in(client, "person")).status == 200
    others = [each for each in routes_of(app) if not each.admits({role})]

    passed = [each.name for each in others if await ask(client, each) != 403]

    assert len(others) > 60
    assert passed == []


async def test_the_three_administrators_share_no_door_but_everybodys(app: web.Application) -> None:
    """GB/T 22239, level 3: one makes accounts, one reads the audit log, one keeps the house."""
    three = {Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDIT_ADMIN}

    shared = [
        each.name
        for each in routes_of(app)
        if len(each.roles & three) > 1 and each.roles != frozenset(Role)
    ]

    assert shared == []
