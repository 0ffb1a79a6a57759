"""The one place that asks the clock; everybody else takes `now`."""

from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

Clock = Callable[[], datetime]
"""Returns the present instant, aware and in UTC."""

SHANGHAI = ZoneInfo("Asia/Shanghai")
"""The zone of every wall-clock rule and screen; the database holds UTC."""


def system_clock() -> datetime:
    """Return the present instant in UTC."""
    return datetime.now(UTC)  # noqa: TID251 - this is the place that may
