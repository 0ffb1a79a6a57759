"""One user agent with a scripted other side, in virtual time."""

from collections.abc import Callable, Iterable
from itertools import count

from channels.voice.sip.address import Hop, Outgoing, Transport
from channels.voice.sip.events import CoreEvent
from channels.voice.sip.message import Request, Response, parse_message
from channels.voice.sip.peers import PeerOptions
from channels.voice.sip.user_agent import UserAgent, UserAgentOptions

OFFER = b"v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n"
ANSWER = b"v=0\r\no=- 2 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\nm=audio 5000 RTP/AVP 8\r\n"
PEER = Hop(Transport.UDP, "192.0.2.9", 5060)
OURS = Hop(Transport.UDP, "192.0.2.1", 5060)

Extra = Iterable[tuple[str, str]]


def tokens(prefix: str = "t") -> Callable[[], str]:
    """Return a source of tokens that are easy to read in a failure."""
    numbers = count(1)
    return lambda: f"{prefix}{next(numbers):04d}"


def make_agent(hop: Hop = OURS, prefix: str = "t", **options: object) -> UserAgent:
    """Return a user agent at `hop`."""
    made = UserAgentOptions(host=hop.host, port=hop.port, **options)  # type: ignore[arg-type]
    return UserAgent(made, tokens(prefix), b"secret of the tests")


def request(
    method: str,
    *,
    branch: str = "b1",
    to_tag: str = "",
    from_tag: str = "peer",
    cseq: int = 1,
    call_id: str = "c1",
    uri: str = "sip:12345@192.0.2.1",
    body: bytes = b"",
    via: str = "",
    contact: str = "<sip:phone@192.0.2.9>",
    extra: Extra = (),
) -> bytes:
    """Return a request of the other side; `body` is SDP."""
    tag = f";tag={to_tag}" if to_tag else ""
    headers = {
        "via": [via or f"SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bK{branch}"],
        "max-forwards": ["70"],
        "from": [f'"Zhang" <sip:13800001234@192.0.2.9>;tag={from_tag}'],
        "to": [f"<sip:12345@192.0.2.1>{tag}"],
        "call-id": [call_id],
        "cseq": [f"{cseq} {method}"],
        "contact": [contact],
    }
    if not contact:
        del headers["contact"]
    if body:
        headers["content-type"] = ["application/sdp"]
    for name, value in extra:
        headers.setdefault(name, []).append(value)
    return Request(method, uri, headers, body).serialise()


def reply(
    to: Request,
    status: int,
    reason: str = "Whatever",
    *,
    to_tag: str = "callee",
    body: bytes = b"",
    contact: str = "<sip:callee@192.0.2.9>",
    extra: Extra = (),
) -> bytes:
    """Return a response of the other side to a request of ours; `body` is SDP."""
    headers = {name: to.headers[name] for name in ("via", "from", "to", "call-id", "cseq")}
    if to_tag and not to.to_tag:
        headers["to"] = [f"{to.header('to')};tag={to_tag}"]
    if contact:
        headers["contact"] = [contact]
    if body:
        headers["content-type"] = ["application/sdp"]
    for name, value in extra:
        headers.setdefault(name, []).append(value)
    return Response(status, reason, headers, body).serialise()


class Wire:
    """A user agent, the time, and what it sent."""

    def __init__(self, source: Hop = PEER, **options: object) -> None:
        self.agent = make_agent(OURS, "t", **options)
        self.source = source
        self.now = 100.0

    @classmethod
    def with_trunk(cls, source: Hop = PEER) -> "Wire":
        """Return a wire whose other side is a trunk."""
        return cls(source, peers=PeerOptions(trunks=frozenset({source.host})))

    def receive(self, data: bytes) -> None:
        """Let a message of the other side arrive."""
        self.agent.receive(data, self.source, self.now)

    def outgoing(self) -> list[Outgoing]:
        """Return what was sent since the last look."""
        return self.agent.messages_to_send()

    def sent(self) -> list[Request | Response]:
        """Return the messages that were sent since the last look."""
        return [parse_message(message.data) for message in self.outgoing()]

    def requests(self) -> list[Request]:
        """Return the requests among what was sent since the last look."""
        return [message for message in self.sent() if isinstance(message, Request)]

    def request(self) -> Request:
        """Return the only request that was sent since the last look."""
        (only,) = self.requests()
        return only

    def response(self) -> Response:
        """Return the last message that was sent: a response."""
        last = self.sent()[-1]
        assert isinstance(last, Response)
        return last

    def lines(self) -> list[str]:
        """Return method or status of what was sent since the last look."""
        return [m.method if isinstance(m, Request) else str(m.status) for m in self.sent()]

    def events(self) -> list[CoreEvent]:
        """Return the events since the last look."""
        return self.agent.events()

    def event(self) -> CoreEvent:
        """Return the only event since the last look."""
        (only,) = self.events()
        return only

    def pass_time(self, seconds: float) -> list[tuple[float, str]]:
        """Let time go by; return when what was sent, in seconds from the beginning."""
        start, end = self.now, self.now + seconds
        sent: list[tuple[float, str]] = []
        while (due := self.agent.next_timer()) is not None and due <= end:
            self.now = max(self.now, due)
            self.agent.handle_timer(self.now)
            sent += [(round(self.now - start, 3), line) for line in self.lines()]
        self.now = end
        return sent
