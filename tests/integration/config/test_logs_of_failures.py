"""What went wrong in the database is told without what the rows say of people."""

from collections.abc import Callable, Iterator
from typing import Any

import pydantic
import pytest
import structlog
from sqlalchemy import Integer, String, bindparam, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import TypeEngine

from config.logging import configure_logging
from config.settings import LogSettings
from hotline.accounts.model import UserRow
from hotline.kernel.db import Database
from hotline.kernel.ids import new_id
from tests.conftest import FakeClock
from tests.fakes.logs import logging_restored

NAME = "欧阳某某"
ADDRESS = "荷香路十二号\n\n三单元"


@pytest.fixture(autouse=True)
def _restore_logging() -> Iterator[None]:
    with logging_restored():
        yield


def row(clock: FakeClock, **different: Any) -> UserRow:
    facts = {"login": "wang", "password_hash": "secret-hash", "display_name": f"{NAME}{ADDRESS}"}
    return UserRow(id=new_id(), roles=["seat"], created_at=clock(), **(facts | different))


@pytest.mark.parametrize(
    ("rows", "error"),
    [
        pytest.param(
            lambda clock: [row(clock, login=f"W{NAME}")], "CheckViolationError", id="whole row"
        ),
        pytest.param(
            lambda clock: [row(clock, login=NAME), row(clock, login=NAME)],
            "UniqueViolationError",
            id="key",
        ),
    ],
)
async def test_a_row_that_is_refused_is_not_in_the_trace(
    database: Database,
    clock: FakeClock,
    capsys: pytest.CaptureFixture[str],
    rows: Callable[[FakeClock], list[UserRow]],
    error: str,
) -> None:
    """R89: a trace in the log tells the fault, and neither name, address nor password hash."""
    configure_logging(LogSettings(format="console"), role="worker")

    with pytest.raises(DBAPIError):
        await _log_failure(database, rows(clock))

    told = capsys.readouterr().err
    assert error in told
    assert "INSERT INTO users" in told
    assert "DETAIL: ***" in told
    for secret in (NAME, "荷香路", "三单元", "secret-hash"):
        assert secret not in told


async def _log_failure(database: Database, rows: list[UserRow]) -> None:
    try:
        async with database.begin() as uow:
            uow.session.add_all(rows)
    except DBAPIError:
        structlog.get_logger().exception("job_failed")
        raise


@pytest.mark.parametrize(
    ("kind", "told_of_it"),
    [
        pytest.param(String, "invalid input syntax for type integer: ***", id="to the server"),
        pytest.param(Integer, "invalid input for query argument $1: ***", id="to the driver"),
    ],
)
async def test_a_value_of_the_wrong_kind_is_not_in_the_trace(
    database: Database,
    capsys: pytest.CaptureFixture[str],
    kind: type[TypeEngine[Any]],
    told_of_it: str,
) -> None:
    configure_logging(LogSettings(format="console"), role="worker")
    query = text("SELECT CAST(:number AS integer)").bindparams(bindparam("number", NAME, kind))

    try:
        async with database.read() as session:
            await session.execute(query)
    except DBAPIError:
        structlog.get_logger().exception("job_failed")

    told = capsys.readouterr().err
    assert told_of_it in told
    assert NAME not in told


class Told(pydantic.BaseModel):
    """What a payload of a job might hold."""

    age: int


def test_what_does_not_fit_its_shape_is_not_in_the_trace(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logging(LogSettings(format="console"), role="worker")

    try:
        Told.model_validate({"age": NAME})
    except pydantic.ValidationError:
        structlog.get_logger().exception("job_failed")

    told = capsys.readouterr().err
    assert "input_value=***, input_type=str" in told
    assert NAME not in told
