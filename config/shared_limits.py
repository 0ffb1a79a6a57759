"""Limits of what one source may do, counted in Redis when several web processes serve it.

While Redis is away each process counts for itself, as a single one always does: a form is not
refused for it, and nobody may do more than so many times as there are processes.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import uuid4

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from hotline.web.rates import RateLimit, TooMany

log = structlog.get_logger()

KEYS: Final = "hotline:limit:"

# A sorted set of tries by time. Asks, and counts one more if the last argument names it; answers
# with the oldest try that stands in the way, or with nothing.
_COUNT: Final = """
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1] - ARGV[2])
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[3]) then
  return redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]
end
if ARGV[4] ~= '' then
  redis.call('ZADD', KEYS[1], ARGV[1], ARGV[4])
  redis.call('EXPIRE', KEYS[1], math.ceil(ARGV[2]))
end
return false
"""


@dataclass(slots=True)
class SharedLimit:
    """At most `times` within `window` for each source, in all processes together."""

    redis: Redis
    name: str
    times: int
    window: timedelta
    _own: RateLimit = field(init=False)

    def __post_init__(self) -> None:
        """Begin to count for the times when Redis is away."""
        self._own = RateLimit(self.times, self.window)

    async def check(self, source: str, *, now: datetime) -> None:
        """Count one more of `source`.

        Raises:
            TooMany: if it has had its number; this try is then not counted.
        """
        if not await self._asked(source, uuid4().hex, now):
            self._own.check(source, now=now)

    async def peek(self, source: str, *, now: datetime) -> None:
        """Count nothing.

        Raises:
            TooMany: if `source` has had its number.
        """
        if not await self._asked(source, "", now):
            self._own.peek(source, now=now)

    async def _asked(self, source: str, counted: str, now: datetime) -> bool:
        """Say whether Redis answered that one more is allowed; False if it is away."""
        # Sources are addresses of people: not even Redis keeps them in clear.
        key = f"{KEYS}{self.name}:{hashlib.blake2b(source.encode(), digest_size=16).hexdigest()}"
        values: tuple[Any, ...] = (
            now.timestamp(),
            self.window.total_seconds(),
            self.times,
            counted,
        )
        try:
            oldest = await self.redis.eval(_COUNT, 1, key, *values)
        except (RedisError, OSError) as error:
            log.warning("limits_apart", limit=self.name, reason=type(error).__name__)
            return False
        if oldest is not None:
            since = datetime.fromtimestamp(float(oldest), tz=now.tzinfo)
            raise TooMany(since + self.window - now)
        return True
