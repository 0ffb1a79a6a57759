"""The only owner of SIP sockets: one UDP socket and one TCP listener on the same port.

`async with Endpoint.open(options, on_event) as endpoint:` binds and runs. `on_event` is
called with each `SipEvent`, in order, in the loop; it must not block (put it into the queue
of the call, or spawn a task) and may use the verbs. The verbs are those of
`sip.user_agent.UserAgent` without `now`.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from channels.voice.sip.address import Hop
from channels.voice.sip.auth import Credentials, DigestSecret, Verdict
from channels.voice.sip.events import CallKey, RegistrationKey, RequestKey, SipEvent
from channels.voice.sip.user_agent import Headers


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointOptions:
    """Where to listen, how to be seen, and the limits."""

    host: str = "127.0.0.1"
    """Address to bind; a wildcard needs `public_host`."""
    port: int = 5060
    """0 takes a free port, the same for UDP and TCP."""
    public_host: str = ""
    """What Via and Contact say; `host` if empty."""
    realm: str = "hotline"
    name: str = "Hotline"
    max_calls: int = 2000
    max_connections: int = 500
    """TCP connections at once; the idlest one makes room."""
    idle_seconds: float = 900.0
    """After that long without a byte a TCP connection is closed."""


class Endpoint:
    """A running SIP user agent with its sockets."""

    @classmethod
    @asynccontextmanager
    async def open(
        cls, options: EndpointOptions, on_event: Callable[[SipEvent], None]
    ) -> AsyncGenerator["Endpoint", None]:
        """Bind both sockets and run until the block is left.

        Raises:
            OSError: if the address cannot be bound.
        """
        raise NotImplementedError
        yield

    @property
    def address(self) -> tuple[str, int]:
        """The host and port that Via and Contact name."""
        raise NotImplementedError

    def ring(self, call: CallKey, *, status: int = 180, sdp: bytes = b"") -> None:
        """See `UserAgent.ring`; the other verbs follow the same rule."""
        raise NotImplementedError

    def answer(self, call: CallKey, sdp: bytes) -> None: ...
    def reject(
        self, call: CallKey, status: int, *, reason: str = "", headers: Headers = ()
    ) -> None: ...
    def invite(
        self,
        target: str,
        sdp: bytes,
        *,
        caller: str = "",
        headers: Headers = (),
        credentials: Credentials | None = None,
        destination: Hop | None = None,
        ring_limit: float | None = None,
    ) -> CallKey: ...
    def hang_up(self, call: CallKey) -> None: ...
    def reoffer(self, call: CallKey, sdp: bytes) -> None: ...
    def answer_reoffer(self, call: CallKey, sdp: bytes) -> None: ...
    def reject_reoffer(self, call: CallKey, *, status: int = 488) -> None: ...
    def authorize(self, key: RequestKey | CallKey, secret: DigestSecret | None) -> Verdict: ...
    def challenge(self, key: RequestKey | CallKey, *, stale: bool = False) -> None: ...
    def accept_register(self, request: RequestKey, bindings: list[tuple[str, int]]) -> None: ...
    def reject_register(
        self, request: RequestKey, status: int, *, reason: str = "", headers: Headers = ()
    ) -> None: ...
    def register(
        self,
        address_of_record: str,
        registrar: str,
        *,
        credentials: Credentials | None = None,
        expires: int = 3600,
        destination: Hop | None = None,
        contact_user: str = "",
    ) -> RegistrationKey: ...
    def unregister(self, registration: RegistrationKey) -> None: ...
