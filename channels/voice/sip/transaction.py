"""The four transactions of RFC 3261 17, with the corrections of RFC 6026.

A transaction repeats what it sent and absorbs what the other side repeats; what is new
goes to its user. The tables are in `states`; timers have the letters of RFC 3261 table 4.
Each of these objects has two timers at most: the next repetition, and its end. `ways` are
the hop to send to, and where to send if its connection is closed.
"""

from typing import Protocol

from channels.voice.sip.address import Hop, Outgoing
from channels.voice.sip.alarms import NEVER
from channels.voice.sip.message import Request, Response
from channels.voice.sip.states import (
    CLIENT,
    INVITE_CLIENT,
    INVITE_SERVER,
    SERVER,
    TransactionState,
    TransactionTrigger,
)
from hotline.kernel.machine import Machine

T1 = 0.5
"""Seconds: an estimate of the round trip (RFC 3261 17.1.1.1)."""
T2 = 4.0
"""Seconds: the longest gap between repetitions."""
T4 = 5.0
"""Seconds: how long a message may linger in the network."""
LIFE = 64 * T1
"""Timers B, F, H, J, L, M: 32 s."""
TIMER_D = 32.0
"""At least 32 s for unreliable transports."""

_S = TransactionState
_T = TransactionTrigger


class Carrier(Protocol):
    """What a transaction needs from the layer that holds it."""

    def send(self, message: Outgoing) -> None:
        """Queue a message for the network."""

    def forget(self, transaction: "Transaction") -> None:
        """Drop a transaction that is over."""


class ClientUser(Protocol):
    """Who started a client transaction."""

    def receive_response(
        self, transaction: "ClientTransaction", response: Response, now: float
    ) -> None:
        """Take a response that is not a repetition (2xx to INVITE: every one)."""

    def transaction_failed(self, transaction: "ClientTransaction", status: int, now: float) -> None:
        """Note that no answer will come: 408 for timers B and F, 503 for the transport."""


class Transaction:
    """What the four have in common."""

    __slots__ = (
        "_carrier",
        "_data",
        "_end_at",
        "_fallback",
        "_gap",
        "_resend_at",
        "alarm_at",
        "hop",
        "state",
    )

    machine: Machine[TransactionState, TransactionTrigger]

    def __init__(self, carrier: Carrier, ways: tuple[Hop, Hop | None]) -> None:
        self.state = self.machine.initial
        self.hop, self._fallback = ways
        self.alarm_at = NEVER
        self._carrier = carrier
        self._data = b""
        self._gap = T1
        self._resend_at = NEVER
        self._end_at = NEVER

    @property
    def is_over(self) -> bool:
        """Whether nothing more can happen."""
        return self.state is _S.TERMINATED

    def next_timer(self) -> float | None:
        """Return the instant at which `handle_timer` wants to be called."""
        due = min(self._resend_at, self._end_at)
        return None if due == NEVER else due

    def handle_timer(self, now: float) -> None:
        """Repeat, or end, whatever is due."""
        if now >= self._end_at:
            self._end_at = NEVER
            if self._move(_T.EXPIRE):
                self._expired(now)
        elif now >= self._resend_at:
            self._resend_at = NEVER
            if self._move(_T.RESEND):
                self._resend(now)

    def _move(self, trigger: TransactionTrigger) -> bool:
        """Take the table's move; False where the table has none: then nothing happens."""
        state = self.machine.moves.get((self.state, trigger))
        if state is None:
            return False
        self.state = state
        if state is _S.TERMINATED:
            self._end_at = self._resend_at = NEVER
            self._carrier.forget(self)
        return True

    def _transmit(self) -> None:
        self._carrier.send(Outgoing(self._data, self.hop, self._fallback))

    def _resend(self, now: float) -> None:
        self._transmit()
        self._gap = min(2 * self._gap, T2)
        self._resend_at = now + self._gap

    def _expired(self, now: float) -> None:
        """Hook: the last timer ran out."""


class ClientTransaction(Transaction):
    """What the two clients have in common; `tag` is for the user's own notes."""

    __slots__ = ("branch", "method", "narrow", "request", "tag", "user")

    def __init__(
        self,
        carrier: Carrier,
        ways: tuple[Hop, Hop | None],
        request: Request,
        user: ClientUser,
        now: float,
    ) -> None:
        super().__init__(carrier, ways)
        self.narrow: Hop | None = None
        """Where the request goes by UDP if the stream that its size asks for cannot be had."""
        self.request = request
        self.method = request.method
        self.branch = request.via.branch
        self.user = user
        self.tag: object = None
        self._data = request.serialise()
        self._end_at = now + LIFE
        if not self.hop.transport.is_reliable:
            self._resend_at = now + T1
        self._transmit()

    @property
    def key(self) -> tuple[str, str]:
        """What a response is matched by (RFC 3261 17.1.3)."""
        return self.branch, self.method

    def send_narrow(self, hop: Hop, now: float) -> None:
        """Send the request anew by UDP; its Via is already written for that."""
        self.hop, self._fallback, self.narrow = hop, None, None
        self.branch = self.request.via.branch
        self._data = self.request.serialise()
        self._resend_at = now + T1
        self._end_at = now + LIFE
        self._transmit()

    def transport_failed(self, now: float) -> None:
        """End at once: the message could not be sent (RFC 3261 17.1.4)."""
        if self._move(_T.TRANSPORT_ERROR):
            self.user.transaction_failed(self, 503, now)


class InviteClient(ClientTransaction):
    """RFC 3261 17.1.1: an INVITE that we sent."""

    __slots__ = ("_ack", "patience")
    machine = INVITE_CLIENT

    def __init__(
        self,
        carrier: Carrier,
        ways: tuple[Hop, Hop | None],
        request: Request,
        user: ClientUser,
        now: float,
    ) -> None:
        super().__init__(carrier, ways, request, user, now)
        self._ack = b""
        self.patience = NEVER
        """Seconds from the first provisional answer to the end; without limit, the user
        sends CANCEL (RFC 3261 16.6 timer C is for proxies)."""

    def receive_response(self, response: Response, now: float) -> None:
        """Take a response from the network."""
        before = self.state
        if response.status < 200:
            if self._move(_T.PROVISIONAL):
                if before is _S.CALLING:
                    self._resend_at = NEVER
                    self._end_at = now + self.patience
                self.user.receive_response(self, response, now)
        elif response.status < 300:
            if self._move(_T.SUCCESS):
                if before is not _S.ACCEPTED:
                    self._resend_at = NEVER
                    self._end_at = now + LIFE  # timer M
                    self._data = b""
                self.user.receive_response(self, response, now)
        elif self._move(_T.FAILURE):
            if before is not _S.COMPLETED:
                self._complete(response, now)
            self._carrier.send(Outgoing(self._ack, self.hop, self._fallback))
            if before is not _S.COMPLETED:
                self.user.receive_response(self, response, now)

    def transport_failed(self, now: float) -> None:
        """End at once; the user already knows if it was only the ACK that failed."""
        was_completed = self.state is _S.COMPLETED
        if self._move(_T.TRANSPORT_ERROR) and not was_completed:
            self.user.transaction_failed(self, 503, now)

    def limit(self, now: float) -> None:
        """End after 64*T1 even if provisional answers came (RFC 3261 9.1: after CANCEL)."""
        if self.state is _S.PROCEEDING:
            self._end_at = now + LIFE

    def stop_repeating(self) -> None:
        """Send the INVITE no more: who has not heard it by now need not."""
        self._resend_at = NEVER

    def _complete(self, response: Response, now: float) -> None:
        self._resend_at = NEVER
        self._end_at = now if self.hop.transport.is_reliable else now + TIMER_D
        self._data = b""
        self._ack = acknowledge_failure(self.request, response).serialise()

    def _resend(self, now: float) -> None:
        self._transmit()
        self._gap *= 2  # timer A has no ceiling; timer B ends it
        self._resend_at = now + self._gap

    def _expired(self, now: float) -> None:
        if self._data:
            self.user.transaction_failed(self, 408, now)


class Client(ClientTransaction):
    """RFC 3261 17.1.2: any other request that we sent."""

    __slots__ = ()
    machine = CLIENT

    def receive_response(self, response: Response, now: float) -> None:
        """Take a response from the network."""
        if response.status < 200:
            if self._move(_T.PROVISIONAL):
                self._gap = T2
                self.user.receive_response(self, response, now)
        elif self._move(_trigger_of(response.status)):
            self._resend_at = NEVER
            self._end_at = now if self.hop.transport.is_reliable else now + T4  # timer K
            self._data = b""
            self.user.receive_response(self, response, now)

    def _expired(self, now: float) -> None:
        if self._data:
            self.user.transaction_failed(self, 408, now)


class ServerTransaction(Transaction):
    """What the two servers have in common."""

    __slots__ = ("call_key", "key", "method", "origin")

    def __init__(
        self, carrier: Carrier, ways: tuple[Hop, Hop | None], key: tuple[str, str, str]
    ) -> None:
        super().__init__(carrier, ways)
        self.key = key
        self.method = key[2]
        self.call_key = ""
        """The call that an INVITE made or concerns."""
        self.origin: tuple[str, str, str] | None = None
        """What makes a merged request of another with another key (RFC 3261 8.2.2.2)."""

    def receive_request(self) -> None:
        """Take a repetition of the request: repeat the last response, if there is one."""
        if self._move(_T.REQUEST) and self._data:
            self._transmit()

    def transport_failed(self, _now: float) -> None:
        """End: nobody can be answered (RFC 3261 17.2.4)."""
        self._move(_T.TRANSPORT_ERROR)


class InviteServer(ServerTransaction):
    """RFC 3261 17.2.1: an INVITE that we received.

    The user repeats a 2xx until the ACK comes; everything else is repeated here.
    """

    __slots__ = ()
    machine = INVITE_SERVER

    def send_response(self, data: bytes, status: int, now: float) -> None:
        """Send a response of the user."""
        if status < 200:
            if self._move(_T.PROVISIONAL):
                self._data = data
                self._transmit()
        elif status < 300:
            if self._move(_T.SUCCESS):
                self._data = data
                self._transmit()
                self._data = b""
                self._end_at = now + LIFE  # timer L
        elif self._move(_T.FAILURE):
            self._data = data
            self._transmit()
            self._end_at = now + LIFE  # timer H
            if not self.hop.transport.is_reliable:
                self._resend_at = now + T1  # timer G

    def receive_ack(self, now: float) -> bool:
        """Take an ACK with our branch; True if it is for the user (it acknowledges a 2xx)."""
        if not self._move(_T.ACK):
            return False
        if self.state is _S.CONFIRMED:
            self._resend_at = NEVER
            self._data = b""
            self._end_at = now if self.hop.transport.is_reliable else now + T4  # timer I
            return False
        return True


class Server(ServerTransaction):
    """RFC 3261 17.2.2: any other request that we received."""

    __slots__ = ()
    machine = SERVER

    def __init__(
        self,
        carrier: Carrier,
        ways: tuple[Hop, Hop | None],
        key: tuple[str, str, str],
        now: float,
    ) -> None:
        super().__init__(carrier, ways, key)
        # A user that never answers must not hold the transaction for ever.
        self._end_at = now + 2 * LIFE

    def send_response(self, data: bytes, status: int, now: float) -> None:
        """Send a response of the user."""
        if self._move(_trigger_of(status)):
            self._data = data
            self._transmit()
            if status >= 200:
                self._end_at = now if self.hop.transport.is_reliable else now + LIFE  # timer J


def _trigger_of(status: int) -> TransactionTrigger:
    if status < 200:
        return _T.PROVISIONAL
    return _T.SUCCESS if status < 300 else _T.FAILURE


def acknowledge_failure(invite: Request, response: Response) -> Request:
    """Return the ACK for a 3xx to 6xx: same branch, same route (RFC 3261 17.1.1.3)."""
    headers = {
        "via": invite.headers["via"][:1],
        "max-forwards": ["70"],
        "from": invite.headers["from"],
        "to": response.headers["to"],
        "call-id": invite.headers["call-id"],
        "cseq": [f"{invite.cseq.number} ACK"],
    }
    if "route" in invite.headers:
        headers["route"] = invite.headers["route"]
    return Request("ACK", invite.uri, headers)
