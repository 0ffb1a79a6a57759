"""A process says again and again that it lives, for the page of the system's administrators."""

import asyncio
import os
import shutil
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy.exc import SQLAlchemyError

from config.runtime import Runtime
from config.wiring import recordings_folder
from hotline.kernel.errors import HotlineError
from hotline.kernel.ids import new_id
from hotline.kernel.tasks import spawn
from hotline.reports.processes.service import SignOfLife, say_alive, say_ended

log = structlog.get_logger()

EVERY_SECONDS: Final = 20.0
ANSWER_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Life:
    """One life of one role."""

    role: str
    started_at: datetime
    process_id: UUID = field(default_factory=new_id)

    async def tell(self, runtime: Runtime) -> None:
        """Say that it lives; a database that does not answer hears it the next time."""
        told = self._told(recordings_folder(runtime.settings))
        async with _heard(), runtime.database.begin() as uow:
            await say_alive(uow, self.process_id, told, now=runtime.clock())

    async def end(self, runtime: Runtime) -> None:
        """Say that it ends."""
        async with _heard(), runtime.database.begin() as uow:
            await say_ended(uow, self.process_id, now=runtime.clock())

    def _told(self, recordings: Path) -> SignOfLife:
        place = next(each for each in (recordings, *recordings.parents) if each.exists())
        disk = shutil.disk_usage(place)
        return SignOfLife(
            role=self.role,
            host=socket.gethostname(),
            pid=os.getpid(),
            version=version("hotline"),
            started_at=self.started_at,
            disk_free=disk.free,
            disk_total=disk.total,
        )


@asynccontextmanager
async def telling(runtime: Runtime, role: str) -> AsyncGenerator[None, None]:
    """Say that this process lives while the block runs, and at its end that it has ended."""
    life = Life(role, runtime.clock())
    teller = spawn(_tell(life, runtime), "say that we live")
    try:
        yield
    finally:
        teller.cancel()
        await asyncio.gather(teller, return_exceptions=True)
        await life.end(runtime)


async def _tell(life: Life, runtime: Runtime) -> None:
    while True:
        await life.tell(runtime)
        await asyncio.sleep(EVERY_SECONDS)


@asynccontextmanager
async def _heard() -> AsyncGenerator[None, None]:
    """Wait a little for the database; whatever is wrong with it, calls and work go on."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            yield
    except (HotlineError, SQLAlchemyError, TimeoutError, OSError) as error:
        log.warning("sign_of_life_not_heard", reason=type(error).__name__)
