"""When a session is refreshed, and when it has died (RFC 4028 7.2, 10)."""

from collections.abc import Callable

from channels.voice.sip.alarms import NEVER

GLARE_PAUSE = 3.0
"""Seconds until a refresh that met an offer of the other side is tried again, for who made the
Call-ID (RFC 3261 14.1: 2.1 to 4)."""

OTHER_GLARE_PAUSE = 1.0
"""The same for the other side (0 to 2), so that the two do not meet for ever."""


class SessionTimer:
    """The running timer of one call."""

    __slots__ = ("_on_end", "_on_refresh", "alarm_at", "end_at", "refresh_at")

    def __init__(
        self,
        on_refresh: Callable[[float], None],
        on_end: Callable[[float], None],
    ) -> None:
        self._on_refresh = on_refresh
        self._on_end = on_end
        self.refresh_at = NEVER
        self.end_at = NEVER
        self.alarm_at = NEVER

    def next_timer(self) -> float | None:
        """Return when to refresh, or to give the call up."""
        due = min(self.refresh_at, self.end_at)
        return None if due == NEVER else due

    def handle_timer(self, now: float) -> None:
        """Refresh, or give up."""
        if now >= self.end_at:
            self.stop()
            self._on_end(now)
        elif now >= self.refresh_at:
            # Until the refresh is answered, the next try is half way to the end.
            self.refresh_at = now + max((self.end_at - now) / 2, GLARE_PAUSE)
            self._on_refresh(now)

    def start(self, seconds: int, *, is_ours: bool, now: float) -> None:
        """Run anew for an interval; `is_ours` if the refreshes are (RFC 4028 10)."""
        # Who waits gives up a little before the end, so that the BYE still finds its way.
        self.end_at = now + (seconds if is_ours else seconds - min(32, seconds // 3))
        self.refresh_at = now + seconds / 2 if is_ours else NEVER

    def stop(self) -> None:
        """Run no more."""
        self.refresh_at = self.end_at = NEVER
