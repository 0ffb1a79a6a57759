"""The pages of accounts and of one's own password."""

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID

import pytest
from aiohttp.test_utils import TestClient
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.accounts.lockout import MAX_TRIES
from hotline.accounts.model import AuditRow, UserRow
from hotline.accounts.roles import Role
from hotline.kernel.db import UnitOfWork
from hotline.kernel.ids import UserId, new_id
from hotline.queues import service as queues
from hotline.queues.states import SeatState
from hotline.web.accounts import handlers
from hotline.web.accounts.handlers import accounts_part
from hotline.web.accounts.options import AccountsOptions
from tests.fakes.web_house import PASSWORD, WebHouse, form_token, sign_in

Browse = Callable[..., Awaitable[TestClient[Any, Any]]]
UNIT = new_id()
PROGRAM = {"Accept": "application/json"}


@pytest.fixture
def settled(house: WebHouse) -> list[UserId]:
    """Whom the other rooms were told of."""
    told: list[UserId] = []

    async def units(_session: AsyncSession) -> Sequence[tuple[UUID, str]]:
        return [(UNIT, "环卫处")]

    async def settle(_uow: UnitOfWork, user_id: UserId) -> None:
        told.append(user_id)

    house.parts = (*house.parts, accounts_part(AccountsOptions(units=units, settle=settle)))
    return told


@pytest.fixture
async def admin(house: WebHouse, settled: list[UserId], browse: Browse) -> TestClient[Any, Any]:
    """A security administrator's browser."""
    await house.user("sec", Role.SECURITY_ADMIN)
    return await browse("sec")


async def post(client: TestClient[Any, Any], path: str, **fields: Any) -> Any:
    token = await form_token(client, "/accounts/new")
    return await client.post(path, data={"form_token": token} | fields, allow_redirects=False)


async def actions(house: WebHouse) -> list[tuple[str, str]]:
    async with house.database.read() as session:
        rows = await session.scalars(select(AuditRow).order_by(AuditRow.seq))
        return [(row.actor, row.action) for row in rows if row.action.startswith("user.")]


async def user(house: WebHouse, login: str) -> UserRow:
    async with house.database.read() as session:
        return (await session.scalars(select(UserRow).where(UserRow.login == login))).one()


async def test_a_person_is_made_and_signs_in_with_a_password_that_must_be_changed(
    house: WebHouse, settled: list[UserId], admin: TestClient[Any, Any], browse: Browse
) -> None:
    """GB/T 22239-2019 8.1.4.1: nobody but the person knows the password that lasts."""
    seat = await house.seat("801")
    made = await post(
        admin, "/accounts", login="zhou", display_name="周敏", role="seat", seat_id=str(seat)
    )
    page = await made.text()
    found = re.search(r"<code>([a-z0-9]{12})</code>", page)
    assert (made.status, made.headers["Cache-Control"]) == (200, "no-store")
    assert found
    row = await user(house, "zhou")
    assert (row.display_name, row.roles, row.seat_id) == ("周敏", ["seat"], seat)
    assert settled == [row.id]

    person = await browse()
    token = await form_token(person, "/login")
    entered = {"login": "zhou", "password": found.group(1), "form_token": token}
    await person.post("/login", data=entered, allow_redirects=False)
    led = await person.get("/desk", allow_redirects=False)
    refused = await person.get("/desk/directory", headers=PROGRAM)
    assert led.headers["Location"] == "/account/password?next=/desk"
    assert (refused.status, (await refused.json())["error"]) == (403, "MustChangePassword")

    token = await form_token(person, "/account/password?next=/desk")
    form = {"form_token": token, "next": "/desk", "old_password": found.group(1)}
    same = form | {"new_password": found.group(1), "again": found.group(1)}
    assert (await person.post("/account/password", data=same)).status == 422
    good = form | {"new_password": "quite another one", "again": "quite another one"}
    changed = await person.post("/account/password", data=good, allow_redirects=False)
    assert (changed.status, changed.headers["Location"]) == (303, "/desk")
    assert (await person.get("/desk")).status == 200
    assert ("sec", "user.create") in await actions(house)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"login": "a b"}, "登录名为2到40个"),
        ({"login": "sec"}, "已属于他人"),
        ({"display_name": " "}, "请填写姓名"),
        ({"role": "king"}, "请至少选择一个角色"),
        ({"role": ["system_admin", "audit_admin"]}, "不能由一人兼任"),
        ({"role": "unit"}, "须选择所属单位"),
        ({"unit_id": str(new_id())}, "须选择所属单位"),
        ({"seat_id": "x"}, "请从列表中选择坐席"),
    ],
)
async def test_what_is_wrong_stands_beside_what_was_filled_in(
    house: WebHouse, admin: TestClient[Any, Any], fields: dict[str, Any], words: str
) -> None:
    filled = {"login": "qian", "display_name": "钱进", "role": "seat"} | fields

    answer = await post(admin, "/accounts", **filled)

    page = await answer.text()
    assert answer.status in {409, 422}
    assert words in page
    assert f'value="{filled["login"]}"' in page
    async with house.database.read() as session:
        assert (await session.scalars(select(UserRow.login))).all() == ["sec"]


async def test_another_seat_needs_another_sign_in_and_another_name_does_not(
    house: WebHouse, admin: TestClient[Any, Any], browse: Browse
) -> None:
    """A live screen shows the seat, or the district, of when it was opened."""
    user_id = await house.user("wu", Role.SEAT, seat="801")
    other = await house.seat("802")
    person = await browse("wu")
    form = {"display_name": "吴越", "role": "seat", "seat_id": str(house.seats["801"])}

    assert (await post(admin, f"/accounts/{user_id}", **form)).status == 303
    assert (await person.get("/desk/snapshot", headers=PROGRAM)).status == 200
    assert (
        await post(admin, f"/accounts/{user_id}", **form | {"seat_id": str(other)})
    ).status == 303
    assert (await person.get("/desk/snapshot", headers=PROGRAM)).status == 401


async def test_roles_and_belonging_are_changed_and_other_rights_need_another_sign_in(
    house: WebHouse, settled: list[UserId], admin: TestClient[Any, Any], browse: Browse
) -> None:
    user_id = await house.user("wu", Role.SEAT, seat="801")
    async with house.database.begin() as uow:
        await queues.sign_in(uow, house.seats["801"], user_id, house.clock())
    person = await browse("wu")
    path = f"/accounts/{user_id}"
    as_unit = {"display_name": "吴越", "role": "unit", "unit_id": str(UNIT)}

    assert (await post(admin, path, **as_unit)).status == 303

    row = await user(house, "wu")
    assert (row.roles, row.unit_id, row.seat_id) == (["unit"], UNIT, None)
    assert settled == [user_id]
    assert (await person.get("/desk/directory", headers=PROGRAM)).status == 401
    async with house.database.read() as session:
        view = await queues.seat_view(session, house.seats["801"])
        logged = (
            await session.scalars(select(AuditRow).where(AuditRow.action == "user.change"))
        ).one()
    assert view.state is SeatState.SIGNED_OUT
    assert (logged.actor, logged.target) == ("sec", f"user:{user_id}")
    assert logged.detail is not None
    assert logged.detail["roles"] == [["seat"], ["unit"]]
    await post(admin, path, **as_unit)
    assert [act for _, act in await actions(house)].count("user.change") == 1


async def test_a_seat_that_is_anothers_own_is_refused(
    house: WebHouse, admin: TestClient[Any, Any]
) -> None:
    await house.user("wu", Role.SEAT, seat="801")
    other = await house.user("zheng", Role.SEAT)
    fields = {"display_name": "郑", "role": "seat", "seat_id": str(house.seats["801"])}

    answer = await post(admin, f"/accounts/{other}", **fields)

    assert answer.status == 409
    assert "已属于他人" in await answer.text()


async def test_a_locked_account_is_shut_at_once_and_opened_again_with_reasons(
    house: WebHouse, admin: TestClient[Any, Any], browse: Browse
) -> None:
    user_id = await house.user("wu", Role.SEAT)
    person = await browse("wu")
    path = f"/accounts/{user_id}"

    assert (await post(admin, f"{path}/lock")).status == 422
    assert (await post(admin, f"{path}/lock", reason="离职")).status == 303
    assert (await person.get("/desk/directory", headers=PROGRAM)).status == 401
    assert (await sign_in(person, "wu")).status == 401
    assert "停用" in await (await admin.get("/accounts")).text()
    await post(admin, f"{path}/unlock", reason="复职")
    assert (await sign_in(person, "wu")).status == 200
    assert [act for _, act in await actions(house)][-2:] == ["user.disable", "user.enable"]


async def test_a_lock_by_wrong_passwords_tells_when_it_ends_and_is_ended_earlier(
    house: WebHouse, admin: TestClient[Any, Any], browse: Browse
) -> None:
    user_id = await house.user("wu", Role.SEAT)
    person = await browse()
    for _ in range(MAX_TRIES):
        wrong = await person.post("/login", json={"login": "wu", "password": "wrong"})
    told = await wrong.json()
    assert told["until"] == "2026-03-11T02:15:00+00:00"
    assert "2026-03-11 10:15" in told["message"]
    assert "密码锁定" in await (await admin.get("/accounts")).text()

    await post(admin, f"/accounts/{user_id}/unlock", reason="本人来电")

    assert (await sign_in(person, "wu")).status == 200


async def test_a_forgotten_password_is_replaced_and_sessions_are_ended(
    house: WebHouse, admin: TestClient[Any, Any], browse: Browse
) -> None:
    user_id = await house.user("wu", Role.SEAT)
    person = await browse("wu")

    assert (await post(admin, f"/accounts/{user_id}/sign-out")).status == 303
    assert (await person.get("/desk/directory", headers=PROGRAM)).status == 401
    assert (await sign_in(person, "wu")).status == 200
    page = await (await post(admin, f"/accounts/{user_id}/password")).text()

    assert (await sign_in(person, "wu")).status == 401
    found = re.search(r"<code>([a-z0-9]{12})</code>", page)
    assert found
    entered = {"login": "wu", "password": found.group(1)}
    assert (await person.post("/login", json=entered)).status == 200
    assert (await user(house, "wu")).must_change_password
    assert [act for _, act in await actions(house)][-2:] == ["user.sessions_end", "user.password"]


async def test_nobody_changes_their_own_account(
    house: WebHouse, admin: TestClient[Any, Any]
) -> None:
    own = (await user(house, "sec")).id

    page = await (await admin.get(f"/accounts/{own}")).text()
    answers = [
        await post(admin, f"/accounts/{own}", display_name="我", role="leader"),
        await post(admin, f"/accounts/{own}/lock", reason="试试"),
        await post(admin, f"/accounts/{own}/password"),
        await post(admin, f"/accounts/{own}/sign-out"),
    ]

    assert "由另一位安全管理员办理" in page
    assert {answer.status for answer in answers} == {403}
    assert (await user(house, "sec")).roles == ["security_admin"]


async def test_people_are_found_by_words_and_role_page_by_page(
    house: WebHouse, admin: TestClient[Any, Any], monkeypatch: Any
) -> None:
    monkeypatch.setattr(handlers, "MOST", 2)
    for login in ("a1", "a2", "a3", "b_1"):
        await house.user(login, Role.SEAT)

    async def logins(query: str) -> tuple[list[str], str | None]:
        found = await (await admin.get(f"/accounts?{query}", headers=PROGRAM)).json()
        return [line["login"] for line in found["accounts"]], found["next"]

    assert await logins("words=A") == (["a1", "a2"], "a2")
    assert await logins("words=A&after=a2") == (["a3"], None)
    assert await logins("words=_") == (["b_1"], None)
    assert await logins("words=测试sec&role=security_admin") == (["sec"], None)
    assert await logins("role=leader") == ([], None)
    assert (await admin.get("/accounts?role=king")).status == 422


@pytest.mark.parametrize("role", [Role.SYSTEM_ADMIN, Role.AUDIT_ADMIN, Role.LEADER])
async def test_only_the_security_administrator_sees_accounts(
    house: WebHouse, settled: list[UserId], browse: Browse, role: Role
) -> None:
    await house.user("other", role)

    assert (await (await browse("other")).get("/accounts")).status == 403


async def test_a_wrong_old_password_counts_and_at_last_closes_the_screen(
    house: WebHouse, browse: Browse
) -> None:
    await house.user("wu", Role.SEAT)
    person = await browse("wu")
    token = await form_token(person, "/account/password")
    form = {"form_token": token, "new_password": "x" * 9, "again": "x" * 9}

    differs = await person.post(
        "/account/password", data=form | {"old_password": PASSWORD, "again": "y" * 9}
    )
    assert "不一致" in await differs.text()
    pages = [
        await (await person.post("/account/password", data=form | {"old_password": "w"})).text()
        for _ in range(MAX_TRIES)
    ]

    assert "原密码不正确" in pages[0]
    assert "10:15后再试" in pages[-1]
    assert (await person.get("/desk/directory", headers=PROGRAM)).status == 401
