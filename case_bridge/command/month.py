"""The running month on every screen at once, reckoned no oftener than once a minute."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, Final, TypeAlias

from sqlalchemy.ext.asyncio import AsyncSession

from hotline.kernel.ids import UnitId

AGE: Final = timedelta(minutes=1)
"""The running month counts every case of the month: it is reckoned anew so often."""

Reckon: TypeAlias = Callable[[AsyncSession, UnitId | None, datetime], Awaitable[dict[str, Any]]]


class RunningMonth:
    """The ranking of units in the running month, kept for all screens of a process.

    One of the whole city, and one of each district that somebody looks at.
    """

    def __init__(self) -> None:
        self._found: dict[UnitId | None, tuple[datetime, dict[str, Any]]] = {}
        self._turn = asyncio.Lock()

    async def take(
        self, session: AsyncSession, reckon: Reckon, *, district: UnitId | None, now: datetime
    ) -> dict[str, Any]:
        """Return the running month; one screen reckons it if it is old, the others wait for it."""
        async with self._turn:
            read_at, found = self._found.get(district, (None, {}))
            if read_at is None or now - read_at >= AGE:
                found = await reckon(session, district, now)
                self._found[district] = now, found
            return found
