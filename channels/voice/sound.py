"""The sum of what all audio legs have sent and received, those that are closed included."""

from dataclasses import dataclass

from channels.voice.media.engine import MediaStatistics


@dataclass(frozen=True, slots=True)
class Sound:
    """Packets of RTP."""

    sent: int = 0
    received: int = 0
    lost: int = 0
    malformed: int = 0
    rejected: int = 0

    def with_leg(self, leg: MediaStatistics) -> "Sound":
        """Return the sum with one more leg; duplicates (a negative loss) are no gain."""
        return Sound(
            self.sent + leg.packets_sent,
            self.received + leg.packets_received,
            self.lost + max(0, leg.packets_lost),
            self.malformed + leg.packets_malformed,
            self.rejected + leg.packets_rejected,
        )
