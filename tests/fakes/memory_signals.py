"""Signals to live screens without Redis, for tests."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from hotline.web.signals import Signal

BACKLOG = 100
"""Signals that one slow screen may leave unread; older ones are dropped, as Redis would."""


class MemorySignals:
    """Signals within one process."""

    def __init__(self) -> None:
        self._listeners: dict[asyncio.Queue[Signal], frozenset[str]] = {}

    async def publish(self, topic: str, payload: Mapping[str, Any]) -> None:
        """Tell whoever listens on `topic`; a listener with a full backlog misses it."""
        for queue, topics in self._listeners.items():
            if topic in topics:
                with contextlib.suppress(asyncio.QueueFull):
                    queue.put_nowait(Signal(topic, payload))

    @asynccontextmanager
    async def subscribe(self, *topics: str) -> AsyncGenerator[AsyncIterator[Signal], None]:
        """Listen on topics while the context is open."""
        queue: asyncio.Queue[Signal] = asyncio.Queue(BACKLOG)
        self._listeners[queue] = frozenset(topics)
        try:
            yield _drain(queue)
        finally:
            del self._listeners[queue]


async def _drain(queue: asyncio.Queue[Signal]) -> AsyncIterator[Signal]:
    while True:
        yield await queue.get()
