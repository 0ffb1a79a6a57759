"""`hotline report recordings`: exit 1 when a call has no proof."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from config.cli import main, options
from config.runtime import Servers
from hotline.contacts.calls import service as calls
from hotline.contacts.calls.states import CallDirection, CallEnd
from hotline.contacts.calls.values import CallDraft
from hotline.kernel.db import Database
from hotline.kernel.ids import SeatId, new_id

NOON = datetime(2026, 3, 11, 4, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _schema_of_the_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests build their schema from the rows, which no revision names."""

    async def accept(_url: str) -> None:
        pass

    monkeypatch.setattr(options, "require_schema", accept)


def report(servers: Servers, data: Path, day: str) -> Result:
    environment = {
        "HOTLINE_DATABASE_URL": servers.database_url.replace("+asyncpg", ""),
        "HOTLINE_REDIS_URL": servers.redis_url,
    }
    arguments = ["report", "recordings", "--data", str(data), "--day", day]
    return CliRunner().invoke(main, arguments, env=environment)


async def answered_call(database: Database, *, notice: bool) -> None:
    async with database.begin() as uow:
        process_id = await calls.start_process(uow, str(new_id()), now=NOON)
        draft = CallDraft(
            process_id=process_id,
            direction=CallDirection.INBOUND,
            line="12319",
            number=None,
            number_hash=None,
            to_number="12319",
            sip_call_id=str(new_id()),
            contact_id=None,
        )
        call_id = await calls.open_call(uow, draft, now=NOON)
        await calls.answer_call(uow, call_id, now=NOON)
        if notice:
            await calls.play_notice(uow, call_id, version="7", now=NOON)
        await calls.enter_queue(uow, call_id, queue="main", now=NOON)
        await calls.connect_call(uow, call_id, seat_id=SeatId(new_id()), now=NOON)
        await calls.end_call(uow, call_id, end=CallEnd.SEAT_HUNG_UP, now=NOON)


@pytest.mark.parametrize(
    ("notice", "status", "last"),
    [
        (False, 0, "2026-03-11: 1 calls with a talk or a message, 0 without proof"),
        (True, 1, "2026-03-11: 1 calls with a talk or a message, 1 without proof"),
    ],
    ids=["explained", "unproven"],
)
async def test_a_call_without_a_recording_needs_its_reason(
    database: Database, servers: Servers, tmp_path: Path, notice: bool, status: int, last: str
) -> None:
    await answered_call(database, notice=notice)

    result = await asyncio.to_thread(report, servers, tmp_path, "2026-03-11")

    assert result.output.strip().splitlines()[-1] == last
    assert result.exit_code == status


async def test_a_day_without_calls_is_proven(
    database: Database, servers: Servers, tmp_path: Path
) -> None:
    result = await asyncio.to_thread(report, servers, tmp_path, "2026-03-12")

    assert result.output.strip() == "2026-03-12: 0 calls with a talk or a message, 0 without proof"
    assert result.exit_code == 0
