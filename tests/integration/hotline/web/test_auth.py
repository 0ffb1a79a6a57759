"""Signing in and out, who may use what, and forged requests."""

import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from aiohttp.test_utils import TestClient
from sqlalchemy import select

from hotline.accounts.lockout import MAX_TRIES
from hotline.accounts.model import AuditRow
from hotline.accounts.roles import ADMINISTRATORS, Role
from hotline.accounts.service import ADMINISTRATORS_IDLE, SESSION_LASTS
from hotline.web.app import OWN_PART
from hotline.web.audit.handlers import PART as AUDIT_PART
from hotline.web.desk.handlers import desk_part
from hotline.web.desk.options import DeskOptions
from hotline.web.refusals import PEOPLE as REFUSALS_OF_ONE
from hotline.web.routing import Route
from tests.conftest import FakeClock
from tests.fakes.web_house import CODES, PASSWORD, PEOPLE, WebHouse, form_token, sign_in

Browse = Callable[..., Awaitable[TestClient[Any, Any]]]

PARTS = (OWN_PART, desk_part(DeskOptions(query_codes=CODES, people=PEOPLE)))
ROUTES = [route for part in PARTS for route in part.routes]
ID = str(uuid4())


def address(route: Route) -> str:
    return re.sub(r"\{[^}]+\}", ID, route.path)


async def ask(client: TestClient[Any, Any], route: Route) -> int:
    sent: dict[str, Any] = {"json": {}} if route.writes else {}
    headers = {"Accept": "application/json"}
    async with client.request(
        route.method, address(route), headers=headers, allow_redirects=False, **sent
    ) as answer:
        return answer.status


@pytest.mark.parametrize("role", list(Role))
async def test_each_role_gets_its_routes_and_no_other(
    house: WebHouse, browse: Browse, role: Role
) -> None:
    await house.user("person", role)
    client = await browse("person")
    # Signing out comes last: it would close every door behind it.
    walk = sorted(ROUTES, key=lambda route: route.name == "logout")

    refused = {route.name for route in walk if await ask(client, route) == 403}

    # A seat-less user is refused by the desk's own rule too, which is about the seat.
    own_rule = {"desk.state", "desk.rest"} if role in {Role.SEAT, Role.SHIFT_LEADER} else set()
    assert refused - own_rule == {r.name for r in ROUTES if not r.admits({role})}


async def test_a_person_signs_in_by_form_and_lands_on_the_first_page_of_the_role(
    house: WebHouse, browse: Browse
) -> None:
    await house.user("wang", Role.SEAT)
    client = await browse()
    token = await form_token(client, "/login")

    answer = await client.post(
        "/login",
        data={"login": "wang", "password": PASSWORD, "form_token": token},
        allow_redirects=False,
    )

    assert (answer.status, answer.headers["Location"]) == (303, "/desk")
    cookie = answer.cookies["hotline_session"]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")


async def test_behind_tls_the_cookie_never_travels_without_it(
    house: WebHouse, browse: Browse
) -> None:
    house.https = True
    await house.user("wang", Role.SEAT)

    answer = await sign_in(await browse(), "wang")

    assert answer.cookies["hotline_session"]["secure"]
    assert "Strict-Transport-Security" in answer.headers


async def test_after_signing_in_one_is_where_one_wanted_to_be(
    house: WebHouse, browse: Browse
) -> None:
    await house.user("li", Role.SHIFT_LEADER)
    client = await browse()
    asked = await client.get("/board?a=1", allow_redirects=False)
    assert (asked.status, asked.headers["Location"]) == (303, "/login?next=/board?a%3D1")
    token = await form_token(client, asked.headers["Location"])

    answer = await client.post(
        "/login",
        data={"login": "li", "password": PASSWORD, "form_token": token, "next": "/board?a=1"},
        allow_redirects=False,
    )

    assert answer.headers["Location"] == "/board?a=1"


@pytest.mark.parametrize(
    "target",
    [
        "https://example.org/",
        "//example.org",
        "/\\example.org",
        "/\t/example.org",
        "/\n/example.org",
        "/\r\n/example.org",
    ],
)
async def test_signing_in_never_leads_to_another_site(
    house: WebHouse, browse: Browse, target: str
) -> None:
    await house.user("li", Role.SEAT)
    client = await browse()
    token = await form_token(client, "/login")

    answer = await client.post(
        "/login",
        data={"login": "li", "password": PASSWORD, "form_token": token, "next": target},
        allow_redirects=False,
    )

    assert answer.headers["Location"] == "/desk"


async def test_wrong_passwords_lock_the_account_and_the_page_says_what_to_do(
    house: WebHouse, browse: Browse
) -> None:
    await house.user("wang", Role.SEAT)
    client = await browse()
    token = await form_token(client, "/login")
    pages = []
    for _ in range(MAX_TRIES):
        answer = await client.post(
            "/login", data={"login": "wang", "password": "wrong", "form_token": token}
        )
        pages.append((answer.status, await answer.text()))

    assert {status for status, _ in pages} == {401}
    assert "不正确" in pages[0][1]
    assert "请在2026-03-11 10:15后再试" in pages[-1][1]
    assert "安全管理员" in pages[-1][1]


async def test_a_disabled_account_is_told_so(house: WebHouse, browse: Browse) -> None:
    user_id = await house.user("wang", Role.SEAT)
    async with house.database.begin() as uow:
        await house.shut_out(uow, user_id)

    answer = await sign_in(await browse(), "wang")

    assert answer.status == 401
    assert (await answer.json())["error"] == "disabled"


async def test_signing_out_ends_the_session_even_for_a_copy_of_the_cookie(
    house: WebHouse, browse: Browse
) -> None:
    await house.user("wang", Role.SEAT)
    client = await browse("wang")
    copy = client.session.cookie_jar.filter_cookies(client.make_url("/"))["hotline_session"].value
    token = await form_token(client, "/desk")

    answer = await client.post("/logout", data={"form_token": token}, allow_redirects=False)

    assert answer.headers["Location"] == "/login"
    again = await client.get(
        "/desk/snapshot",
        headers={"Cookie": f"hotline_session={copy}", "Accept": "application/json"},
    )
    assert again.status == 401


async def test_a_session_ends_after_one_shift(
    house: WebHouse, browse: Browse, clock: FakeClock
) -> None:
    await house.user("wang", Role.SEAT)
    client = await browse("wang")

    clock.advance(SESSION_LASTS + timedelta(seconds=1))

    answer = await client.get("/desk", allow_redirects=False)
    assert answer.status == 303


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param({"data": {}}, id="no token"),
        pytest.param({"data": {"form_token": "0" * 64}}, id="an invented token"),
        pytest.param({"json": {}, "headers": {"Sec-Fetch-Site": "cross-site"}}, id="JSON abroad"),
        pytest.param({"json": {}, "headers": {"Origin": "https://example.org"}}, id="old browser"),
        pytest.param({"data": b"{}", "headers": {"Content-Type": "text/plain"}}, id="no JSON"),
    ],
)
async def test_a_forged_request_changes_nothing(
    house: WebHouse, browse: Browse, sent: dict[str, Any]
) -> None:
    await house.user("wang", Role.SEAT)
    client = await browse("wang")

    answer = await client.post("/logout", allow_redirects=False, **sent)

    assert answer.status == 403
    assert (await client.get("/desk/snapshot")).status == 200


async def test_a_token_of_another_browser_is_refused(house: WebHouse, browse: Browse) -> None:
    await house.user("wang", Role.SEAT)
    await house.user("li", Role.SEAT)
    token = await form_token(await browse("li"), "/desk")

    answer = await (await browse("wang")).post("/logout", data={"form_token": token})

    assert answer.status == 403


async def test_another_sites_page_opens_no_live_screen(house: WebHouse, browse: Browse) -> None:
    await house.user("wang", Role.SEAT, seat="801")
    client = await browse("wang")

    answer = await client.get(
        "/desk/live",
        headers={
            "Origin": "https://example.org",
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "MDEyMzQ1Njc4OWFiY2RlZg==",
        },
    )

    assert answer.status == 403


async def refusals(house: WebHouse) -> list[AuditRow]:
    async with house.database.read() as session:
        query = select(AuditRow).where(AuditRow.action == "access.refused")
        return list(await session.scalars(query.order_by(AuditRow.seq)))


async def test_who_tries_a_door_of_another_role_is_written_down_once(
    house: WebHouse, browse: Browse, clock: FakeClock
) -> None:
    """R88: attempts are seen by who watches, and repeating one adds nothing for ten minutes."""
    house.parts = (AUDIT_PART,)
    await house.user("wang", Role.SEAT, seat="801")
    client = await browse("wang")

    assert [(await client.get("/audit")).status for _ in range(3)] == [403, 403, 403]
    [row] = await refusals(house)
    clock.advance(timedelta(minutes=10))
    assert (await client.get("/audit")).status == 403

    assert (row.actor, row.target) == ("wang", "route:audit")
    assert row.detail == {
        "method": "GET",
        "path": "/audit",
        "problem": "the role for audit is missing",
        "source": "127.0.0.1",
    }
    assert len(await refusals(house)) == 2


async def test_a_scan_of_every_door_does_not_fill_the_audit_log(
    house: WebHouse, browse: Browse, clock: FakeClock
) -> None:
    await house.user("wang", Role.INSPECTOR)
    client = await browse("wang")
    closed = [route for route in ROUTES if not route.admits({Role.INSPECTOR})]

    for route in closed:
        assert await ask(client, route) == 403
    written = await refusals(house)
    clock.advance(timedelta(hours=1))
    assert await ask(client, closed[0]) == 403

    assert len(closed) > len(written) == REFUSALS_OF_ONE[0]
    assert ["later" in (row.detail or {}) for row in written] == [False] * 29 + [True]
    assert len(await refusals(house)) == REFUSALS_OF_ONE[0] + 1


async def test_an_old_form_is_nobodys_attempt(house: WebHouse, browse: Browse) -> None:
    await house.user("wang", Role.SEAT)
    client = await browse("wang")

    answer = await client.post("/logout", data={"form_token": "of yesterday"})

    assert answer.status == 403
    assert await refusals(house) == []


@pytest.mark.parametrize("role", sorted(ADMINISTRATORS))
async def test_an_administrator_who_does_nothing_signs_in_again(
    house: WebHouse, browse: Browse, clock: FakeClock, role: Role
) -> None:
    """R89: a screen that was left is nobody's way in; who works on is not disturbed."""
    await house.user("admin", role)
    client = await browse("admin")

    for _ in range(3):
        clock.advance(ADMINISTRATORS_IDLE - timedelta(minutes=1))
        assert (await client.get("/account/password", allow_redirects=False)).status == 200
    clock.advance(ADMINISTRATORS_IDLE + timedelta(minutes=1))
    answer = await client.get("/account/password", allow_redirects=False)

    assert answer.status == 303
    assert answer.headers["Location"].startswith("/login")


async def test_a_seat_stays_signed_in_for_a_shift_without_touching_anything(
    house: WebHouse, browse: Browse, clock: FakeClock
) -> None:
    await house.user("wang", Role.SEAT, seat="801")
    client = await browse("wang")

    clock.advance(SESSION_LASTS - timedelta(minutes=1))

    assert (await client.get("/account/password", allow_redirects=False)).status == 200


async def test_whoever_was_shut_out_and_tries_is_written_down_and_no_flood(
    house: WebHouse, browse: Browse
) -> None:
    """R88: who watches sees that the password of an account that is shut is still known."""
    user_id = await house.user("wang", Role.SEAT)
    async with house.database.begin() as uow:
        await house.shut_out(uow, user_id)
    client = await browse()

    for _ in range(MAX_TRIES * 2):
        assert (await sign_in(client, "wang")).status == 401
    async with house.database.read() as session:
        query = select(AuditRow).where(AuditRow.action == "login.disabled")
        rows = list(await session.scalars(query.order_by(AuditRow.seq)))

    assert [(row.actor, row.detail) for row in rows] == (
        [("wang", {"source": "127.0.0.1"})] * MAX_TRIES
    )
