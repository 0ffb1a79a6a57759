"""A dialog: who talks to whom, over which route, and in which order (RFC 3261 12)."""

from collections.abc import Sequence

from channels.voice.sip.address import Hop, Transport
from channels.voice.sip.errors import PeerError
from channels.voice.sip.headers import NameAddress
from channels.voice.sip.message import MAGIC_COOKIE, MAX_FORWARDS, Request, Response
from channels.voice.sip.uri import Uri

FIRST_CSEQ = 1

MAX_ROUTES = 20
"""Proxies in one path; more is an attack on the size of our requests."""


class Dialog:
    """One peer-to-peer relation; early until a 2xx, which this object need not know."""

    __slots__ = (
        "call_id",
        "flow",
        "home",
        "is_agreed_early",
        "is_changed_early",
        "local",
        "local_cseq",
        "local_tag",
        "remote",
        "remote_cseq",
        "remote_rseq",
        "remote_tag",
        "routes",
        "target",
    )

    def __init__(
        self,
        *,
        call_id: str,
        local: tuple[str, str],
        remote: tuple[str, str],
        target: Uri,
        routes: tuple[str, ...],
        flow: Hop | None,
    ) -> None:
        self.call_id = call_id
        self.local, self.local_tag = local
        """Our From value with its tag, and the tag."""
        self.remote, self.remote_tag = remote
        self.target = target
        self.routes = routes
        self.flow = flow
        """Where requests go when there is no route, whatever the target says."""
        self.home: Hop | None = None
        """Where the other side called from, if it may not point us at another host."""
        self.local_cseq = FIRST_CSEQ
        self.remote_cseq = -1
        self.remote_rseq = 0
        """The last reliable provisional answer that we acknowledged (RFC 3262 4)."""
        self.is_agreed_early = False
        """Whether a reliable provisional answer has answered the offer of our INVITE."""
        self.is_changed_early = False
        """Whether an UPDATE has brought another offer since."""

    @classmethod
    def from_request(
        cls, request: Request, local_tag: str, source: Hop, *, is_trusted: bool
    ) -> "Dialog":
        """Return the dialog that our answer to `request` makes (RFC 3261 12.1.1).

        Who is not trusted is answered where it called from, and cannot point our requests
        at another host by its Contact or Record-Route.

        Raises:
            PeerError: 400, if there is no usable Contact.
        """
        routes = tuple(request.values("record-route"))
        check_routes(routes)
        # A phone behind an address translator, or one that called over a connection of its
        # own, is reached where it called from; its Contact is only the second choice.
        is_translated = request.via.host != source.host
        target = _caller_of(request)
        is_hidden = is_translated or source.transport.is_reliable or not _hop_or_none(target)
        dialog = cls(
            call_id=request.call_id,
            local=(f"{request.header('to')};tag={local_tag}", local_tag),
            remote=(request.header("from"), request.from_tag),
            target=target,
            routes=routes,
            flow=source if is_hidden and not routes else None,
        )
        if not is_trusted:
            dialog.home = source
        dialog.remote_cseq = request.cseq.number
        return dialog

    @classmethod
    def from_response(
        cls, request: Request, response: Response, flow: Hop | None, hop: Hop
    ) -> "Dialog":
        """Return the dialog that a response to our INVITE makes (RFC 3261 12.1.2).

        A response that names no way to its sender makes one along the INVITE's own way
        (`hop`), so that even such a call can be acknowledged and ended.
        """
        try:
            routes = tuple(reversed(response.values("record-route")))
            check_routes(routes)
            target = contact_of(response)
            if not routes and flow is None:
                hop_of(target)
        except PeerError:
            routes, target, flow = (), Uri.parse(request.uri), hop
        dialog = cls(
            call_id=request.call_id,
            local=(request.header("from"), request.from_tag),
            remote=(response.header("to"), response.to_tag),
            target=target,
            routes=routes,
            flow=None if routes else flow,
        )
        dialog.local_cseq = request.cseq.number
        return dialog

    def request(self, method: str, cseq: int | None = None) -> Request:
        """Return a request inside this dialog, with the next CSeq unless one is given."""
        if cseq is None:
            self.local_cseq += 1
            cseq = self.local_cseq
        uri, routes = self._path()
        headers = {
            "max-forwards": [MAX_FORWARDS],
            "from": [self.local],
            "to": [self.remote],
            "call-id": [self.call_id],
            "cseq": [f"{cseq} {method}"],
        }
        if routes:
            headers["route"] = list(routes)
        return Request(method, uri, headers)

    def next_hop(self) -> tuple[Hop, Hop | None]:
        """Return where requests go, and where if that connection is closed.

        Whatever made the dialog has checked that there is such a place.
        """
        hop, fallback = self._wanted_hop()
        if self.home is None:
            return hop, fallback
        if fallback is not None and fallback.host != self.home.host:
            fallback = None
        return (self.home, None) if hop.host != self.home.host else (hop, fallback)

    def _wanted_hop(self) -> tuple[Hop, Hop | None]:
        if self.routes:
            return hop_of(NameAddress.parse(self.routes[0]).uri), None
        if self.flow is None:
            return hop_of(self.target), None
        return self.flow, _hop_or_none(self.target)

    def accept_sequence(self, number: int) -> None:
        """Note the CSeq of a request inside the dialog.

        Raises:
            PeerError: 500, if it is not higher than the last (RFC 3261 12.2.2).
        """
        if number <= self.remote_cseq:
            raise PeerError(500, "CSeq Out Of Order")
        self.remote_cseq = number

    def new_target(self, message: Request | Response) -> Uri:
        """Return the target that a re-INVITE, an UPDATE or a 2xx to one names (RFC 3261 12.2).

        Raises:
            PeerError: 400, if it is one that we cannot send to.
        """
        if "contact" not in message.headers:
            return self.target
        target = contact_of(message)
        if not self.routes and self.flow is None:
            hop_of(target)
        return target

    def _path(self) -> tuple[str, tuple[str, ...]]:
        target = str(self.target.as_target)
        if not self.routes:
            return target, ()
        first = NameAddress.parse(self.routes[0]).uri
        if first.param("lr") is not None:
            return target, self.routes
        # RFC 3261 12.2.1.1: a strict router wants its own address in the Request-URI.
        return str(first.as_target), (*self.routes[1:], f"<{target}>")


def contact_of(message: Request | Response) -> Uri:
    """Return the URI of the only Contact.

    Raises:
        PeerError: 400, if there is none, or one that cannot be called.
    """
    contacts = message.values("contact")
    if not contacts:
        raise PeerError(400, "Missing Contact")
    uri = NameAddress.parse(contacts[0]).uri
    if not uri.host:
        raise PeerError(400, "Bad Contact")
    return uri


def _caller_of(request: Request) -> Uri:
    # RFC 4475 3.4.1: peers of RFC 2543, known by their branch, may send no Contact.
    if "contact" not in request.headers and not request.via.branch.startswith(MAGIC_COOKIE):
        return NameAddress.parse(request.header("from")).uri
    return contact_of(request)


def hop_of(uri: Uri) -> Hop:
    """Return where a URI points (RFC 3263 4, without SRV and NAPTR records).

    Raises:
        PeerError: 400, for a transport that we have not.
    """
    if uri.scheme not in {"sip", "sips"}:
        raise PeerError(400, "Unsupported Transport")
    name = (uri.param("transport") or "udp").lower()
    # Browsers are reached only over the connection that they opened (RFC 7118 5).
    if name not in {"udp", "tcp", "tls"}:
        raise PeerError(400, "Unsupported Transport")
    # RFC 3261 26.2.2: sips is TLS, whatever else it says.
    transport = Transport.TLS if uri.scheme == "sips" else Transport(name)
    return Hop(transport, uri.param("maddr") or uri.host, uri.port or transport.default_port)


def _hop_or_none(uri: Uri) -> Hop | None:
    try:
        return hop_of(uri)
    except PeerError:
        return None


def check_routes(routes: Sequence[str]) -> None:
    """Check proxies that requests are to go through, the nearest first.

    Raises:
        PeerError: 400, for too many, for what is no address, and if the first cannot be reached.
    """
    if len(routes) > MAX_ROUTES:
        raise PeerError(400, "Too Many Routes")
    # Only the first is ours to reach; a proxy may speak WebSocket on its other side.
    for number, route in enumerate(routes):
        uri = NameAddress.parse(route).uri
        if number == 0:
            hop_of(uri)
