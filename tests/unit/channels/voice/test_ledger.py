"""What calls write while the database is away is written in order once it is back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import pytest

from channels.voice import ledger as module
from channels.voice import waiters
from channels.voice.ledger import Act, Ledger
from hotline.kernel.db import Database
from hotline.kernel.errors import Conflict, Unavailable
from hotline.kernel.ids import new_id

CALL, OTHER = new_id(), new_id()


class FakeDatabase:
    """A database that is there, or away; the log is what was committed."""

    def __init__(self) -> None:
        self.is_away = False

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[None]:
        if self.is_away:
            raise Unavailable("the database")
        yield None


@pytest.fixture
def database() -> FakeDatabase:
    return FakeDatabase()


@pytest.fixture
def ledger(database: FakeDatabase) -> Ledger:
    return Ledger(cast(Database, database))


def noting(written: list[str], what: str, error: Exception | None = None) -> Act:
    async def act(_: object) -> None:
        written.append(what)
        if error is not None:
            raise error

    return act


async def test_acts_keep_their_order_through_an_outage(
    database: FakeDatabase, ledger: Ledger
) -> None:
    written: list[str] = []
    await ledger.write(CALL, "1", noting(written, "1"))
    database.is_away = True
    await ledger.write(CALL, "2", noting(written, "2"))
    database.is_away = False
    # Nothing overtakes what is owed.
    await ledger.write(CALL, "3", noting(written, "3"))
    before = list(written)
    await ledger.settle(CALL)

    assert before == ["1"]
    assert written == ["1", "2", "3"]


async def test_what_is_owed_stays_owed_while_the_database_is_away(
    database: FakeDatabase, ledger: Ledger
) -> None:
    written: list[str] = []
    database.is_away = True
    await ledger.write(CALL, "1", noting(written, "1"))
    with pytest.raises(Unavailable):
        await ledger.settle(CALL)
    database.is_away = False
    await ledger.settle(CALL)
    await ledger.settle(CALL)

    assert written == ["1"]


@pytest.mark.parametrize("error", [Conflict("over"), ValueError("broken")])
async def test_what_is_refused_holds_nothing_up(
    database: FakeDatabase, ledger: Ledger, error: Exception
) -> None:
    written: list[str] = []
    database.is_away = True
    await ledger.write(CALL, "1", noting(written, "1", error))
    await ledger.write(CALL, "2", noting(written, "2"))
    database.is_away = False
    await ledger.settle(CALL)
    await ledger.write(CALL, "3", noting(written, "3"))

    assert written == ["1", "2", "3"]


async def test_a_database_that_says_nothing_is_away(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiters, "PATIENCE_SECONDS", 0.01)
    answers = asyncio.Event()
    written: list[str] = []

    async def act(_: object) -> None:
        await answers.wait()
        written.append("1")

    await ledger.write(CALL, "1", act)
    with pytest.raises(Unavailable):
        await ledger.settle(CALL)
    answers.set()
    await ledger.settle(CALL)

    assert written == ["1"]


async def test_a_row_that_somebody_holds_delays_its_own_call_alone(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiters, "PATIENCE_SECONDS", 0.01)
    is_free = asyncio.Event()
    written: list[str] = []

    async def act(_: object) -> None:
        await is_free.wait()
        written.append("held")

    await ledger.write(CALL, "held", act)
    await ledger.write(OTHER, "free", noting(written, "free"))
    await ledger.settle(OTHER)
    with pytest.raises(Unavailable):
        await ledger.settle_all()
    before = list(written)
    is_free.set()
    await ledger.settle_all()

    assert before == ["free"]
    assert written == ["free", "held"]


async def test_every_call_is_settled_once_the_database_is_back(
    database: FakeDatabase, ledger: Ledger
) -> None:
    written: list[str] = []
    database.is_away = True
    for each in (CALL, OTHER, new_id()):
        await ledger.write(each, "an act", noting(written, "an act"))
    with pytest.raises(Unavailable):
        await ledger.settle_all()
    database.is_away = False
    await ledger.settle_all()

    assert written == ["an act"] * 3


async def test_of_too_much_the_oldest_goes(
    database: FakeDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_OWED", 2)
    ledger = Ledger(cast(Database, database))
    written: list[str] = []
    database.is_away = True
    for what in "123":
        await ledger.write(CALL, what, noting(written, what))
    database.is_away = False
    await ledger.settle(CALL)

    assert written == ["2", "3"]
