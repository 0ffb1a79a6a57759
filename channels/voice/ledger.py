"""What calls write down as they go on: at once, or in the same order once the database is back.

A database that is away costs nobody the call. What happened has happened: an act brings its own
time with it, and one that is refused when its turn comes is logged and dropped.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

import structlog

from channels.voice.waiters import patiently
from hotline.kernel.db import Database, UnitOfWork
from hotline.kernel.errors import HotlineError, Unavailable

log = structlog.get_logger()

Act = Callable[[UnitOfWork], Awaitable[object]]
Work = Callable[[], Awaitable[object]]

MOST_OWED = 20_000
"""An hour of a busy house; beyond that the oldest goes, and the sweeper ends what it would have."""


class Ledger:
    """Carries out acts in the order in which they came, each in a transaction of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._owed: deque[tuple[str, Work]] = deque(maxlen=MOST_OWED)
        self._settling = asyncio.Lock()

    async def write(self, what: str, act: Act) -> None:
        """Carry an act out now; later if the database is away, or earlier ones are owed.

        An act may be carried out twice: the database may go away in the middle of a commit.
        """

        async def work() -> None:
            async with self._database.begin() as uow:
                await act(uow)

        await self.carry_out(what, work)

    async def carry_out(self, what: str, work: Work) -> None:
        """Do the same with work that opens its transactions itself."""
        entry = what, work
        if self._owed:
            self._owed.append(entry)
            return
        try:
            await _try(entry)
        except Unavailable:
            log.warning("written_later", what=what)
            self._owed.append(entry)

    async def settle(self) -> None:
        """Carry out what is owed.

        Raises:
            Unavailable: if the database is away still; what is left stays owed.
        """
        async with self._settling:
            while self._owed:
                entry = self._owed[0]
                try:
                    await _try(entry)
                except Unavailable:
                    raise
                except Exception:
                    # Whatever is wrong with it must not hold up what comes after it.
                    log.exception("not_written", what=entry[0])
                if self._owed and self._owed[0] is entry:
                    self._owed.popleft()


async def _try(entry: tuple[str, Work]) -> None:
    what, work = entry
    try:
        async with patiently():
            await work()
    except Unavailable:
        raise
    except HotlineError as error:
        log.warning("not_written", what=what, reason=type(error).__name__)
