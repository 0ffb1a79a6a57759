"""What the pages of the running system need from outside."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from aiohttp import web


@dataclass(frozen=True, slots=True)
class OperationsOptions:
    """Ports to what only the configuration knows."""

    roles: tuple[str, ...]
    """Every role of which one process must live somewhere."""
    ask_redis: Callable[[], Awaitable[bool]]
    find_problems: Callable[[], Awaitable[Sequence[str]]]
    """What `hotline check` finds; takes seconds."""


OPERATIONS: Final[web.AppKey[OperationsOptions]] = web.AppKey("operations")
