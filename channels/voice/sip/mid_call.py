"""What the other side asks inside a call: BYE, re-INVITE, UPDATE, INFO (RFC 3261 12, 14)."""

from channels.voice.sip.body import sdp_of
from channels.voice.sip.call import Call, CallBook
from channels.voice.sip.dialog import Dialog
from channels.voice.sip.errors import CallGone, PeerError, UsageError
from channels.voice.sip.events import (
    CallEnded,
    CallReoffered,
    DigitsReceived,
    EndReason,
)
from channels.voice.sip.incoming import IncomingCalls
from channels.voice.sip.leaving import Leaving
from channels.voice.sip.message import Request
from channels.voice.sip.reasons import reason_of
from channels.voice.sip.screening import ACCEPT, ALLOW, SUPPORTED
from channels.voice.sip.session_timer import SessionTimers
from channels.voice.sip.states import CallState, CallTrigger
from channels.voice.sip.transaction import (
    InviteServer,
    Server,
)
from channels.voice.sip.transfer import Transfers

OFFER_LIMIT = 10.0
"""Seconds that the application has to answer a re-INVITE or UPDATE."""

RETRY_LATER = (("retry-after", "5"),)
"""RFC 3261 14.2: 0 to 10 seconds."""

MAX_TONE_MS = 5_000

DIGITS = frozenset("0123456789*#ABCD")

_OVER = frozenset({CallState.LEAVING, CallState.ENDED})


class MidCall:
    """Requests of the other side inside dialogs."""

    def __init__(
        self,
        book: CallBook,
        incoming: IncomingCalls,
        leaving: Leaving,
        sessions: SessionTimers,
        transfers: Transfers,
    ) -> None:
        self._book = book
        self._sessions = sessions
        self._layer = book.layer
        self._incoming = incoming
        self._leaving = leaving
        self._handlers = {
            "BYE": self._receive_bye,
            "INVITE": self._receive_offer,
            "UPDATE": self._receive_offer,
            "INFO": self._receive_info,
            "PRACK": incoming.receive_prack,
            "REFER": transfers.receive_refer,
            "NOTIFY": transfers.receive_notify,
            "OPTIONS": self._receive_options,
        }

    def receive_request(
        self,
        ends: tuple[Call, Dialog],
        request: Request,
        transaction: Server | InviteServer,
        now: float,
    ) -> None:
        """Take a request other than ACK and CANCEL inside a dialog.

        Raises:
            PeerError: for one that must be refused.
        """
        call, dialog = ends
        dialog.accept_sequence(request.cseq.number)
        if self._is_over(call, dialog):
            # Another fork that answered, or a call that we have hung up: BYE is on its way.
            if request.method != "BYE":
                raise PeerError(481, reason_of(481))
            self._layer.respond(request, transaction, 200, now)
            return
        if request.method in {"INVITE", "UPDATE"}:
            self._sessions.check(request)
        handler = self._handlers.get(request.method)
        if handler is None:
            raise PeerError(405, reason_of(405), (ALLOW,))
        handler(call, request, transaction, now)

    def _is_over(self, call: Call, dialog: Dialog) -> bool:
        is_other_fork = call.dialog is not None and dialog is not call.dialog
        return is_other_fork or call.state in _OVER

    def receive_cancel(self, call: Call, invite: InviteServer, now: float) -> None:
        """Take a CANCEL for a re-INVITE that the application has not answered."""
        if call.offer is not None and call.offer[1] is invite:
            self._close_offer(call, 487, now)

    def answer_offer(self, call: Call, sdp: bytes, now: float) -> None:
        """Accept a re-INVITE or UPDATE of the other side.

        Raises:
            CallGone: if the offer was withdrawn, or waited too long.
            UsageError: for an empty body.
        """
        if not sdp:
            raise UsageError("an answer needs SDP")
        if call.offer is None:
            raise CallGone(call.key)
        request, transaction = call.offer
        dialog = call.dialogs.get(request.from_tag)
        if dialog is None or call.dialog not in {None, dialog}:
            self._close_offer(call, 481, now)  # another fork has answered meanwhile
            raise CallGone(call.key)
        call.offer = None
        dialog.target = dialog.new_target(request)
        call.local_sdp, call.remote_sdp = sdp, sdp_of(request) or call.remote_sdp
        # The timer of a session begins with the 2xx to its INVITE (RFC 4028 5).
        timer = [] if call.dialog is None else self._sessions.grant(call, request, now)
        headers = [*self._book.answer_headers(request, transaction, sdp), ALLOW, SUPPORTED, *timer]
        data = self._layer.respond(request, transaction, 200, now, headers=headers, body=sdp)
        if isinstance(transaction, InviteServer):
            self._leaving.accept(call, request, transaction, data, now)

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

    def _receive_options(
        self, _call: Call, request: Request, transaction: Server | InviteServer, now: float
    ) -> None:
        self._layer.respond(request, transaction, 200, now, headers=(ALLOW, ACCEPT, SUPPORTED))

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
        if call.state is CallState.CLOSING:
            raise PeerError(481, reason_of(481))
        if call.unanswered is not None:
            raise PeerError(500, "Offer Pending", RETRY_LATER)
        dialog = call.dialogs.get(request.from_tag)
        is_early = _may_update_early(call, dialog, request)
        if call.reoffer is not None or not (is_early or call.state is CallState.ESTABLISHED):
            raise PeerError(491, reason_of(491))
        if dialog is not None:
            dialog.new_target(request)  # refused now, if it cannot be used later
            dialog.is_changed_early |= is_early
        call.offer = (request, transaction)
        if isinstance(transaction, InviteServer):
            transaction.call_key = call.key
            self._layer.respond(request, transaction, 100, now)
        if not is_early:  # then the call is limited already
            self._book.limit(call, now + OFFER_LIMIT, self._offer_time_up)
        self._book.emit(CallReoffered(call=call.key, sdp=sdp))

    def _refresh(
        self, call: Call, request: Request, transaction: Server | InviteServer, now: float
    ) -> None:
        # RFC 4028 10: a session-timer refresh without an offer changes nothing.
        if call.dialog is not None:
            call.dialog.target = call.dialog.new_target(request)
        timer = self._sessions.grant(call, request, now)
        headers = [*self._book.answer_headers(request, transaction, b""), SUPPORTED, *timer]
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


def _may_update_early(call: Call, dialog: Dialog | None, request: Request) -> bool:
    """Say whether the offer of our INVITE was answered for good before the 2xx (RFC 3311 5.2)."""
    is_early = request.method == "UPDATE" and call.state is CallState.PROCEEDING
    return is_early and dialog is not None and dialog.is_agreed_early


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
