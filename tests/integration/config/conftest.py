"""One Valkey for these tests, emptied for each."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from redis import Redis

from config.embedded import EmbeddedValkey
from config.runtime import Runtime, Servers, open_runtime
from config.settings import load_settings
from tests.conftest import FakeClock


@pytest.fixture(scope="session")
def valkey_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    server = EmbeddedValkey(tmp_path_factory.mktemp("valkey") / "data")
    yield server.start()
    server.stop()


@pytest.fixture
def redis(valkey_url: str) -> Iterator[Redis]:
    with Redis.from_url(valkey_url) as client:
        client.flushall()
        yield client


@pytest.fixture
def servers(database_url: str, valkey_url: str, redis: Redis) -> Servers:
    return Servers(database_url=database_url, redis_url=valkey_url)


@pytest.fixture
async def runtime(servers: Servers, clock: FakeClock, tmp_path: Path) -> AsyncIterator[Runtime]:
    async with open_runtime(load_settings({"data": tmp_path}), servers, clock=clock) as runtime:
        yield runtime
