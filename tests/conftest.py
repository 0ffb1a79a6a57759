"""Every test: its folder is its category, and only unit tests are free of the outside."""

import asyncio
import tempfile
from collections.abc import AsyncGenerator, Callable, Generator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import pytest_socket
import structlog
from argon2 import PasswordHasher
from hypothesis import HealthCheck, settings
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from xdist.scheduler import LoadScopeScheduling

from config.embedded import EmbeddedPostgres
from config.loading import migrate
from config.subscriptions import SUBSCRIPTIONS
from hotline.accounts import passwords
from hotline.kernel.db import Database
from tests.fakes.emptying import Emptier

# A machine that stands still for seconds says nothing about what is tested.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")

CATEGORIES = ("unit", "contract", "integration", "e2e", "architecture")
HERE = Path(__file__).parent
ON_TIME = ("contract", "e2e", "integration/channels", "integration/config")
"""Where sound, telephones, browsers and whole installations are waited for."""
ALONE = ("e2e/voice", "e2e/telephony", "e2e/faults", "e2e/test_")
"""Where browsers and other makers' phones talk, or a whole installation runs: one at a time."""
SECOND_CHANCES = 2
"""How often such a test is played again: a machine that stood still for seconds is no defect.

The summary names every test that needed it (RERUN); one that does so twice wants mending.
"""
LONGEST_SECONDS = 300
"""What a test with a database may last; what it waits for has limits of its own."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test by its folder; a test outside the folders is an error."""
    for item in items:
        category = item.path.relative_to(HERE).parts[0]
        if category not in CATEGORIES:
            raise pytest.UsageError(f"{item.nodeid}: put it under one of {CATEGORIES}")
        item.add_marker(category)
        where = item.path.relative_to(HERE).as_posix()
        if where.startswith(ON_TIME):
            item.add_marker(pytest.mark.flaky(reruns=SECOND_CHANCES))
        if category != "unit" and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(LONGEST_SECONDS))


class OneWorkerForAlone(LoadScopeScheduling):
    """Every test goes to whoever is free, but those of `ALONE` all to one worker, and first.

    The marker `xdist_group` does nothing with xdist 3.8 under pytest 9.2: it changes a node id
    that is not read any more.
    """

    def _split_scope(self, nodeid: str) -> str:
        return "alone" if nodeid.removeprefix("tests/").startswith(ALONE) else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> OneWorkerForAlone:
    """Let the tests be shared out so, whatever `--dist` says."""
    return OneWorkerForAlone(config, log)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Unit tests open no network socket; nobody else waits for hashes that are slow by design."""
    is_unit = item.get_closest_marker("unit") is not None
    passwords._hasher = THOROUGH if is_unit else QUICK
    if is_unit:
        pytest_socket.disable_socket(allow_unix_socket=True)
    else:
        pytest_socket.enable_socket()


THOROUGH = passwords._hasher
QUICK = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1)
"""A password's hash costs the machine a quarter of a second otherwise, at each sign-in."""


@pytest.fixture(scope="session", autouse=True)
def _loggers_can_be_heard() -> Generator[None, None, None]:
    """Keep loggers from caching what some test configured: `capture_logs` hears no cached one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(structlog, "configure", partial(_configure_uncached, structlog.configure))
        yield


def _configure_uncached(configure: Callable[..., None], **options: Any) -> None:
    configure(**{**options, "cache_logger_on_first_use": False})


@dataclass
class FakeClock:
    """A clock that moves only when a test says so."""

    now: datetime = datetime(2026, 3, 11, 2, 0, tzinfo=UTC)  # Wednesday 10:00 in Shanghai

    def __call__(self) -> datetime:
        return self.now

    def advance(self, by: timedelta) -> datetime:
        self.now += by
        return self.now


@pytest.fixture
def clock() -> FakeClock:
    """A fake clock at Wednesday 2026-03-11 10:00 Shanghai time."""
    return FakeClock()


@pytest.fixture(scope="session")
def postgres_url() -> Generator[str, None, None]:
    """The URL of an empty PostgreSQL of this test run: `postgresql+asyncpg://…`.

    Not in pytest's own folder: as root the server is another user, and a second pytest run
    closes that folder to it.
    """
    with tempfile.TemporaryDirectory(prefix="hotline-tests-") as folder:
        server = EmbeddedPostgres(Path(folder) / "postgres")
        url = server.start()
        yield url
        server.stop()


@pytest.fixture(scope="session")
def _schema(postgres_url: str) -> str:
    """Build the schema once a run, by the migrations; nobody pulls this server's plug."""
    asyncio.run(_at_leisure(postgres_url))
    return postgres_url


async def _at_leisure(url: str) -> None:
    await migrate(url)
    engine = create_async_engine(url, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        name = await connection.scalar(text("SELECT current_database()"))
        await connection.execute(text(f'ALTER DATABASE "{name}" SET synchronous_commit = off'))
    await engine.dispose()


@pytest.fixture(scope="session")
def emptier(_schema: str) -> Generator[Emptier, None, None]:
    """What empties the database between tests."""
    emptier = Emptier(_schema)
    yield emptier
    emptier.close()


@pytest.fixture
def database_url(_schema: str, emptier: Emptier) -> str:
    """The URL of the migrated database, emptied for this test."""
    emptier.empty()
    return _schema


@pytest.fixture(scope="session")
def database_engine(_schema: str) -> AsyncEngine:
    """One engine for all tests: it keeps what it has compiled, but no connection."""
    return Database.connect(_schema, clock=FakeClock()).engine


@pytest.fixture
async def database(
    database_url: str, database_engine: AsyncEngine, clock: FakeClock
) -> AsyncGenerator[Database, None]:
    """An empty migrated PostgreSQL; events are owed as in production, nobody is rung."""
    database = Database(database_engine, clock=clock, subscriptions=SUBSCRIPTIONS)
    yield database
    await database.close()
