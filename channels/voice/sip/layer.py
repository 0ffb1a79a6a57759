"""The transaction layer: matches messages to transactions, and answers what matches none.

RFC 3261 17.1.3, 17.2.3 (matching), 18 (Via), 8.2.2.2 (merged requests).
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol
from zlib import crc32

from channels.voice.sip.address import Hop, Outgoing, Transport
from channels.voice.sip.alarms import Alarms
from channels.voice.sip.errors import PeerError
from channels.voice.sip.message import (
    MAGIC_COOKIE,
    MAX_FORWARDS,
    Request,
    Response,
    parse_message,
)
from channels.voice.sip.peers import ALLOWED, Peers
from channels.voice.sip.reasons import reason_of
from channels.voice.sip.transaction import (
    Client,
    ClientUser,
    InviteClient,
    InviteServer,
    Server,
    ServerTransaction,
    Transaction,
)

OTHER = "OTHER"
"""Every method that we do not speak, in the count of requests."""

NARROW_SECONDS = 600.0
"""How long a place that has no stream is sent everything by UDP."""

MAX_NARROW = 1000
"""Such places that are remembered."""

HeaderList = Sequence[tuple[str, str]]
ServerKey = tuple[str, str, str]


class RequestUser(Protocol):
    """Who gets the requests that are no repetitions; may raise `PeerError` to refuse."""

    def receive_request(
        self, request: Request, transaction: Server | InviteServer, source: Hop, now: float
    ) -> None:
        """Take a new request other than ACK and CANCEL."""

    def receive_ack(self, request: Request, source: Hop, now: float) -> None:
        """Take an ACK that may acknowledge a 2xx."""

    def receive_cancel(self, invite: InviteServer, now: float) -> None:
        """Take a CANCEL for an INVITE of ours; it is already answered."""


@dataclass(slots=True)
class Traffic:
    """How many messages there were, repetitions left out."""

    requests: dict[str, int] = field(default_factory=lambda: dict.fromkeys((*ALLOWED, OTHER), 0))
    """Received, by method."""
    responses: dict[str, int] = field(
        default_factory=lambda: {f"{first}xx": 0 for first in range(1, 7)}
    )
    """Sent, by class."""

    def count_request(self, method: str) -> None:
        """Count a request that was received."""
        self.requests[method if method in self.requests else OTHER] += 1


class TransactionLayer:
    """All transactions of one address, and the queue of what is to be sent."""

    def __init__(
        self,
        sent_by: Mapping[Transport, str],
        *,
        server_name: str,
        new_token: Callable[[], str],
        limit: int,
        max_datagram: int,
        peers: Peers,
        user: RequestUser,
    ) -> None:
        self.alarms = Alarms()
        self.new_token = new_token
        self.traffic = Traffic()
        self._peers = peers
        self._sent_by = sent_by
        self._server_name = server_name
        self._limit = limit
        self._max_datagram = max_datagram
        self._narrow: dict[Hop, float] = {}
        self._user = user
        self._outbox: list[Outgoing] = []
        self._clients: dict[tuple[str, str], Client | InviteClient] = {}
        self._servers: dict[ServerKey, Server | InviteServer] = {}
        self._origins: dict[ServerKey, ServerKey] = {}

    # the carrier of transactions

    def send(self, message: Outgoing) -> None:
        """Queue a message for the network, unless its receiver is unconfirmed and had enough."""
        if self._peers.may_send(message.hop, len(message.data)):
            self._outbox.append(message)

    def forget(self, transaction: Transaction) -> None:
        """Drop a transaction that is over."""
        if isinstance(transaction, ServerTransaction):
            self._servers.pop(transaction.key, None)
            if transaction.origin is not None:
                self._origins.pop(transaction.origin, None)
        elif isinstance(transaction, Client | InviteClient):
            self._clients.pop(transaction.key, None)

    def messages_to_send(self) -> list[Outgoing]:
        """Return what was queued since the last call."""
        messages, self._outbox = self._outbox, []
        return messages

    @property
    def transactions(self) -> int:
        """How many transactions there are."""
        return len(self._clients) + len(self._servers)

    # sending

    def send_request(
        self, request: Request, ways: tuple[Hop, Hop | None], user: ClientUser, now: float
    ) -> Client:
        """Send a request other than INVITE in a transaction; the Via is added here."""
        wide = self._widen(request, ways[0], now)
        transaction = Client(self, (wide, None) if wide else ways, request, user, now)
        transaction.narrow = ways[0] if wide else None
        self._start(transaction)
        return transaction

    def send_invite(
        self, request: Request, ways: tuple[Hop, Hop | None], user: ClientUser, now: float
    ) -> InviteClient:
        """Send an INVITE in a transaction; the Via is added here."""
        wide = self._widen(request, ways[0], now)
        transaction = InviteClient(self, (wide, None) if wide else ways, request, user, now)
        transaction.narrow = ways[0] if wide else None
        self._start(transaction)
        return transaction

    def send_cancel(self, invite: InviteClient, user: ClientUser, now: float) -> None:
        """Send the CANCEL of an INVITE: same branch, same route (RFC 3261 9.1)."""
        original = invite.request
        headers = {name: original.headers[name] for name in ("via", "from", "to", "call-id")}
        headers["max-forwards"] = [MAX_FORWARDS]
        headers["cseq"] = [f"{original.cseq.number} CANCEL"]
        if "route" in original.headers:
            headers["route"] = original.headers["route"]
        cancel = Request("CANCEL", original.uri, headers)
        self._start(Client(self, (invite.hop, None), cancel, user, now))
        # RFC 3261 9.1: an INVITE that gets no final answer ends 64*T1 after its CANCEL.
        invite.limit(now)
        self.alarms.watch(invite)

    def send_ack(self, ack: Request, ways: tuple[Hop, Hop | None]) -> Outgoing:
        """Send the ACK for a 2xx, which has no transaction; keep what is returned to repeat it."""
        self._add_via(ack, ways[0], self.new_token())
        message = Outgoing(ack.serialise(), *ways)
        self.send(message)
        return message

    def respond(
        self,
        request: Request,
        transaction: Server | InviteServer,
        status: int,
        now: float,
        *,
        reason: str = "",
        to_tag: str = "",
        headers: HeaderList = (),
        body: bytes = b"",
    ) -> bytes:
        """Answer a request; returns the bytes, which the user of an INVITE repeats."""
        self.traffic.responses[f"{status // 100}xx"] += 1
        response = self._make_response(request, status, reason, to_tag)
        for name, value in headers:
            response.headers.setdefault(name, []).append(value)
        response.body = body
        data = response.serialise()
        transaction.send_response(data, status, now)
        self.alarms.watch(transaction)
        return data

    def transport_failed(self, hop: Hop, now: float) -> None:
        """Fail every transaction that waits for `hop`."""
        transactions: list[Client | InviteClient | Server | InviteServer] = [
            *self._clients.values(),
            *self._servers.values(),
        ]
        for transaction in transactions:
            if transaction.hop != hop:
                continue
            if isinstance(transaction, Client | InviteClient) and transaction.narrow is not None:
                self._send_narrow(transaction, transaction.narrow, now)
            else:
                transaction.transport_failed(now)

    # receiving

    def receive(self, data: bytes, source: Hop, now: float) -> None:
        """Take one whole message from the network."""
        try:
            message = parse_message(data)
            if isinstance(message, Response):
                self._receive_response(message, now)
            else:
                self._receive_request(message, source, now)
        except PeerError:
            return  # nothing in it can be answered: RFC 3261 16.11, 17.1.3 drop it

    def _receive_response(self, response: Response, now: float) -> None:
        if len(response.values("via")) != 1:
            return  # RFC 3261 8.1.3.3
        transaction = self._clients.get((response.via.branch, response.cseq.method))
        # The tags are read here so that a transaction never moves for a broken response.
        if transaction is not None and response.from_tag == transaction.request.from_tag:
            _ = response.to_tag
            transaction.receive_response(response, now)
            self.alarms.watch(transaction)

    def _receive_request(self, request: Request, source: Hop, now: float) -> None:
        via = request.via
        stamped = via.stamped(source)
        if stamped is not via:
            request.replace_via(stamped)
        hop = stamped.reply_hop(source)
        if request.flaw:
            self._refuse_flawed(request, hop)
            return
        key = _server_key(request)
        known = self._servers.get(key)
        if request.method == "ACK":
            self._receive_ack(request, known, source, now)
        elif known is not None:
            known.receive_request()
            self.alarms.watch(known)
        elif self.transactions < self._limit:
            fallback = None
            if source.transport.is_reliable:
                fallback = Hop(
                    source.transport, source.host, via.port or source.transport.default_port
                )
            transaction: Server | InviteServer
            if request.method == "INVITE":
                transaction = InviteServer(self, (hop, fallback), key)
            else:
                transaction = Server(self, (hop, fallback), key, now)
            self._servers[key] = transaction
            self.traffic.count_request(request.method)
            self.alarms.watch(transaction)
            self._receive_new(request, transaction, source, now)

    def _receive_new(
        self, request: Request, transaction: Server | InviteServer, source: Hop, now: float
    ) -> None:
        try:
            self._refuse_merged(request, transaction)
            if request.method == "CANCEL":
                self._receive_cancel(request, transaction, now)
            else:
                self._user.receive_request(request, transaction, source, now)
        except PeerError as error:
            self.respond(
                request,
                transaction,
                error.status,
                now,
                reason=error.reason,
                headers=error.headers,
            )

    def _receive_ack(
        self, request: Request, known: Server | InviteServer | None, source: Hop, now: float
    ) -> None:
        if isinstance(known, InviteServer):
            is_for_user = known.receive_ack(now)
            self.alarms.watch(known)
            if not is_for_user:
                return
        self._user.receive_ack(request, source, now)

    def _receive_cancel(
        self, request: Request, transaction: Server | InviteServer, now: float
    ) -> None:
        branch, sent_by, _ = transaction.key
        invite = self._servers.get((branch, sent_by, "INVITE"))
        if not isinstance(invite, InviteServer):
            raise PeerError(481, reason_of(481))
        # RFC 3261 9.2: with the tag that the answers to the INVITE have.
        self.respond(request, transaction, 200, now, to_tag=invite.call_key)
        self._user.receive_cancel(invite, now)

    def _refuse_merged(self, request: Request, transaction: Server | InviteServer) -> None:
        if request.method == "CANCEL" or request.to_tag:
            return
        origin = (request.call_id, request.from_tag, request.headers["cseq"][0])
        if self._origins.setdefault(origin, transaction.key) != transaction.key:
            raise PeerError(482, reason_of(482))
        transaction.origin = origin

    def _refuse_flawed(self, request: Request, hop: Hop) -> None:
        flaw = request.flaw
        if flaw is None or request.method == "ACK":
            return
        # Without state: the tag is the same for each repetition (RFC 3261 8.2.7).
        headers = _copied(request)
        with suppress(PeerError):  # the To may be what is broken
            if "to" in headers and not request.to_tag:
                tag = crc32(request.via.branch.encode("utf-8", "surrogateescape"))
                headers["to"] = [f"{headers['to'][0]};tag={tag:08x}"]
        response = Response(flaw.status, flaw.reason, headers)
        response.headers["server"] = [self._server_name]
        self.send(Outgoing(response.serialise(), hop))

    def _make_response(self, request: Request, status: int, reason: str, to_tag: str) -> Response:
        headers = _copied(request)
        if status > 100 and not request.to_tag:
            headers["to"] = [f"{headers['to'][0]};tag={to_tag or self.new_token()}"]
        if status == 100 and "timestamp" in request.headers:
            headers["timestamp"] = request.headers["timestamp"]  # RFC 3261 8.2.6.1
        headers["server"] = [self._server_name]
        return Response(status, reason or reason_of(status), headers)

    def _widen(self, request: Request, hop: Hop, now: float) -> Hop | None:
        """Add the Via; return a stream to the same place if the request is too big for UDP."""
        self._add_via(request, hop, self.new_token())
        if hop.transport is not Transport.UDP or request.size() <= self._max_datagram:
            return None
        # A phone is reached as it registered; who had no stream just now has none yet.
        if self._narrow.get(hop, 0.0) > now or not self._peers.may_widen(hop.host, now):
            return None
        wide = hop._replace(transport=Transport.TCP)
        del request.headers["via"]
        self._add_via(request, wide, self.new_token())
        return wide

    def _send_narrow(self, transaction: Client | InviteClient, hop: Hop, now: float) -> None:
        # RFC 3261 18.1.1: an error of the stream means that UDP is to be tried.
        if len(self._narrow) >= MAX_NARROW:
            self._narrow.clear()
        self._narrow[hop] = now + NARROW_SECONDS
        self._clients.pop(transaction.key, None)
        request = transaction.request
        del request.headers["via"]
        self._add_via(request, hop, self.new_token())
        transaction.send_narrow(hop, now)
        self._start(transaction)

    def _add_via(self, request: Request, hop: Hop, token: str) -> None:
        sent_by = self._sent_by[hop.transport]
        via = f"SIP/2.0/{hop.transport.upper()} {sent_by};branch={MAGIC_COOKIE}{token}"
        if hop.transport is Transport.UDP:
            via += ";rport"
        request.headers = {"via": [via], **request.headers}
        request.forget_via()

    def _start(self, transaction: Client | InviteClient) -> None:
        self._clients[transaction.key] = transaction
        self.alarms.watch(transaction)


def _copied(request: Request) -> dict[str, list[str]]:
    # RFC 3261 8.2.6.2; whatever a flawed request has of it.
    headers = request.headers
    return {
        name: headers[name] for name in ("via", "from", "to", "call-id", "cseq") if name in headers
    }


def _server_key(request: Request) -> ServerKey:
    via = request.via
    method = "INVITE" if request.method == "ACK" else request.method
    sent_by = f"{via.host}:{via.port}"
    branch = via.branch
    # RFC 4475 3.2.1: the cookie alone identifies nothing.
    if len(branch) > len(MAGIC_COOKIE) and branch.startswith(MAGIC_COOKIE):
        return branch, sent_by, method
    # RFC 3261 17.2.3: peers of RFC 2543.
    origin = f"{request.call_id} {request.cseq.number} {request.from_tag} {branch}"
    return origin, sent_by, method
