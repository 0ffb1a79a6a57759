"""The sweeper: finds again whatever a crash, a lost ring or a dead worker has dropped.

Any number may run at once: offering a row twice is harmless, and each round of the schedule is
written so that two rounds at once do no more than one.
"""

import asyncio
from datetime import datetime, timedelta

import structlog

from config.runtime import Runtime
from config.schedule import ABROAD, SCHEDULE, Round
from hotline.kernel import outbox
from hotline.kernel.errors import HotlineError

log = structlog.get_logger()

ROUND_SECONDS = 60.0
"""No round may keep the others waiting longer than this."""


async def sweep_outbox(runtime: Runtime, now: datetime) -> int:
    """Offer every row that is due and in nobody's hands; return how many were found."""
    async with runtime.database.read() as session:
        found = await outbox.due(session, now=now)
    if found:
        await runtime.doorbell.ring_again(found)
    return len(found)


async def sweep(runtime: Runtime, stop: asyncio.Event) -> None:
    """Sweep every interval, and make the rounds of the schedule, until `stop` is set."""
    home = (Round("outbox", timedelta(0), sweep_outbox), *SCHEDULE)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_make_rounds(runtime, stop, home))
        tasks.create_task(_make_rounds(runtime, stop, ABROAD))


async def _make_rounds(runtime: Runtime, stop: asyncio.Event, rounds: tuple[Round, ...]) -> None:
    interval = runtime.settings.sweeper.interval.total_seconds()
    last: dict[str, datetime] = {}
    while not stop.is_set():
        now = runtime.clock()
        for each in rounds:
            if each.name not in last or now - last[each.name] >= each.every:
                last[each.name] = now
                await _guarded(each, runtime)
        try:
            async with asyncio.timeout(interval):
                await stop.wait()
        except TimeoutError:
            continue


async def _guarded(each: Round, runtime: Runtime) -> None:
    """Make one round; whatever goes wrong in it is tried again at the next."""
    try:
        async with asyncio.timeout(ROUND_SECONDS):
            found = await each.make(runtime, runtime.clock())
    except (HotlineError, TimeoutError) as error:
        log.warning("round_missed", round=each.name, reason=str(error) or type(error).__name__)
    except Exception:
        log.exception("round_failed", round=each.name)
    else:
        if found:
            log.info("round_made", round=each.name, found=found)
