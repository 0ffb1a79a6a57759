"""The hand: an RQ worker that carries out outbox rows, one after another, on one event loop.

RQ only says which row to look at; whether it is still owed, and who holds it, the outbox knows.
So a worker may be killed at any moment: the row's lease runs out and the sweeper offers it again.
A loop of its own for each job would open new database connections each time.
"""

import asyncio
import math
import os
import time
from collections.abc import Callable

import structlog
from redis import Redis
from redis.client import Pipeline
from rq import Queue, SimpleWorker
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.timeouts import JobTimeoutException

from config.alive import EVERY_SECONDS, Life
from config.doorbell import QUEUE
from config.jobs import run_outbox_row
from config.runtime import Runtime, Servers, open_runtime
from config.settings import Settings
from config.supervisor import Ready
from hotline.kernel.clock import Clock, system_clock
from hotline.kernel.errors import Unavailable

log = structlog.get_logger()

WORKER_TTL = 60
MAINTENANCE_INTERVAL = 30

_hand: tuple[asyncio.Runner, Runtime] | None = None


class Hand(SimpleWorker):
    """The worker as the rules of the house set it: one queue, JSON, no scheduler."""

    def __init__(self, connection: Redis, ready: Ready, tell: Callable[[], None]) -> None:
        queue = Queue(QUEUE, connection=connection, serializer=JSONSerializer)
        super().__init__(
            [queue],
            connection=connection,
            serializer=JSONSerializer,
            worker_ttl=WORKER_TTL,
            maintenance_interval=MAINTENANCE_INTERVAL,
            log_job_description=False,
        )
        self._ready: Ready | None = ready
        self._tell = tell
        self._told_at = -math.inf

    def dequeue_job_and_maintain_ttl(
        self, timeout: int | None, max_idle_time: int | None = None
    ) -> tuple[Job, Queue] | None:
        """Wait for a job; the first wait says that we are ready.

        Only here are signals handled, and their exception caught, for sure.
        """
        if self._ready:
            self._ready({})
            self._ready = None
        found: tuple[Job, Queue] | None = super().dequeue_job_and_maintain_ttl(
            timeout, max_idle_time
        )
        return found

    def heartbeat(self, timeout: int | None = None, pipeline: Pipeline | None = None) -> None:
        """Tell RQ that we live, as each wait without a job ends; and the house, outside a job."""
        super().heartbeat(timeout, pipeline=pipeline)
        if pipeline is None:
            self._tell_alive()

    def _tell_alive(self) -> None:
        if time.monotonic() - self._told_at >= EVERY_SECONDS:
            self._told_at = time.monotonic()
            self._tell()


def carry_out(outbox_id: int) -> None:
    """Carry out one outbox row; RQ calls this by its name."""
    assert _hand is not None
    runner, runtime = _hand
    try:
        runner.run(run_outbox_row(runtime, outbox_id))
    except Unavailable as error:
        # The row is still owed, and the sweeper offers it again.
        log.warning("row_left", outbox_id=outbox_id, reason=str(error))
    except JobTimeoutException:
        # Whatever holds the loop cannot be trusted to let go; a fresh process can.
        log.critical("worker_stuck", outbox_id=outbox_id)
        os._exit(os.EX_SOFTWARE)


def work(
    settings: Settings,
    servers: Servers,
    *,
    ready: Ready = lambda _: None,
    burst: bool = False,
    clock: Clock = system_clock,
) -> None:
    """Carry out rows until SIGTERM or SIGINT; the row in hand is finished first.

    With `burst`, return as soon as the queue is empty. Must run in the main thread.
    """
    global _hand  # noqa: PLW0603 - RQ calls `carry_out` with the row's id and nothing else
    with asyncio.Runner() as runner:
        context = open_runtime(settings, servers, clock=clock)
        runtime = runner.run(context.__aenter__())
        _hand = (runner, runtime)
        connection = Redis.from_url(servers.redis_url)
        try:
            life = Life("worker", clock())
            hand = Hand(connection, ready, lambda: runner.run(life.tell(runtime)))
            hand.work(burst=burst, logging_level="WARNING", with_scheduler=False)
            runner.run(life.end(runtime))
        finally:
            _hand = None
            connection.close()
            runner.run(context.__aexit__(None, None, None))
