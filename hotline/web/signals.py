"""News for live screens: a hint that something changed; the screens read what from SQL."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol

BACKLOG = 100
"""Signals that one slow screen may leave unread; older ones are dropped, as Redis would."""


@dataclass(frozen=True, slots=True)
class Signal:
    """One hint: the topic and a few ids. May be lost, doubled or late."""

    topic: str
    payload: Mapping[str, Any]


class Signals(Protocol):
    """Where live screens listen."""

    def subscribe(self, *topics: str) -> AbstractAsyncContextManager[AsyncIterator[Signal]]:
        """Listen on topics while the context is open.

        The iterator ends, or raises OSError, when the line is lost; the screen then goes on with
        its own refresh and may subscribe again.
        """


class MemorySignals:
    """Signals within one process; also a doorbell's `publish` side."""

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
