"""The sweeper: offers again what was dropped, and makes the rounds of the schedule."""

import asyncio

from config.runtime import Runtime
from config.supervisor import Ready
from config.sweeper import sweep


async def serve(runtime: Runtime, stop: asyncio.Event, ready: Ready) -> None:
    """Sweep until `stop` is set."""
    ready({})
    await sweep(runtime, stop)
