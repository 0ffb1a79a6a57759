"""Guessing passwords: stopped for each account and each place, and the honest are let in."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from hotline.accounts.lockout import LOCKED_FOR, MAX_TRIES
from hotline.accounts.roles import Role
from hotline.web.sign_ins import PLACES
from tests.conftest import FakeClock
from tests.fakes.web_house import PASSWORD, WebHouse

Client = TestClient[Any, Any]
Browse = Callable[..., Awaitable[Client]]
HERE, THERE = "192.0.2.10", "198.51.100.7"


@pytest.fixture
async def client(house: WebHouse, browse: Browse) -> Client:
    """One web process, asked from several places through its proxy."""
    house.trusted_proxies = 1
    return await browse()


async def tried(
    client: Client, login: str, password: str = "wrong password", place: str = THERE
) -> tuple[int, str, str | None]:
    """Status, kind of answer, and until when it is locked."""
    answer = await client.post(
        "/login",
        json={"login": login, "password": password},
        headers={"X-Forwarded-For": place},
    )
    body = await answer.json()
    return answer.status, body.get("error", ""), body.get("until")


async def test_answers_do_not_tell_who_has_an_account(house: WebHouse, client: Client) -> None:
    await house.user("wang", Role.SEAT)

    known = [await tried(client, "wang") for _ in range(MAX_TRIES + 2)]
    unknown = [await tried(client, "nobody") for _ in range(MAX_TRIES + 2)]

    assert known == unknown
    assert [error for _, error, _ in known] == ["wrong"] * (MAX_TRIES - 1) + ["locked"] * 3


async def test_who_keeps_an_account_locked_does_not_keep_its_person_out(
    house: WebHouse, client: Client
) -> None:
    await house.user("wang", Role.SEAT)
    assert (await tried(client, "wang", PASSWORD, HERE))[0] == 200

    for _ in range(MAX_TRIES):
        await tried(client, "wang")

    assert (await tried(client, "wang", PASSWORD, THERE))[1] == "locked"
    assert (await tried(client, "wang", PASSWORD, HERE))[0] == 200


async def test_at_a_known_place_too_the_tries_come_to_an_end(
    house: WebHouse, client: Client, clock: FakeClock
) -> None:
    await house.user("wang", Role.SEAT)
    assert (await tried(client, "wang", PASSWORD, HERE))[0] == 200

    errors = [(await tried(client, "wang", place=HERE))[1] for _ in range(2 * MAX_TRIES)]

    assert errors == ["wrong"] * (MAX_TRIES - 1) + ["locked"] * (MAX_TRIES + 1)
    assert (await tried(client, "wang", PASSWORD, HERE))[1] == "locked"
    clock.advance(LOCKED_FOR)
    assert (await tried(client, "wang", PASSWORD, HERE))[0] == 200


async def test_one_password_for_all_names_is_stopped_at_its_place_alone(
    house: WebHouse, client: Client
) -> None:
    await house.user("wang", Role.SEAT)
    assert (await tried(client, "wang", PASSWORD, HERE))[0] == 200
    network = "2001:db8:0:1::{:x}"

    for number in range(PLACES[0]):
        await tried(client, f"name{number}", place=network.format(number))

    assert (await tried(client, "another", place=network.format(999)))[0] == 429
    assert (await tried(client, "another", place="2001:db8:0:2::1"))[1] == "wrong"
    assert (await tried(client, "wang", PASSWORD, HERE))[0] == 200
