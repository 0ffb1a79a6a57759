"""Waiting for the first of several things, leaving nothing running behind.

`asyncio.wait_for` is not used in calls: in Python 3.11 it loses a cancellation that comes in the
moment in which the thing is done, and the task then runs on for ever.
"""

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from hotline.kernel.errors import Unavailable
from hotline.kernel.tasks import spawn

ASK_AGAIN_SECONDS = 1.0

PATIENCE_SECONDS = 10.0
"""No statement of a call takes that long while the database is there."""

CLEAN_UP_SECONDS = 20.0
"""What is left of a clean-up after so long is not waited for: a database may be away."""


async def stop_tasks(*tasks: asyncio.Task[Any]) -> None:
    """Cancel tasks and wait until they have ended."""
    pending = {task for task in tasks if not task.done()}
    while pending:
        for task in pending:
            task.cancel()
        # A library inside may still swallow a cancellation; ask again until it is heard.
        _, pending = await asyncio.wait(pending, timeout=ASK_AGAIN_SECONDS)


@asynccontextmanager
async def patiently() -> AsyncGenerator[None, None]:
    """Give the database so long and no longer: a host that died does not even refuse.

    Raises:
        Unavailable: if the block takes longer; its connection is given up.
    """
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            yield
    except TimeoutError as error:
        raise Unavailable("the database") from error


async def to_its_end(work: Coroutine[Any, Any, None], name: str) -> None:
    """Clean up to the end, however often whoever waits is cancelled meanwhile.

    The cancellation is raised afterwards. Without this, one that is repeated (`stop_tasks`) would
    leave the second half of a clean-up undone.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + CLEAN_UP_SECONDS
    task = spawn(work, name)
    cancelled: asyncio.CancelledError | None = None
    while not task.done() and loop.time() < until:
        try:
            await asyncio.wait([task], timeout=until - loop.time())
        except asyncio.CancelledError as error:
            cancelled = error
    task.cancel()  # nothing if it has ended
    if cancelled is not None:
        raise cancelled
    if task.done():
        task.result()


async def first_of(
    *things: "asyncio.Future[Any] | asyncio.Event", timeout: float | None = None
) -> bool:
    """Wait until one of the things is done or set; False if none was within `timeout` seconds."""
    waits = [spawn(_until(thing), "wait for one of several") for thing in things]
    try:
        done, _ = await asyncio.wait(waits, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await stop_tasks(*waits)
    return bool(done)


async def _until(thing: "asyncio.Future[Any] | asyncio.Event") -> None:
    if isinstance(thing, asyncio.Event):
        await thing.wait()
    else:
        # Not awaited itself: cancelling the wait must not cancel what is waited for.
        await asyncio.wait([thing])
