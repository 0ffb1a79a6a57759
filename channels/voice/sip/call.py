"""What is known of one call, and the book of all calls."""

from collections.abc import Callable, Sequence

from channels.voice.sip.acceptance import Acceptance
from channels.voice.sip.address import Hop, Outgoing, Transport
from channels.voice.sip.alarms import NEVER
from channels.voice.sip.auth import DigestClient
from channels.voice.sip.body import SDP
from channels.voice.sip.dialog import Dialog
from channels.voice.sip.errors import CallGone, PeerError, UsageError
from channels.voice.sip.events import CallKey, CoreEvent
from channels.voice.sip.layer import TransactionLayer
from channels.voice.sip.message import Request, Response, is_token
from channels.voice.sip.options import UserAgentOptions
from channels.voice.sip.peers import Peers
from channels.voice.sip.reasons import reason_of
from channels.voice.sip.refresh_timer import SessionTimer
from channels.voice.sip.replaces import Replaces
from channels.voice.sip.states import CALL, CallState, CallTrigger
from channels.voice.sip.transaction import (
    ClientTransaction,
    InviteClient,
    InviteServer,
    Server,
    ServerTransaction,
)
from channels.voice.sip.uri import host_port

Headers = Sequence[tuple[str, str]]

_OURS = frozenset(
    [
        "via",
        "from",
        "to",
        "call-id",
        "cseq",
        "contact",
        "content-length",
        "content-type",
        "max-forwards",
        "record-route",
    ]
)


class Call:
    """One call; its key is also our tag in its dialogs."""

    __slots__ = (
        "acceptance",
        "acks",
        "alarm_at",
        "dialog",
        "dialogs",
        "digest",
        "early_sdp",
        "end_status",
        "flow",
        "give_up_at",
        "invite",
        "is_session_ours",
        "is_told",
        "key",
        "local_sdp",
        "offer",
        "on_time_up",
        "provisional",
        "queued",
        "refer",
        "refresh",
        "remote_allows",
        "remote_sdp",
        "reoffer",
        "replaced",
        "ring_until",
        "rseq",
        "session",
        "session_floor",
        "session_seconds",
        "source",
        "state",
        "transaction",
        "unanswered",
    )

    def __init__(self, key: CallKey, state: CallState, invite: Request) -> None:
        self.key = key
        self.state = state
        self.invite: Request | None = invite
        """The INVITE that made the call, until it is answered."""
        self.transaction: InviteServer | InviteClient | None = None
        self.dialog: Dialog | None = None
        """The dialog that counts: the only one of an incoming call, the answered one of ours."""
        self.dialogs: dict[str, Dialog] = {}
        """Every dialog, by the tag of the other side (forks, RFC 3261 12.1.2)."""
        self.digest: DigestClient | None = None
        self.acceptance: Acceptance | None = None
        self.offer: tuple[Request, Server | InviteServer] | None = None
        """A re-INVITE or UPDATE that waits for the application."""
        self.reoffer: ClientTransaction | None = None
        """Our re-INVITE or UPDATE with an offer, until its final answer."""
        self.acks: dict[tuple[str, int], Outgoing] = {}
        """ACKs for 2xx by remote tag and CSeq, to be repeated with them."""
        self.flow: Hop | None = None
        """Where the application sent an outgoing call, whatever its target says."""
        self.source: Hop | None = None
        """Where the INVITE of an incoming call came from."""
        self.provisional: Acceptance | None = None
        """A reliable provisional answer of ours that waits for its PRACK."""
        self.queued: list[tuple[int, bytes]] = []
        """Status and SDP of answers that wait until that PRACK has come."""
        self.rseq = 0
        """Number of the last reliable provisional answer of ours."""
        self.refer: ClientTransaction | None = None
        """Our REFER, until the transfer is over."""
        self.replaced: Call | None = None
        """The call that ends when this one is answered (RFC 3891)."""
        self.refresh: ClientTransaction | None = None
        """Our last refresh of the session, which changes nothing."""
        self.session: SessionTimer | None = None
        self.is_session_ours = self.is_told = False
        """Whether the refreshes of the session are ours; whether the application knows already
        that an outgoing call has failed."""
        self.session_seconds = self.session_floor = 0
        """The interval that was agreed on, or is asked for, and the least of it; 0: none yet."""
        self.remote_allows: frozenset[str] = frozenset()
        """The methods that the other side named in Allow."""
        self.local_sdp = self.remote_sdp = b""
        """What either side said last about the session, for refreshes that change nothing."""
        self.unanswered: tuple[Dialog, ClientTransaction] | None = None
        """A 2xx with an offer that waits for our answer, which its ACK will carry."""
        self.early_sdp: dict[str, bytes] = {}
        """What provisional answers said about early media, by the tag of the other side."""
        self.end_status = 487
        self.give_up_at = self.alarm_at = NEVER
        self.ring_until = NEVER  # of an outgoing call: when it is given up unanswered
        self.on_time_up: Callable[[Call, float], None] | None = None

    def move(self, trigger: CallTrigger) -> None:
        """Take the table's move.

        Raises:
            IllegalTransition: if there is none.
        """
        self.state = CALL.next(self.state, trigger)

    def allows(self, trigger: CallTrigger) -> bool:
        """Say whether the table has a move."""
        return CALL.allows(self.state, trigger)

    @property
    def is_ours(self) -> bool:
        """Whether we made it, and so its Call-ID."""
        return self.source is None

    def next_timer(self) -> float | None:
        """Return when the application's, or the other side's, patience ends."""
        return None if self.give_up_at == NEVER else self.give_up_at

    def handle_timer(self, now: float) -> None:
        """Tell who set the limit that it is reached."""
        self.give_up_at = NEVER
        if self.on_time_up is not None:
            self.on_time_up(self, now)


class CallBook:
    """All calls, and what the parts of the user agent share."""

    def __init__(
        self,
        options: UserAgentOptions,
        layer: TransactionLayer,
        peers: Peers,
        new_token: Callable[[], str],
    ) -> None:
        self.options = options
        self.peers = peers
        self.layer = layer
        self.new_token = new_token
        self.is_draining = False
        self._calls: dict[str, Call] = {}
        self._events: list[CoreEvent] = []
        self._address = f"<sip:{options.user}@{host_port(options.host, options.port)}>"
        self._contacts = {
            transport: self.contact(transport, options.user)[1] for transport in Transport
        }

    def __len__(self) -> int:
        return len(self._calls)

    @property
    def is_full(self) -> bool:
        """Whether the next INVITE is to be refused."""
        return self.is_draining or len(self._calls) >= self.options.max_calls

    def emit(self, event: CoreEvent) -> None:
        """Queue an event for the application."""
        self._events.append(event)

    def take_events(self) -> list[CoreEvent]:
        """Return what was queued since the last call."""
        events, self._events = self._events, []
        return events

    def add(self, call: Call) -> None:
        """Enter a call."""
        self._calls[call.key] = call

    def drop(self, call: Call) -> None:
        """Forget a call; its transactions live on until they have absorbed what is late."""
        self._calls.pop(call.key, None)
        if call.acceptance is not None:
            call.acceptance.stop()
            call.acceptance = None
        if call.provisional is not None:
            call.provisional.stop()
            call.provisional = None
        if call.session is not None:
            call.session.stop()
        call.queued.clear()
        call.refer = call.replaced = None
        call.transaction = call.reoffer = call.refresh = call.offer = call.invite = None
        call.give_up_at = NEVER

    def get(self, key: str) -> Call:
        """Return a call that the application may still use.

        Raises:
            CallGone: if it is over, or we said good-bye to it.
        """
        call = self._calls.get(key)
        if call is None or call.state in {CallState.LEAVING, CallState.CLOSING}:
            raise CallGone(key)
        return call

    def find(self, key: str) -> Call | None:
        """Return a call in any state, or None."""
        return self._calls.get(key)

    def match(self, request: Request) -> tuple[Call, Dialog] | None:
        """Return the call and dialog that a request belongs to (RFC 3261 12.2.2)."""
        call = self._calls.get(request.to_tag)
        if call is None:
            return None
        dialog = call.dialogs.get(request.from_tag)
        if dialog is None or dialog.call_id != request.call_id:
            return None
        return call, dialog

    def replaced(self, replaces: Replaces) -> Call | None:
        """Return the call of ours that a Replaces value means (RFC 3891 3), or None.

        Raises:
            PeerError: 603, for one that has just been hung up.
        """
        call = self._calls.get(replaces.to_tag)
        dialog = call.dialogs.get(replaces.from_tag) if call is not None else None
        if call is None or dialog is None or dialog.call_id != replaces.call_id:
            return None
        if call.state in {CallState.CLOSING, CallState.LEAVING}:
            raise PeerError(603, reason_of(603))
        return call if call.state is CallState.ESTABLISHED else None

    def replaces_of(self, call: Call) -> str:
        """Return the Replaces value that means a call to its other side."""
        dialog = call.dialog
        if dialog is None:
            raise UsageError("only an answered call can be replaced")
        return f"{dialog.call_id};to-tag={dialog.remote_tag};from-tag={dialog.local_tag}"

    def limit(self, call: Call, at: float, on_time_up: Callable[[Call, float], None]) -> None:
        """Wake `on_time_up` at an instant, unless the limit is moved or lifted before."""
        call.give_up_at = at
        call.on_time_up = on_time_up
        self.layer.alarms.watch(call)

    def own_address(self) -> str:
        """Return the address that calls come from when the application names none."""
        return self._address

    def new_call_id(self) -> str:
        """Return a Call-ID (RFC 3261 8.1.1.4)."""
        return f"{self.new_token()}@{self.options.host}"

    def contact(self, transport: Transport, user: str = "") -> tuple[str, str]:
        """Return our Contact header; `user` for another user part than the usual."""
        if user:
            place = host_port(self.options.host, self.options.port_of(transport))
            # RFC 7118 5.2.1: the URI of a secure WebSocket says ws, too.
            name = Transport.WS if transport is Transport.WSS else transport
            suffix = "" if transport is Transport.UDP else f";transport={name}"
            return "contact", f"<sip:{user}@{place}{suffix}>"
        return "contact", self._contacts[transport]

    def answer_headers(
        self, request: Request, transaction: ServerTransaction, sdp: bytes
    ) -> list[tuple[str, str]]:
        """Return the headers of an answer that makes or changes a dialog (RFC 3261 12.1.1)."""
        headers = [("record-route", value) for value in request.headers.get("record-route", ())]
        headers.append(self.contact_for(transaction.hop.transport, request.uri))
        if sdp:
            headers.append(("content-type", "application/sdp"))
        return headers

    def contact_for(self, transport: Transport, uri: str) -> tuple[str, str]:
        """Return our Contact header in a call to a URI: a sips call has a sips Contact."""
        name, contact = self.contact(transport)
        if uri.lower().startswith("sips:"):  # RFC 3261 12.1.1, 8.1.1.8
            contact = contact.replace("<sip:", "<sips:", 1)
        return name, contact

    def acknowledge(
        self, dialog: Dialog, transaction: ClientTransaction, sdp: bytes = b""
    ) -> Outgoing:
        """Send the ACK for a 2xx to our INVITE; keep what is returned to repeat it."""
        invite = transaction.request
        ack = dialog.request("ACK", invite.cseq.number)
        # RFC 3261 22.1: with the credentials that the INVITE got through with.
        for name in ("authorization", "proxy-authorization"):
            if name in invite.headers:
                ack.headers[name] = invite.headers[name]
        if sdp:
            ack.headers["content-type"] = [SDP]
            ack.body = sdp
        return self.layer.send_ack(ack, dialog.next_hop())

    def finish(self, request: Request, call: Call) -> Request:
        """Put our name and credentials on a request inside a dialog."""
        request.headers["user-agent"] = [self.options.name]
        if call.digest is not None:
            call.digest.sign(request)
        return request


def checked(headers: Headers) -> list[tuple[str, str]]:
    """Return headers of the application in lower case.

    Raises:
        UsageError: for a name that the core writes itself, and for line breaks.
    """
    result = [(name.lower(), value) for name, value in headers]
    for name, value in result:
        if name in _OURS or not is_token(name) or "\r" in value or "\n" in value:
            raise UsageError(f"header {name} cannot be set")
    return result


def allows_of(message: Request | Response) -> frozenset[str]:
    """Return the methods that the sender names in Allow; none if it names none."""
    try:
        return frozenset(message.values("allow"))
    except PeerError:
        return frozenset()
