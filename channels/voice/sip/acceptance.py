"""Answers that are repeated until the other side says that it has them (RFC 3261, RFC 3262)."""

from collections.abc import Callable

from channels.voice.sip.alarms import NEVER
from channels.voice.sip.transaction import LIFE, T1, T2, InviteServer


class Acceptance:
    """A 2xx to an INVITE, repeated until its ACK comes (RFC 3261 13.3.1.4).

    So is a reliable provisional answer until its PRACK comes (RFC 3262 3).
    """

    __slots__ = (
        "_data",
        "_end_at",
        "_gap",
        "_on_lost",
        "_resend_at",
        "alarm_at",
        "cseq",
        "is_offer",
        "status",
        "transaction",
    )

    def __init__(
        self,
        transaction: InviteServer,
        data: bytes,
        cseq: int,
        on_lost: Callable[[float], None],
        now: float,
        status: int = 200,
    ) -> None:
        self.transaction = transaction
        self.cseq = cseq
        """CSeq of the INVITE; of a provisional answer its RSeq."""
        self.status = status
        self.is_offer = False
        """Whether a 2xx made the offer, so that its ACK brings the answer (RFC 3261 13.2.1)."""
        self.alarm_at = NEVER
        self._data = data
        self._on_lost = on_lost
        self._gap = T1
        self._resend_at = now + T1
        self._end_at = now + LIFE

    def next_timer(self) -> float | None:
        """Return when to repeat or to give up."""
        due = min(self._resend_at, self._end_at)
        return None if due == NEVER else due

    def handle_timer(self, now: float) -> None:
        """Repeat the answer, or give up after 64*T1."""
        if now >= self._end_at:
            self.stop()
            self._on_lost(now)
        elif now >= self._resend_at:
            self.transaction.send_response(self._data, self.status, now)
            # RFC 3261 13.3.1.4 has a longest gap, RFC 3262 3 has none.
            self._gap = 2 * self._gap if self.status < 200 else min(2 * self._gap, T2)
            self._resend_at = now + self._gap

    def stop(self) -> None:
        """Repeat no more: the ACK or PRACK is here, or the call is over."""
        self._resend_at = self._end_at = NEVER
        self._data = b""
