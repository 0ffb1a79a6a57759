import pytest

from hotline.contacts.calls import service as calls
from hotline.kernel.clock import Clock
from hotline.kernel.db import Database
from tests.integration.hotline.queues.floor import SmallFloor


@pytest.fixture
async def floor(database: Database, clock: Clock) -> SmallFloor:
    """An empty floor served by one voice process."""
    async with database.begin() as uow:
        process_id = await calls.start_process(uow, "voice", now=clock())
    return SmallFloor(database, clock(), process_id)
