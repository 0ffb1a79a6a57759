"""Users and sessions over a real database."""

import pytest
from sqlalchemy import select

from hotline.accounts import service
from hotline.accounts.lockout import LOCKED_FOR, MAX_TRIES
from hotline.accounts.model import AuditRow, SessionRow
from hotline.accounts.roles import Role
from hotline.accounts.service import SESSION_LASTS, Refusal, Refused, User
from hotline.kernel.db import Database
from hotline.kernel.errors import Conflict, Invalid
from hotline.kernel.ids import UserId
from tests.conftest import FakeClock

PASSWORD = "an invented password"


async def make(database: Database, clock: FakeClock, login: str = "wang.fang") -> UserId:
    async with database.begin() as uow:
        return await service.create_user(
            uow,
            login=login,
            password=PASSWORD,
            display_name="王芳",
            roles=[Role.SEAT],
            actor="test",
            now=clock(),
        )


async def sign_in(
    database: Database, clock: FakeClock, password: str = PASSWORD, login: str = "wang.fang"
) -> User | Refusal:
    async with database.begin() as uow:
        found = await service.authenticate(uow, login, password, source="192.0.2.1", now=clock())
    return found.why if isinstance(found, Refused) else found


async def open_session(database: Database, clock: FakeClock, user_id: UserId) -> str:
    async with database.begin() as uow:
        return await service.start_session(uow, user_id, now=clock())


async def is_live(database: Database, clock: FakeClock, token: str) -> bool:
    async with database.read() as session:
        return await service.read_session(session, token, now=clock()) is not None


async def test_name_and_password_prove_a_user(database: Database, clock: FakeClock) -> None:
    await make(database, clock)

    user = await sign_in(database, clock, login=" Wang.Fang ")

    assert isinstance(user, User)
    assert (user.display_name, user.roles) == ("王芳", {Role.SEAT})


async def test_a_wrong_name_and_a_wrong_password_are_the_same_answer(
    database: Database, clock: FakeClock
) -> None:
    await make(database, clock)

    assert await sign_in(database, clock, "wrong password") is Refusal.WRONG
    assert await sign_in(database, clock, login="nobody") is Refusal.WRONG


async def test_wrong_passwords_lock_the_account_for_a_while_even_for_the_right_one(
    database: Database, clock: FakeClock
) -> None:
    await make(database, clock)

    results = [await sign_in(database, clock, "wrong password") for _ in range(MAX_TRIES)]

    assert results == [Refusal.WRONG] * (MAX_TRIES - 1) + [Refusal.LOCKED]
    assert await sign_in(database, clock) is Refusal.LOCKED
    clock.advance(LOCKED_FOR)
    assert isinstance(await sign_in(database, clock), User)


async def test_a_right_password_forgets_the_wrong_ones_before_it(
    database: Database, clock: FakeClock
) -> None:
    await make(database, clock)
    for _ in range(MAX_TRIES - 1):
        await sign_in(database, clock, "wrong password")
    await sign_in(database, clock)

    assert await sign_in(database, clock, "wrong password") is Refusal.WRONG


async def test_a_session_lasts_one_shift(database: Database, clock: FakeClock) -> None:
    token = await open_session(database, clock, await make(database, clock))

    assert await is_live(database, clock, token)
    assert not await is_live(database, clock, token + "x")
    clock.advance(SESSION_LASTS)
    assert not await is_live(database, clock, token)


async def test_the_database_holds_no_token(database: Database, clock: FakeClock) -> None:
    token = await open_session(database, clock, await make(database, clock))

    async with database.read() as session:
        assert token not in (await session.scalars(select(SessionRow.token_digest))).all()


async def test_signing_out_ends_the_session_on_the_server(
    database: Database, clock: FakeClock
) -> None:
    token = await open_session(database, clock, await make(database, clock))
    async with database.begin() as uow:
        signed_in = await service.read_session(uow.session, token, now=clock())
        assert signed_in is not None
        await service.end_session(uow, signed_in, now=clock())

    assert not await is_live(database, clock, token)


async def test_another_password_ends_sessions_and_locks(
    database: Database, clock: FakeClock
) -> None:
    user_id = await make(database, clock)
    token = await open_session(database, clock, user_id)
    for _ in range(MAX_TRIES):
        await sign_in(database, clock, "wrong password")

    async with database.begin() as uow:
        await service.set_password(uow, user_id, "another one", actor="admin", now=clock())

    assert not await is_live(database, clock, token)
    assert await sign_in(database, clock) is Refusal.WRONG
    assert isinstance(await sign_in(database, clock, "another one"), User)


async def test_a_login_name_belongs_to_one_user(database: Database, clock: FakeClock) -> None:
    await make(database, clock)

    with pytest.raises(Conflict, match="taken"):
        await make(database, clock, "WANG.FANG")


@pytest.mark.parametrize("login", ["", "a", "two words", "-x", "王芳"])
async def test_a_login_name_that_cannot_be_typed_is_refused(
    database: Database, clock: FakeClock, login: str
) -> None:
    with pytest.raises(Invalid, match="login"):
        await make(database, clock, login)


async def test_every_act_on_an_account_is_in_the_audit_log(
    database: Database, clock: FakeClock
) -> None:
    user_id = await make(database, clock)
    await sign_in(database, clock, "wrong password")
    await sign_in(database, clock)
    async with database.begin() as uow:
        await service.set_password(uow, user_id, "another one", actor="admin", now=clock())

    async with database.read() as session:
        actions = (await session.scalars(select(AuditRow.action).order_by(AuditRow.seq))).all()
    assert actions == ["user.create", "login.failed", "login", "user.password"]


async def test_a_user_is_found_by_login(database: Database, clock: FakeClock) -> None:
    user_id = await make(database, clock)

    async with database.read() as session:
        found = await service.find_user(session, "wang.fang")
        assert found is not None
        assert found.id == user_id
        assert await service.find_user(session, "nobody") is None


async def test_a_session_that_is_over_is_forgotten_and_one_that_lasts_stays(
    database: Database, clock: FakeClock
) -> None:
    user_id = await make(database, clock)
    await open_session(database, clock, user_id)
    clock.advance(SESSION_LASTS / 2)
    later = await open_session(database, clock, user_id)
    clock.advance(SESSION_LASTS / 2)

    async with database.begin() as uow:
        assert await service.forget_sessions(uow, now=clock()) == 1

    async with database.read() as session:
        assert len((await session.scalars(select(SessionRow))).all()) == 1
    assert await is_live(database, clock, later)
