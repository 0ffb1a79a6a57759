"""News for live screens: a hint that something changed; the screens read what from SQL."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol


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
