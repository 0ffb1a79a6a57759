"""What is looked at again and again: each round finds work whose time has come."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from config.runtime import Runtime


@dataclass(frozen=True, slots=True)
class Round:
    """One thing to look at, and how often."""

    name: str
    every: timedelta
    make: Callable[[Runtime, datetime], Awaitable[int]]
    """Returns how much was found."""


SCHEDULE: tuple[Round, ...] = ()
