"""The doorbell: Redis tells workers and screens that there is news.

Nothing here is a promise. A ring that fails is logged and forgotten, and for a moment nobody tries
again, so that a dead Redis costs a request nothing; the sweeper offers the rows later, whatever
RQ thinks of them.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from typing import Any

import structlog
from redis import Redis
from redis.asyncio import Redis as AsyncRedis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from rq import Queue
from rq.serializers import JSONSerializer

from hotline.kernel.db import Message
from hotline.web.signals import Signal

log = structlog.get_logger()

QUEUE = "outbox"
ENTRY_POINT = "config.worker.carry_out"
CHANNEL = "hotline:signal:"

ANSWER_SECONDS = 2.0
"""How long a commit may wait for Redis at the worst."""
REST = timedelta(seconds=2)
"""After a failure nobody rings for this long."""
RING_LIVES = timedelta(minutes=10)
"""A ring that no worker has heard by then is dropped; the sweeper rings again."""
MEMORY_SECONDS = 300
"""How long RQ remembers a finished job. Not 0: RQ then deletes it at once, and a second worker
that has the same ring in hand, or a wiped Redis, makes it fail and quit."""
JOB_SECONDS = 120
"""Backstop far above the limit of a job: a worker that passes it is stuck and ends itself."""


class RedisDoorbell:
    """The kernel's Doorbell and the screens' Signals over one Redis."""

    def __init__(self, url: str) -> None:
        limits: dict[str, Any] = {
            "socket_timeout": ANSWER_SECONDS,
            "socket_connect_timeout": ANSWER_SECONDS,
        }
        # RQ is synchronous: its own connection, used in a thread.
        self._blocking = Redis.from_url(url, **limits)
        self.redis = AsyncRedis.from_url(url, **limits)
        # A listener waits for minutes, and is cancelled at the end: redis-py's own limits and
        # retries would swallow a cancellation that comes while it connects (wait_for of 3.11).
        self._listening = AsyncRedis.from_url(
            url, socket_timeout=None, socket_connect_timeout=None, retry=Retry(NoBackoff(), 0)
        )
        self._queue = Queue(QUEUE, connection=self._blocking, serializer=JSONSerializer)
        self._rests_until = 0.0

    async def ring(self, outbox_ids: Sequence[int]) -> None:
        """Offer outbox rows to the workers."""
        await self._try("ring", asyncio.to_thread, self._enqueue, outbox_ids)

    async def ring_again(self, outbox_ids: Sequence[int]) -> None:
        """Offer rows that may be waiting in the queue already; those are not doubled."""
        await self._try("ring_again", asyncio.to_thread, self._enqueue_missing, outbox_ids)

    async def publish(self, signals: Sequence[Message]) -> None:
        """Tell whoever listens on the topics, all in one round trip."""
        await self._try("publish", self._publish, signals)

    @asynccontextmanager
    async def subscribe(self, *topics: str) -> AsyncGenerator[AsyncIterator[Signal], None]:
        """Listen on topics while the context is open.

        Raises:
            ConnectionError: if Redis is not there; also from the iterator, when it goes away.
        """
        async with self._listening.pubsub(ignore_subscribe_messages=True) as listener:
            with _as_connection_error():
                async with asyncio.timeout(ANSWER_SECONDS):
                    await listener.subscribe(*(CHANNEL + topic for topic in topics))
            yield _Signals(listener)

    async def answers(self) -> bool:
        """Say whether Redis is there."""
        try:
            return bool(await self.redis.ping())
        except (RedisError, OSError):
            return False

    async def close(self) -> None:
        """Close every connection."""
        await self._listening.aclose()
        await self.redis.aclose()
        await asyncio.to_thread(self._blocking.close)

    async def _publish(self, signals: Sequence[Message]) -> None:
        async with self.redis.pipeline(transaction=False) as together:
            for topic, payload in signals:
                together.publish(CHANNEL + topic, json.dumps(dict(payload)))
            await together.execute()

    def _enqueue_missing(self, outbox_ids: Sequence[int]) -> None:
        waiting = set(self._queue.get_job_ids())
        self._enqueue([each for each in outbox_ids if job_id(each) not in waiting])

    def _enqueue(self, outbox_ids: Sequence[int]) -> None:
        self._queue.enqueue_many(
            [
                Queue.prepare_data(
                    ENTRY_POINT,
                    args=(outbox_id,),
                    job_id=job_id(outbox_id),
                    timeout=JOB_SECONDS,
                    ttl=int(RING_LIVES.total_seconds()),
                    result_ttl=MEMORY_SECONDS,
                    failure_ttl=MEMORY_SECONDS,
                )
                for outbox_id in dict.fromkeys(outbox_ids)
            ]
        )

    async def _try(self, what: str, act: Any, *arguments: Any) -> None:
        loop = asyncio.get_running_loop()
        if loop.time() < self._rests_until:
            return
        try:
            await act(*arguments)
        except (RedisError, OSError) as error:
            self._rests_until = loop.time() + REST.total_seconds()
            log.warning("doorbell_silent", act=what, reason=type(error).__name__)


def job_id(outbox_id: int) -> str:
    """Return the id under which RQ knows an outbox row."""
    return f"outbox-{outbox_id}"


class _Signals:
    """What a listener hears, one signal after another."""

    def __init__(self, listener: PubSub) -> None:
        self._listener = listener

    def __aiter__(self) -> "_Signals":
        """Return itself."""
        return self

    async def __anext__(self) -> Signal:
        """Wait for the next signal.

        Raises:
            ConnectionError: if Redis went away.
        """
        message = None
        while message is None:
            with _as_connection_error():
                message = await self._listener.get_message(timeout=None)
        topic = message["channel"].decode().removeprefix(CHANNEL)
        return Signal(topic, json.loads(message["data"]))


@contextmanager
def _as_connection_error() -> Iterator[None]:
    try:
        yield
    except (RedisError, TimeoutError) as error:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            # redis-py makes an error of its own of a cancellation that comes while it connects.
            raise asyncio.CancelledError from error
        raise ConnectionError("signals cannot be heard") from error
