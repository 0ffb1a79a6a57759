"""What the pages of the running system need from outside."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
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
    backup_age: timedelta
    """The last backup may be so old; 0: nobody asks."""
    backup_proof_age: timedelta
    """So long ago one may have been loaded and compared; 0: nobody asks."""


OPERATIONS: Final[web.AppKey[OperationsOptions]] = web.AppKey("operations")
