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
from typing import Unpack

from channels.voice.sip.address import Hop, Outgoing, Transport
from channels.voice.sip.auth import Credentials, DigestSecret, DigestServer, Verdict
from channels.voice.sip.call import Call, CallBook, Headers
from channels.voice.sip.errors import CallGone, PeerError
from channels.voice.sip.events import (
    CallKey,
    CoreEvent,
    ProbeKey,
    RegistrationKey,
    RequestKey,
    TransferKey,
)
from channels.voice.sip.incoming import IncomingCalls
from channels.voice.sip.layer import TransactionLayer
from channels.voice.sip.leaving import Leaving
from channels.voice.sip.load import Load
from channels.voice.sip.message import Request
from channels.voice.sip.mid_call import MidCall
from channels.voice.sip.options import UserAgentOptions
from channels.voice.sip.outgoing import InviteOptions, OutgoingCalls
from channels.voice.sip.own_offers import OwnOffers
from channels.voice.sip.peers import ALLOWED, PeerClass, Peers
from channels.voice.sip.probes import Probes
from channels.voice.sip.reasons import reason_of
from channels.voice.sip.registrar import Registrar
from channels.voice.sip.registration import Registrations
from channels.voice.sip.screening import ACCEPT, ALLOW, SUPPORTED, screen
from channels.voice.sip.session_timer import SessionTimers
from channels.voice.sip.states import CallState
from channels.voice.sip.transaction import InviteServer, Server
from channels.voice.sip.transfer import Transfers
from channels.voice.sip.uri import host_port

__all__ = ["Headers", "UserAgent", "UserAgentOptions"]


class UserAgent:
    """All calls, registrations and transactions of one SIP address."""

    def __init__(
        self, options: UserAgentOptions, new_token: Callable[[], str], secret: bytes
    ) -> None:
        """Make an idle user agent.

        `new_token` returns a fresh unguessable token (letters and digits) each time;
        `secret` signs nonces.
        """
        self.options = options
        self._peers = Peers(options.peers)
        self._layer = TransactionLayer(
            {
                transport: host_port(options.host, options.port_of(transport))
                for transport in Transport
            },
            server_name=options.name,
            new_token=new_token,
            limit=options.max_transactions,
            max_datagram=options.max_datagram,
            peers=self._peers,
            user=self,
        )
        self._book = CallBook(options, self._layer, self._peers, new_token)
        leaving = Leaving(self._book)
        sessions = SessionTimers(self._book)
        self._leaving = leaving
        self._incoming = IncomingCalls(self._book, leaving, sessions)
        self._outgoing = OutgoingCalls(self._book, leaving, sessions)
        self._transfers = Transfers(self._book)
        self._own_offers = OwnOffers(self._book, leaving, sessions)
        self._mid_call = MidCall(self._book, self._incoming, leaving, sessions, self._transfers)
        self._registrar = Registrar(self._book)
        self._registrations = Registrations(self._book)
        self._probes = Probes(self._book)
        self.load = Load(self._book, self._layer, self._peers)
        self._digest = DigestServer(options.realm, secret, new_token, options.algorithms)

    # in and out

    def receive(self, data: bytes, source: Hop, now: float) -> None:
        """Take one whole message from the network; never raises for what it contains.

        Who sends too much is not read (see `peers`).
        """
        if self._peers.admit(source, len(data), now):
            self._layer.receive(data, source, now)

    def transport_failed(self, hop: Hop, now: float) -> None:
        """Note that nothing can be sent to `hop`: what waits for it fails (RFC 3261 8.1.3.1)."""
        self._layer.transport_failed(hop, now)

    def events(self) -> list[CoreEvent]:
        """Return what happened since the last call, oldest first."""
        return self._book.take_events()

    def messages_to_send(self) -> list[Outgoing]:
        """Return what is to be sent since the last call, in order."""
        return self._layer.messages_to_send()

    def next_timer(self) -> float | None:
        """Return the instant at which `handle_timer` wants to be called."""
        return self._layer.alarms.next_timer()

    def handle_timer(self, now: float) -> None:
        """Do what is due at `now`."""
        self._layer.alarms.handle_timer(now)

    # incoming calls

    def ring(self, call: CallKey, now: float, *, status: int = 180, sdp: bytes = b"") -> None:
        """Send a provisional answer: 180, or 183 with early media."""
        self._incoming.ring(self._book.get(call), status, sdp, now)

    def answer(self, call: CallKey, sdp: bytes, now: float) -> None:
        """Send 200 with our SDP, repeated until the ACK comes (else CallEnded(TIMEOUT))."""
        self._incoming.answer(self._book.get(call), sdp, now)

    def reject(
        self, call: CallKey, status: int, now: float, *, reason: str = "", headers: Headers = ()
    ) -> None:
        """Refuse an offered call: 486, 603, 503 with ("Retry-After", "5"), 302 with Contact."""
        self._incoming.reject(self._book.get(call), status, now, reason=reason, headers=headers)

    # outgoing calls

    def invite(
        self, target: str, sdp: bytes, now: float, **options: Unpack[InviteOptions]
    ) -> CallKey:
        """Call `target` (a URI) with an SDP offer.

        It rings for `ring_limit` seconds at most. With `patience` a call that got no answer at
        all, not even 100, in so many seconds fails with 504; whatever it starts later is
        cancelled.

        `caller` is the From address (a URI or name-addr), ours if empty. `destination` is
        where to send, whatever the URI says: an outbound proxy, or the `source` that a phone
        registered from. `route` are the proxies that the call goes through, the nearest first,
        as a phone's REGISTER named them (RFC 3327). 401 and 407 are answered with `credentials`.

        `identity` is who we say the caller is (P-Asserted-Identity): only to a trunk that
        trusts us. With `is_private` the called person does not see it (RFC 3323, 3325). With
        `is_delayed` there is no SDP: CallAnswered brings the offer, `acknowledge` answers it.

        Raises:
            UsageError: for a target, caller or route that is none, or an empty SDP.
        """
        return self._outgoing.invite(target, sdp, now, **options)

    def acknowledge(self, call: CallKey, sdp: bytes) -> None:
        """Answer the offer that CallAnswered brought to a delayed call, within 10 s."""
        self._outgoing.acknowledge(self._book.get(call), sdp)

    # every call

    def hang_up(self, call: CallKey, now: float) -> None:
        """End a call in whatever state it is: BYE, CANCEL or 480; nothing if it is gone."""
        found = self._book.find(call)
        if found is None:
            return
        if found.state is CallState.OFFERED:
            self._incoming.hang_up(found, now)
        elif found.state in {CallState.CALLING, CallState.PROCEEDING}:
            self._outgoing.hang_up(found, now)
        elif found.state in {CallState.ANSWERED, CallState.ESTABLISHED}:
            self._leaving.hang_up(found, now)

    def reoffer(self, call: CallKey, sdp: bytes, now: float) -> None:
        """Send a re-INVITE (hold, resume, refresh); ReofferAnswered or ReofferRefused follows."""
        self._own_offers.reoffer(self._book.get(call), sdp, now)

    def update(self, call: CallKey, now: float, *, sdp: bytes = b"") -> None:
        """Send an UPDATE (RFC 3311), a re-INVITE to who has none; with `sdp` it is an offer.

        ReofferAnswered or ReofferRefused follows on an offer.
        """
        self._own_offers.update(self._book.get(call), sdp, now)

    def answer_reoffer(self, call: CallKey, sdp: bytes, now: float) -> None:
        """Accept what CallReoffered asked for."""
        self._mid_call.answer_offer(self._book.get(call), sdp, now)

    def reject_reoffer(self, call: CallKey, now: float, *, status: int = 488) -> None:
        """Refuse what CallReoffered asked for; the session stays as it was."""
        self._mid_call.reject_offer(self._book.get(call), status, now)

    # transfers

    def refer(
        self, call: CallKey, target: str, now: float, *, other: CallKey | None = None
    ) -> None:
        """Ask the other side to call `target` instead of us; TransferProgressed follows.

        With `other`, a call of ours to `target`, it takes that call over (attended).
        """
        taken = None if other is None else self._book.get(other)
        self._transfers.refer(self._book.get(call), target, taken, now)

    def accept_transfer(self, transfer: TransferKey, now: float) -> None:
        """Say that what TransferAsked wants is being tried."""
        self._transfers.accept(transfer, now)

    def report_transfer(self, transfer: TransferKey, status: int, now: float) -> None:
        """Tell how it goes: 180, then 200 or why not."""
        self._transfers.report(transfer, status, now)

    def reject_transfer(self, transfer: TransferKey, now: float, *, status: int = 603) -> None:
        """Refuse what TransferAsked wants."""
        self._transfers.reject(transfer, status, now)

    # digest as server: for RegisterReceived.request_key and CallOffered.call

    def is_seat(self, host: str, now: float) -> bool:
        """Say whether a phone is registered from an address."""
        return self._peers.class_of(host, now) is PeerClass.SEAT

    def authorize(
        self, key: RequestKey | CallKey, secret: DigestSecret | None, now: float
    ) -> Verdict:
        """Judge the Authorization header; `secret` None (unknown user) is never VALID."""
        request = self._registrar.request_of(key) or self._book.get(key).invite
        if request is None:
            raise CallGone(key)
        verdict = self._digest.judge(request, secret, now)
        if verdict is Verdict.VALID:
            self._registrar.prove(key)
        return verdict

    def challenge(self, key: RequestKey | CallKey, now: float, *, stale: bool = False) -> None:
        """Answer 401 with a fresh nonce; the request comes again as a new event."""
        headers = self._digest.challenges(now, stale=stale)
        if self._registrar.request_of(key) is not None:
            self._registrar.challenge(RequestKey(key), headers, now)
        else:
            self._incoming.challenge(self._book.get(key), headers, now)

    # registrar

    def accept_register(
        self, request: RequestKey, bindings: Sequence[tuple[str, int]], now: float
    ) -> None:
        """Answer 200 with all present contacts of the address and their seconds to live."""
        self._registrar.accept(request, bindings, now)

    def reject_register(
        self,
        request: RequestKey,
        status: int,
        now: float,
        *,
        reason: str = "",
        headers: Headers = (),
    ) -> None:
        """Refuse a REGISTER: 403, 423 with ("Min-Expires", "60"), 503 with Retry-After."""
        self._registrar.reject(request, status, now, reason=reason, headers=headers)

    # our own registrations

    def register(
        self,
        address_of_record: str,
        registrar: str,
        now: float,
        *,
        credentials: Credentials | None = None,
        expires: int = 3600,
        destinations: Sequence[Hop] = (),
        contact_user: str = "",
    ) -> RegistrationKey:
        """Keep `address_of_record` registered until `unregister`; RegistrationChanged reports.

        `destinations` are the registrar's servers in the order in which to try them, if they
        are not what the URI says.
        """
        return self._registrations.register(
            address_of_record,
            registrar,
            now,
            credentials=credentials,
            expires=expires,
            destinations=destinations,
            contact_user=contact_user,
        )

    def redirect(
        self, registration: RegistrationKey, destinations: Sequence[Hop], now: float
    ) -> None:
        """Note where the registrar's servers are today; it registers anew if it must move."""
        self._registrations.redirect(registration, destinations, now)

    def unregister(self, registration: RegistrationKey, now: float) -> None:
        """Remove a registration of ours (expires 0)."""
        self._registrations.unregister(registration, now)

    def probe(self, target: str, now: float, *, destination: Hop | None = None) -> ProbeKey:
        """Ask a peer by OPTIONS whether it is there; PeerProbed tells."""
        return self._probes.probe(target, destination, now)

    # state

    def note_trunk(self, name: str, addresses: frozenset[str], *, owner: str = "") -> None:
        """Note which addresses the name of a trunk means today."""
        self._peers.note_trunk(name, addresses, owner=owner)

    def drain(self) -> None:
        """Take no new calls from here on: INVITE and OPTIONS are answered 503."""
        self._book.is_draining = True

    # the user of the transaction layer

    def receive_request(
        self, request: Request, transaction: Server | InviteServer, source: Hop, now: float
    ) -> None:
        """Take a new request from the transaction layer.

        Raises:
            PeerError: for one that must be refused.
        """
        host = source.host
        methods = ALLOWED if request.to_tag else self._peers.methods_of(host, now)
        if request.method not in methods:
            self._peers.note_not_allowed(host)
        screen(request, methods)
        if request.method == "OPTIONS" and not request.to_tag:
            self._answer_options(request, transaction, now)
        elif request.method == "REGISTER":
            self._registrar.receive_register(request, transaction, source, now)
        elif request.to_tag or not isinstance(transaction, InviteServer):
            ends = self._book.match(request)
            if ends is None:
                raise PeerError(481, reason_of(481))
            self._confirm(ends[0], source, now)
            self._mid_call.receive_request(ends, request, transaction, now)
        else:
            self._incoming.receive_invite(request, transaction, source, now)

    def receive_ack(self, request: Request, source: Hop, now: float) -> None:
        """Take an ACK from the transaction layer."""
        ends = self._book.match(request)
        if ends is not None:
            self._confirm(ends[0], source, now)
            self._incoming.receive_ack(ends[0], request, now)

    def receive_cancel(self, invite: InviteServer, now: float) -> None:
        """Take a CANCEL from the transaction layer."""
        call = self._call_of(invite)
        if call is None:
            return
        if call.transaction is invite:
            self._incoming.receive_cancel(call, now)
        else:
            self._mid_call.receive_cancel(call, invite, now)

    def _confirm(self, call: Call, source: Hop, now: float) -> None:
        # Our tag was sent to the address of the INVITE; from another it proves nothing.
        if call.source is not None and call.source.host == source.host:
            self._peers.confirm(source.host, now)

    def _call_of(self, invite: InviteServer) -> Call | None:
        return self._book.find(invite.call_key) if invite.call_key else None

    def _answer_options(
        self, request: Request, transaction: Server | InviteServer, now: float
    ) -> None:
        # RFC 3261 11.2: the status is the one that an INVITE would get.
        if self._book.is_full:
            retry_after = str(self.options.busy_retry_after)
            raise PeerError(503, reason_of(503), (("retry-after", retry_after),))
        self._layer.respond(request, transaction, 200, now, headers=(ALLOW, ACCEPT, SUPPORTED))
