"""What happens inside a call: BYE, re-INVITE and UPDATE both ways, INFO (RFC 3261 12, 14)."""

from contextlib import suppress

from channels.voice.sip.call import Call, CallBook
from channels.voice.sip.dialog import Dialog
from channels.voice.sip.errors import CallGone, PeerError, UsageError
from channels.voice.sip.events import (
    CallEnded,
    CallReoffered,
    DigitsReceived,
    EndReason,
    ReofferAnswered,
    ReofferRefused,
)
from channels.voice.sip.incoming import IncomingCalls
from channels.voice.sip.leaving import Leaving
from channels.voice.sip.message import Request, Response
from channels.voice.sip.reasons import reason_of
from channels.voice.sip.screening import ALLOW, SDP, is_sdp, sdp_of
from channels.voice.sip.states import CallState, CallTrigger
from channels.voice.sip.transaction import (
    ClientTransaction,
    InviteClient,
    InviteServer,
    Server,
)

OFFER_LIMIT = 10.0
"""Seconds that the application has to answer a re-INVITE or UPDATE."""

REOFFER_LIMIT = 60.0
"""Seconds that the other side has to answer a re-INVITE that it has received."""

RETRY_LATER = (("retry-after", "5"),)
"""RFC 3261 14.2: 0 to 10 seconds."""

MAX_TONE_MS = 5_000

DIGITS = frozenset("0123456789*#ABCD")

_OVER = frozenset({CallState.LEAVING, CallState.ENDED})


class MidCall:
    """Requests inside dialogs, theirs and ours."""

    def __init__(self, book: CallBook, incoming: IncomingCalls, leaving: Leaving) -> None:
        self._book = book
        self._layer = book.layer
        self._incoming = incoming
        self._leaving = leaving
        self._handlers = {
            "BYE": self._receive_bye,
            "INVITE": self._receive_offer,
            "UPDATE": self._receive_offer,
            "INFO": self._receive_info,
        }

    def receive_request(
        self,
        ends: tuple[Call, Dialog],
        request: Request,
        transaction: Server | InviteServer,
        now: float,
    ) -> None:
        """Take a BYE, INVITE, UPDATE or INFO inside a dialog.

        Raises:
            PeerError: for one that must be refused.
        """
        call, dialog = ends
        dialog.accept_sequence(request.cseq.number)
        self._handlers[request.method](call, request, transaction, now)

    def receive_cancel(self, call: Call, invite: InviteServer, now: float) -> None:
        """Take a CANCEL for a re-INVITE that the application has not answered."""
        if call.offer is not None and call.offer[1] is invite:
            self._close_offer(call, 487, now)

    def reoffer(self, call: Call, sdp: bytes, now: float) -> None:
        """Send a re-INVITE with an offer; glare is reported like a refusal.

        Raises:
            UsageError: for an empty body, and for a call that is not established.
        """
        dialog = call.dialog
        if not sdp or dialog is None or call.state is not CallState.ESTABLISHED:
            raise UsageError("a re-INVITE needs SDP and an established call")
        if call.offer is not None or call.reoffer is not None:
            self._book.emit(ReofferRefused(call=call.key, status=491, reason=reason_of(491)))
            return
        self._send_reoffer(call, dialog, sdp, now)

    def answer_offer(self, call: Call, sdp: bytes, now: float) -> None:
        """Accept a re-INVITE or UPDATE of the other side.

        Raises:
            CallGone: if the offer was withdrawn, or waited too long.
            UsageError: for an empty body.
        """
        if not sdp:
            raise UsageError("an answer needs SDP")
        if call.offer is None or call.dialog is None:
            raise CallGone(call.key)
        request, transaction = call.offer
        call.offer = None
        call.dialog.target = call.dialog.new_target(request)
        headers = [*self._book.answer_headers(request, transaction, sdp), ALLOW]
        data = self._layer.respond(request, transaction, 200, now, headers=headers, body=sdp)
        if isinstance(transaction, InviteServer):
            self._leaving.accept(call, transaction, data, request.cseq.number, now)

    def reject_offer(self, call: Call, status: int, now: float) -> None:
        """Refuse a re-INVITE or UPDATE of the other side.

        Raises:
            CallGone: if the offer was withdrawn, or waited too long.
            UsageError: for a status that is none.
        """
        if not 300 <= status <= 699:
            raise UsageError(f"{status} is not a refusal")
        if call.offer is None:
            raise CallGone(call.key)
        self._close_offer(call, status, now)

    def receive_response(
        self, transaction: ClientTransaction, response: Response, now: float
    ) -> None:
        """Take the response to a re-INVITE of ours."""
        call = transaction.tag
        assert isinstance(call, Call)
        dialog = call.dialog
        if response.status < 200 or dialog is None:
            return
        if response.status < 300:
            self._receive_answer(call, dialog, transaction, response)
            return
        call.reoffer = None
        digest = call.digest
        if response.status in {401, 407} and digest and digest.may_retry(response, transaction.hop):
            self._send_reoffer(call, dialog, transaction.request.body, now)
        elif response.status in {408, 481}:
            self._lose(call, EndReason.ERROR, now)  # RFC 3261 14.1, 12.2.1.2
        elif call.state is CallState.ESTABLISHED:
            reason = response.reason or reason_of(response.status)
            self._book.emit(ReofferRefused(call=call.key, status=response.status, reason=reason))

    def transaction_failed(self, transaction: ClientTransaction, _status: int, now: float) -> None:
        """Note that a re-INVITE of ours got no answer: the call does not work any more."""
        call = transaction.tag
        assert isinstance(call, Call)
        call.reoffer = None
        self._lose(call, EndReason.TIMEOUT, now)

    def _receive_bye(
        self, call: Call, request: Request, transaction: Server | InviteServer, now: float
    ) -> None:
        self._layer.respond(request, transaction, 200, now)
        if call.state is CallState.OFFERED:
            self._incoming.receive_cancel(call, now)
            return
        # In our early dialog it may be one fork of many: RFC 3261 15 gives it no meaning.
        if not call.allows(CallTrigger.BYE):
            return
        self._close_offer(call, 487, now)
        was_closing = call.state is CallState.CLOSING
        call.move(CallTrigger.BYE)
        self._book.drop(call)
        if not was_closing:
            self._book.emit(CallEnded(call=call.key, reason=EndReason.BYE))

    def _receive_offer(
        self, call: Call, request: Request, transaction: Server | InviteServer, now: float
    ) -> None:
        sdp = sdp_of(request)
        if request.method == "UPDATE" and not sdp:
            self._refresh(call, request, transaction, now)
            return
        if call.offer is not None or call.state is CallState.OFFERED:
            raise PeerError(500, "Offer Pending", RETRY_LATER)
        if call.state in {CallState.CLOSING, *_OVER}:
            raise PeerError(481, reason_of(481))
        if call.reoffer is not None or call.state is not CallState.ESTABLISHED:
            raise PeerError(491, reason_of(491))
        if call.dialog is not None:
            call.dialog.new_target(request)  # refused now, if it cannot be used later
        call.offer = (request, transaction)
        if isinstance(transaction, InviteServer):
            transaction.call_key = call.key
            self._layer.respond(request, transaction, 100, now)
        self._book.limit(call, now + OFFER_LIMIT, self._offer_time_up)
        self._book.emit(CallReoffered(call=call.key, sdp=sdp))

    def _refresh(
        self, call: Call, request: Request, transaction: Server | InviteServer, now: float
    ) -> None:
        # RFC 4028 10: a session-timer refresh without an offer changes nothing.
        if call.dialog is not None:
            call.dialog.target = call.dialog.new_target(request)
        headers = self._book.answer_headers(request, transaction, b"")
        self._layer.respond(request, transaction, 200, now, headers=headers)

    def _receive_info(
        self, call: Call, request: Request, transaction: Server | InviteServer, now: float
    ) -> None:
        kind = request.header("content-type").partition(";")[0].strip().lower()
        if not request.body:
            self._layer.respond(request, transaction, 200, now)
            return
        digits = parse_digits(kind, request.body)
        if digits is None:
            accept = ("accept", "application/dtmf-relay, application/dtmf")
            raise PeerError(415, reason_of(415), (accept,))
        self._layer.respond(request, transaction, 200, now)
        keys, duration_ms = digits
        self._book.emit(DigitsReceived(call=call.key, digits=keys, duration_ms=duration_ms))

    def _offer_time_up(self, call: Call, now: float) -> None:
        self._close_offer(call, 500, now)

    def _close_offer(self, call: Call, status: int, now: float) -> None:
        if call.offer is not None:
            request, transaction = call.offer
            call.offer = None
            self._layer.respond(request, transaction, status, now)

    def _send_reoffer(self, call: Call, dialog: Dialog, sdp: bytes, now: float) -> None:
        request = dialog.request("INVITE")
        ways = dialog.next_hop()
        request.headers["contact"] = [self._book.contact_for(ways[0].transport, request.uri)[1]]
        request.headers["content-type"] = [SDP]
        request.body = sdp
        self._book.finish(request, call)
        call.reoffer = self._layer.send_invite(request, ways, self, now)
        call.reoffer.tag = call
        call.reoffer.patience = REOFFER_LIMIT

    def _receive_answer(
        self, call: Call, dialog: Dialog, transaction: ClientTransaction, response: Response
    ) -> None:
        number = transaction.request.cseq.number
        ack = call.acks.get((dialog.remote_tag, number))
        if ack is not None:
            self._layer.send(ack)
            return
        if isinstance(transaction, InviteClient) and call.reoffer is transaction:
            call.reoffer = None
        if call.digest is not None:
            call.digest.succeed()
        with suppress(PeerError):  # a target that we cannot send to changes nothing
            dialog.target = dialog.new_target(response)
        call.acks = {(dialog.remote_tag, number): self._book.acknowledge(dialog, transaction)}
        if call.state is CallState.ESTABLISHED:
            sdp = response.body if is_sdp(response.header("content-type")) else b""
            self._book.emit(ReofferAnswered(call=call.key, sdp=sdp))

    def _lose(self, call: Call, reason: EndReason, now: float) -> None:
        if call.state is CallState.ESTABLISHED:
            self._leaving.lose(call, reason, now)


def parse_digits(kind: str, body: bytes) -> tuple[str, int] | None:
    """Return keys and duration in ms of an INFO body; None if it holds no keys.

    `application/dtmf-relay` has lines `Signal=5`, `Duration=160`; `application/dtmf` the
    bare key (neither is a standard: both follow what gateways and phones send).
    """
    text = body[:256].decode("ascii", "replace")
    if kind == "application/dtmf":
        return _checked_digits(text, 0)
    if kind != "application/dtmf-relay":
        return None
    fields: dict[str, str] = {}
    for line in text.splitlines():
        name, _, value = line.partition("=")
        fields[name.strip().lower()] = value.strip()
    duration = fields.get("duration", "")
    is_number = duration.isascii() and duration.isdigit() and len(duration) <= 5
    return _checked_digits(
        fields.get("signal", ""), min(int(duration), MAX_TONE_MS) if is_number else 0
    )


def _checked_digits(text: str, duration_ms: int) -> tuple[str, int] | None:
    keys = text.strip().upper()
    # Some gateways number the keys * and #.
    keys = {"10": "*", "11": "#"}.get(keys, keys)
    if len(keys) == 1 and keys in DIGITS:
        return keys, duration_ms
    return None
