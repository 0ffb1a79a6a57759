"""What rtpengine counts of one leg, put together from its answers; pure."""

from typing import Any

from channels.voice.media.engine import MediaStatistics
from channels.voice.rtp.codec import FRAME_MS
from channels.voice.rtpengine.bodies import INNER, TELEPHONE
from channels.voice.rtpengine.ng import Answer


class Counters:
    """Of one leg, from its opening on."""

    def __init__(self, now: float) -> None:
        self.heard_at = now
        """When the telephone was last known to have sent."""
        self._received = 0
        self._errors = 0
        self._passed = 0
        self._seen_inner = 0
        self._played = 0

    def take(self, answer: Answer, *, is_heard: bool, now: float) -> None:
        """Take an answer to `query`; `is_heard`: the partner's packets reach the telephone."""
        received, self._errors = _stats(answer, TELEPHONE)
        if received > self._received:
            self._received, self.heard_at = received, now
        inner, _ = _stats(answer, INNER)
        if is_heard:
            self._passed += max(inner - self._seen_inner, 0)
        self._seen_inner = inner

    def add_played(self, seconds: float) -> None:
        """Add what rtpengine played itself, which it does not count."""
        self._played += round(seconds * 1000 / FRAME_MS)

    def statistics(self, idle_seconds: float) -> MediaStatistics:
        """Return the counters; what rtpengine 10.5 does not tell is 0 or None."""
        return MediaStatistics(
            packets_sent=self._passed + self._played,
            packets_received=self._received,
            packets_lost=0,
            packets_malformed=0,
            packets_rejected=self._errors,
            frames_concealed=0,
            jitter_ms=0.0,
            round_trip_ms=None,
            idle_seconds=idle_seconds,
        )


def _stats(answer: Answer, tag: str) -> tuple[int, int]:
    """Return how many packets came from one side, and how many were bad."""
    found: Any = answer
    try:
        found = found["tags"][tag]["medias"][0]["streams"][0]["stats"]
        return int(found["packets"]), int(found["errors"])
    except (KeyError, IndexError, TypeError, ValueError):
        return 0, 0
