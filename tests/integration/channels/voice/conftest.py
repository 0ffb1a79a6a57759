from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from channels.voice.tones import write_tone
from hotline.kernel.clock import system_clock
from hotline.kernel.db import Database
from tests.integration.channels.voice.hall import Hall, open_hall

CITIZEN_HZ, SEAT_HZ = 440.0, 880.0


@pytest.fixture
async def live_database(database_url: str) -> AsyncGenerator[Database, None]:
    """An empty database whose time is the real one: sound cannot be hurried."""
    database = Database.connect(database_url, clock=system_clock)
    yield database
    await database.close()


@pytest.fixture
async def hall(live_database: Database, tmp_path: Path) -> AsyncGenerator[Hall, None]:
    async with open_hall(live_database, tmp_path) as hall:
        yield hall


@pytest.fixture
def citizen_voice(tmp_path: Path) -> Path:
    return write_tone(tmp_path / "citizen.wav", CITIZEN_HZ, seconds=2)


@pytest.fixture
def seat_voice(tmp_path: Path) -> Path:
    return write_tone(tmp_path / "seat.wav", SEAT_HZ, seconds=2)
