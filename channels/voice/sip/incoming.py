"""Calls that others make to us, up to the ACK (RFC 3261 13.3)."""

from dataclasses import replace

from channels.voice.sip.acceptance import Acceptance
from channels.voice.sip.address import Hop
from channels.voice.sip.alarms import NEVER
from channels.voice.sip.auth import authorization_of
from channels.voice.sip.body import sdp_of
from channels.voice.sip.call import Call, CallBook, Headers, allows_of, checked
from channels.voice.sip.dialog import Dialog
from channels.voice.sip.errors import PeerError, UsageError
from channels.voice.sip.events import (
    CallCancelled,
    CallConfirmed,
    CallEnded,
    CallKey,
    CallOffered,
    EndReason,
)
from channels.voice.sip.headers import NameAddress
from channels.voice.sip.identity import asserted_identity, diversions, wants_privacy
from channels.voice.sip.leaving import Leaving
from channels.voice.sip.message import Request
from channels.voice.sip.reasons import reason_of
from channels.voice.sip.replaces import replaces_of_request
from channels.voice.sip.screening import ALLOW, SUPPORTED
from channels.voice.sip.session_timer import SessionTimers, requires, supports
from channels.voice.sip.states import CallState, CallTrigger
from channels.voice.sip.transaction import InviteServer, Server
from channels.voice.sip.uri import Uri

RELIABLE = "100rel"

MAX_QUEUED = 5
"""Provisional answers that wait for a PRACK."""


class IncomingCalls:
    """Offers calls to the application and carries its answers back."""

    def __init__(self, book: CallBook, leaving: Leaving, sessions: SessionTimers) -> None:
        self._book = book
        self._layer = book.layer
        self._leaving = leaving
        self._sessions = sessions

    def receive_invite(
        self, request: Request, transaction: InviteServer, source: Hop, now: float
    ) -> None:
        """Take an INVITE outside a dialog.

        Raises:
            PeerError: 503 when there are too many calls, 400 for a broken one, 422.
        """
        book = self._book
        self._sessions.check(request)
        if book.is_full:
            retry_after = str(book.options.busy_retry_after)
            raise PeerError(503, reason_of(503), (("retry-after", retry_after),))
        replaced = self._replaced(request, source, now)
        key = CallKey(book.new_token())
        offered = replace(
            _describe(key, request, source, book.options.realm),
            is_from_trunk=book.peers.is_trunk(source.host),
            trunk_hosts=book.peers.trunk_hosts(source.host),
        )
        call = Call(key, CallState.OFFERED, request)
        call.dialog = Dialog.from_request(
            request, key, source, is_trusted=book.peers.trusts(source.host, now)
        )
        call.dialogs[call.dialog.remote_tag] = call.dialog
        call.source = source
        call.remote_sdp = offered.sdp
        call.remote_allows = allows_of(request)
        call.transaction = transaction
        transaction.call_key = key
        book.add(call)
        book.limit(call, now + book.options.ring_limit, self._time_up)
        # RFC 3261 17.2.1 allows 200 ms; a caller that hears nothing repeats after 500 ms.
        self._layer.respond(request, transaction, 100, now)
        if replaced is not None:
            call.replaced = replaced
            offered = replace(offered, replaces=replaced.key)
        book.emit(offered)

    def _replaced(self, request: Request, source: Hop, now: float) -> Call | None:
        replaces = replaces_of_request(request)
        if replaces is None:
            return None
        call = self._book.replaced(replaces)
        # RFC 3891 3, 6.1: the tags are as good as a password only if nobody overheard them.
        is_owner = call is not None and call.source is not None and call.source.host == source.host
        if call is None or not (is_owner or self._book.peers.trusts(source.host, now)):
            raise PeerError(481, reason_of(481))
        if replaces.is_early_only:
            raise PeerError(486, reason_of(486))
        return call

    def receive_cancel(self, call: Call, now: float) -> None:
        """End an offered call that the caller gave up; nothing if it is answered already."""
        if call.state is CallState.OFFERED:
            self._finish(call, 487, CallTrigger.CANCELLED, now)
            self._book.emit(CallCancelled(call=call.key))

    def receive_ack(self, call: Call, request: Request, now: float) -> None:
        """Take the ACK for a 2xx: of the INVITE that made the call, or of a re-INVITE."""
        acceptance = call.acceptance
        if acceptance is None or request.cseq.number != acceptance.cseq:
            return
        acceptance.stop()
        call.acceptance = None
        # What answers nothing is no answer: some phones repeat their offer here.
        sdp = sdp_of(request) if acceptance.is_offer else b""
        if call.state is CallState.ANSWERED:
            call.move(CallTrigger.ACKNOWLEDGED)
            self._book.emit(CallConfirmed(call=call.key, sdp=sdp))
        elif call.state is CallState.CLOSING:
            call.move(CallTrigger.ACKNOWLEDGED)
            self._leaving.send_bye(call, now)
        elif sdp:
            self._book.emit(CallConfirmed(call=call.key, sdp=sdp))

    def ring(self, call: Call, status: int, sdp: bytes, now: float) -> None:
        """Send a provisional answer.

        Raises:
            UsageError: for a status that is none, and for an answered call.
        """
        if not 101 <= status <= 199:
            raise UsageError(f"{status} is not a provisional status")
        _open_invite(call)
        if call.provisional is None:
            self._provide(call, status, sdp, now)
        elif len(call.queued) < MAX_QUEUED:
            # RFC 3262 3: not before the last reliable one is acknowledged.
            call.queued.append((status, sdp))

    def receive_prack(
        self, call: Call, request: Request, transaction: Server | InviteServer, now: float
    ) -> None:
        """Take the acknowledgement of a reliable provisional answer (RFC 3262 3).

        Raises:
            PeerError: 481, if there is nothing that it acknowledges; 488, if it makes an offer.
        """
        provisional = call.provisional
        words = request.header("rack").split()
        if provisional is None or call.invite is None or words[:1] != [str(provisional.cseq)]:
            raise PeerError(481, reason_of(481))
        if [word.upper() for word in words[1:]] != call.invite.header("cseq").upper().split():
            raise PeerError(481, reason_of(481))
        if sdp_of(request):
            raise PeerError(488, reason_of(488))
        provisional.stop()
        call.provisional = None
        self._layer.respond(request, transaction, 200, now)
        while call.queued and call.provisional is None:
            status, sdp = call.queued.pop(0)
            if status < 200:
                self._provide(call, status, sdp, now)
            else:
                call.queued.clear()
                self.answer(call, sdp, now)

    def answer(self, call: Call, sdp: bytes, now: float) -> None:
        """Send the 200 and repeat it until the ACK comes.

        Raises:
            UsageError: for an empty body, and for an answered call.
        """
        request, transaction = _open_invite(call)
        if not sdp:
            raise UsageError("an answer needs SDP")
        if call.provisional is not None:
            # RFC 3262 3: our early answer must have arrived before the 2xx may leave.
            call.queued = [*call.queued[: MAX_QUEUED - 1], (200, sdp)]
            return
        call.move(CallTrigger.ANSWER)
        call.give_up_at = NEVER
        call.local_sdp = sdp
        timer = self._sessions.grant(call, request, now)
        headers = [*self._book.answer_headers(request, transaction, sdp), ALLOW, SUPPORTED, *timer]
        data = self._layer.respond(
            request, transaction, 200, now, to_tag=call.key, headers=headers, body=sdp
        )
        call.invite = None
        self._leaving.accept(call, request, transaction, data, now)
        replaced, call.replaced = call.replaced, None
        if replaced is not None and replaced.state is CallState.ESTABLISHED:
            self._leaving.hang_up(replaced, now)

    def _provide(self, call: Call, status: int, sdp: bytes, now: float) -> None:
        request, transaction = _open_invite(call)
        is_offered = bool(call.remote_sdp)
        early = sdp if is_offered else b""  # a delayed offer is answered with the 2xx
        headers = self._book.answer_headers(request, transaction, early)
        is_reliable = requires(request, RELIABLE) or (bool(early) and supports(request, RELIABLE))
        if is_reliable:
            call.rseq += 1
            headers += [("require", RELIABLE), ("rseq", str(call.rseq))]
        data = self._layer.respond(
            request, transaction, status, now, to_tag=call.key, headers=headers, body=early
        )
        if is_reliable:
            call.provisional = Acceptance(
                transaction, data, call.rseq, lambda at: self._not_heard(call, at), now, status
            )
            self._layer.alarms.watch(call.provisional)

    def _not_heard(self, call: Call, now: float) -> None:
        # RFC 3262 3: the caller never acknowledged our ringing.
        call.provisional = None
        if call.state is CallState.OFFERED:
            self._finish(call, 504, CallTrigger.HANG_UP, now)
            self._book.emit(CallEnded(call=call.key, reason=EndReason.TIMEOUT))

    def reject(
        self, call: Call, status: int, now: float, *, reason: str = "", headers: Headers = ()
    ) -> None:
        """Send a final refusal and forget the call.

        Raises:
            UsageError: for a status that is none, and for an answered call.
        """
        if not 300 <= status <= 699:
            raise UsageError(f"{status} is not a refusal")
        _open_invite(call)
        allowed = checked([pair for pair in headers if pair[0].lower() != "contact"])
        contacts = [("contact", v) for n, v in headers if n.lower() == "contact"]
        self._finish(
            call, status, CallTrigger.REFUSE, now, reason=reason, headers=[*contacts, *allowed]
        )

    def challenge(self, call: Call, headers: Headers, now: float) -> None:
        """Send a 401 and forget the call: it comes again as another."""
        self._finish(call, 401, CallTrigger.REFUSE, now, headers=headers)

    def hang_up(self, call: Call, now: float) -> None:
        """Refuse because nobody will answer."""
        self._finish(call, 480, CallTrigger.HANG_UP, now)
        self._book.emit(CallEnded(call=call.key, reason=EndReason.HUNG_UP))

    def _time_up(self, call: Call, now: float) -> None:
        self._finish(call, 480, CallTrigger.HANG_UP, now)
        self._book.emit(CallEnded(call=call.key, reason=EndReason.TIMEOUT))

    def _finish(
        self,
        call: Call,
        status: int,
        trigger: CallTrigger,
        now: float,
        *,
        reason: str = "",
        headers: Headers = (),
    ) -> None:
        request, transaction = _open_invite(call)
        call.move(trigger)
        self._layer.respond(
            request, transaction, status, now, reason=reason, to_tag=call.key, headers=headers
        )
        self._book.drop(call)


def _open_invite(call: Call) -> tuple[Request, InviteServer]:
    transaction = call.transaction
    if call.invite is None or not isinstance(transaction, InviteServer):
        raise UsageError("this call is not waiting for an answer of ours")
    return call.invite, transaction


def _describe(key: CallKey, request: Request, source: Hop, realm: str) -> CallOffered:
    fields = authorization_of(request, realm) if "authorization" in request.headers else None
    return CallOffered(
        call=key,
        sip_call_id=request.call_id,
        caller=NameAddress.parse(request.header("from")),
        called=NameAddress.parse(request.header("to")),
        target=Uri.parse(request.uri),
        asserted=asserted_identity(request),
        diverted_by=diversions(request),
        wants_privacy=wants_privacy(request),
        sdp=sdp_of(request),
        source=source,
        username=fields.get("username") if fields else None,
        request=request,
    )
