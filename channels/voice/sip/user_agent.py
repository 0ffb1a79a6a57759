"""The SIP user agent: a core without sockets and clock that an endpoint drives (RFC 3261).

In: `receive` (one message and where it came from), the verbs, `handle_timer`.
Out: `events()` for the application, `messages_to_send()` for the sockets, `next_timer()`.
After every use the endpoint sends what is waiting and sets its alarm anew.

`now` is a monotonic instant in seconds. Verbs on a call that has ended meanwhile raise
`CallGone` (a race: ignore it); `hang_up` never raises. An SDP body is opaque bytes.

The life of an incoming call:   CallOffered → ring* → answer → CallConfirmed → CallEnded
                                            ↘ reject | challenge | CallCancelled
The life of an outgoing call:   invite → CallProgressed* → CallAnswered → CallEnded
                                       ↘ CallFailed (also after cancel: 487)
Exactly one of CallCancelled, CallFailed, CallEnded is the last event of a call that was
neither rejected nor challenged by us; after our own `hang_up` it is CallEnded(HUNG_UP)
for an established call and CallFailed(487) for an outgoing one not yet answered.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from channels.voice.sip.address import Hop, Outgoing
from channels.voice.sip.auth import Credentials, DigestSecret, Verdict
from channels.voice.sip.events import CallKey, RegistrationKey, RequestKey, SipEvent

Headers = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class UserAgentOptions:
    """How the user agent presents itself, and its limits."""

    host: str
    """The address that others reach us at; goes into Via and Contact."""
    port: int
    user: str = "hotline"
    """User part of our Contact."""
    name: str = "Hotline"
    """User-Agent and Server header."""
    realm: str = "hotline"
    """Realm of the challenges that we send."""
    max_calls: int = 2000
    """Calls at once; the next INVITE is answered 503 with Retry-After."""
    max_transactions: int = 200_000
    """Transactions at once; requests above it are dropped unread."""
    busy_retry_after: int = 5
    """Seconds in the Retry-After of that 503."""
    ring_limit: float = 180.0
    """Seconds until an unanswered call, in or out, is given up (480, CANCEL)."""


class UserAgent:
    """All calls, registrations and transactions of one SIP address."""

    def __init__(
        self, options: UserAgentOptions, new_token: Callable[[], str], secret: bytes
    ) -> None:
        self.options = options

    # in and out

    def receive(self, data: bytes, source: Hop, now: float) -> None:
        """Take one whole message from the network; never raises for what it contains."""
        raise NotImplementedError

    def transport_failed(self, hop: Hop, now: float) -> None:
        """Note that nothing can be sent to `hop`: what waits for it fails (RFC 3261 8.1.3.1)."""
        raise NotImplementedError

    def events(self) -> list[SipEvent]:
        """Return what happened since the last call, oldest first."""
        raise NotImplementedError

    def messages_to_send(self) -> list[Outgoing]:
        """Return what is to be sent since the last call, in order."""
        raise NotImplementedError

    def next_timer(self) -> float | None:
        """Return the instant at which `handle_timer` wants to be called."""
        raise NotImplementedError

    def handle_timer(self, now: float) -> None:
        """Do what is due at `now`."""
        raise NotImplementedError

    # incoming calls

    def ring(self, call: CallKey, now: float, *, status: int = 180, sdp: bytes = b"") -> None:
        """Send a provisional answer: 180, or 183 with early media."""
        raise NotImplementedError

    def answer(self, call: CallKey, sdp: bytes, now: float) -> None:
        """Send 200 with our SDP, repeated until the ACK comes (else CallEnded(TIMEOUT))."""
        raise NotImplementedError

    def reject(
        self, call: CallKey, status: int, now: float, *, reason: str = "", headers: Headers = ()
    ) -> None:
        """Refuse an offered call: 486, 603, 503 with ("Retry-After", "5"), 302 with Contact …"""
        raise NotImplementedError

    # outgoing calls

    def invite(
        self,
        target: str,
        sdp: bytes,
        now: float,
        *,
        caller: str = "",
        headers: Headers = (),
        credentials: Credentials | None = None,
        destination: Hop | None = None,
        ring_limit: float | None = None,
    ) -> CallKey:
        """Call `target` (a URI) with an SDP offer.

        `caller` is the From address (a URI or name-addr), ours if empty. `destination` is
        where to send, whatever the URI says: an outbound proxy, or the `source` that a phone
        registered from. 401 and 407 are answered with `credentials`.

        Raises:
            UsageError: for a target or caller that is no URI, or an empty SDP.
        """
        raise NotImplementedError

    # every call

    def hang_up(self, call: CallKey, now: float) -> None:
        """End a call in whatever state it is: BYE, CANCEL or 480; nothing if it is gone."""
        raise NotImplementedError

    def reoffer(self, call: CallKey, sdp: bytes, now: float) -> None:
        """Send a re-INVITE (hold, resume, refresh); ReofferAnswered or ReofferRefused follows."""
        raise NotImplementedError

    def answer_reoffer(self, call: CallKey, sdp: bytes, now: float) -> None:
        """Accept what CallReoffered asked for."""
        raise NotImplementedError

    def reject_reoffer(self, call: CallKey, now: float, *, status: int = 488) -> None:
        """Refuse what CallReoffered asked for; the session stays as it was."""
        raise NotImplementedError

    # digest as server: for RegisterReceived.request_key and CallOffered.call

    def authorize(
        self, key: RequestKey | CallKey, secret: DigestSecret | None, now: float
    ) -> Verdict:
        """Judge the Authorization header; `secret` None (unknown user) is never VALID."""
        raise NotImplementedError

    def challenge(self, key: RequestKey | CallKey, now: float, *, stale: bool = False) -> None:
        """Answer 401 with a fresh nonce; the request comes again as a new event."""
        raise NotImplementedError

    # registrar

    def accept_register(
        self, request: RequestKey, bindings: Sequence[tuple[str, int]], now: float
    ) -> None:
        """Answer 200 with all present contacts of the address and their seconds to live."""
        raise NotImplementedError

    def reject_register(
        self,
        request: RequestKey,
        status: int,
        now: float,
        *,
        reason: str = "",
        headers: Headers = (),
    ) -> None:
        """Refuse a REGISTER: 403, 423 with ("Min-Expires", "60"), 503 with Retry-After …"""
        raise NotImplementedError

    # our own registrations

    def register(
        self,
        address_of_record: str,
        registrar: str,
        now: float,
        *,
        credentials: Credentials | None = None,
        expires: int = 3600,
        destination: Hop | None = None,
        contact_user: str = "",
    ) -> RegistrationKey:
        """Keep `address_of_record` registered until `unregister`; RegistrationChanged reports."""
        raise NotImplementedError

    def unregister(self, registration: RegistrationKey, now: float) -> None:
        """Remove a registration of ours (expires 0)."""
        raise NotImplementedError

    # state

    @property
    def calls(self) -> int:
        """How many calls there are, in any state."""
        raise NotImplementedError
