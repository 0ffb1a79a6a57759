"""What workers do: the job for each name in the outbox, and how one row is carried out."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy.exc import DBAPIError

from hotline.kernel import outbox
from hotline.kernel.errors import Unavailable

if TYPE_CHECKING:
    from config.runtime import Runtime

log = structlog.get_logger()

Job = Callable[["Runtime", Mapping[str, Any]], Awaitable[None]]
"""Idempotent: a second run with the same payload changes nothing."""

JOB_LIMIT = outbox.LEASE - timedelta(seconds=10)
"""A job ends before its lease does, so that no two workers run it at once."""

JOBS: Mapping[str, Job] = {}


async def run_outbox_row(runtime: "Runtime", outbox_id: int) -> None:
    """Carry out one row of the outbox, if it is due and nobody has it.

    `Unavailable` and lost races of the database put the row back; anything else is a bug, and
    buries it where a person sees it.
    """
    async with runtime.database.begin() as uow:
        held = await outbox.claim(uow.session, outbox_id, now=runtime.clock())
    if held is None:
        return
    error, gap, final = await _attempt(runtime, held)
    async with runtime.database.begin() as uow:
        now = runtime.clock()
        if error is None:
            kept = await outbox.complete(uow.session, held, now=now)
        elif final:
            kept = await outbox.bury(uow.session, held, error=error)
        else:
            kept = await outbox.put_back(uow.session, held, error=error, gap=gap, now=now)
    if not kept:
        log.warning("lease_lost", job=held.job, outbox_id=outbox_id, attempt=held.attempt)


async def _attempt(
    runtime: "Runtime", held: outbox.Claim
) -> tuple[str | None, timedelta | None, bool]:
    """Run the job; return what went wrong, when to try again, and whether that is the end."""
    fields = {"job": held.job, "outbox_id": held.outbox_id, "attempt": held.attempt}
    job = JOBS.get(held.job)
    if job is None:
        log.error("job_unknown", **fields)
        return f"no job is named {held.job}", None, True
    try:
        async with asyncio.timeout(JOB_LIMIT.total_seconds()):
            await job(runtime, held.payload)
    except Unavailable as error:
        log.warning("job_put_back", reason=str(error), **fields)
        return (
            str(error),
            max(error.retry_after, outbox.FIRST_GAP * 2 ** min(held.attempt, 9)),
            False,
        )
    except TimeoutError:
        log.warning("job_put_back", reason="it took too long", **fields)
        return "it took too long", None, False
    except Exception as error:
        # Exception texts may carry personal data: the row keeps the type, the log the trace.
        reason = type(error).__name__
        if isinstance(error, DBAPIError) and str(getattr(error.orig, "sqlstate", ""))[:2] == "40":
            log.warning("job_put_back", reason=reason, **fields)
            return reason, None, False
        log.exception("job_failed", **fields)
        return reason, None, True
    return None, None, False
