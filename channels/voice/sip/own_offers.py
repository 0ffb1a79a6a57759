"""What we ask inside a call: re-INVITE and UPDATE, wished for or to refresh (RFC 3261 14, 3311)."""

from contextlib import suppress

from channels.voice.sip.body import SDP, sdp_of
from channels.voice.sip.call import Call, CallBook
from channels.voice.sip.dialog import Dialog
from channels.voice.sip.errors import PeerError, UsageError
from channels.voice.sip.events import EndReason, ReofferAnswered, ReofferRefused
from channels.voice.sip.leaving import Leaving
from channels.voice.sip.message import Request, Response
from channels.voice.sip.reasons import reason_of
from channels.voice.sip.screening import ALLOW, SUPPORTED
from channels.voice.sip.session_timer import SessionTimers
from channels.voice.sip.states import CallState
from channels.voice.sip.transaction import ClientTransaction, InviteClient

REOFFER_LIMIT = 60.0
"""Seconds that the other side has to answer a re-INVITE that it has received."""


class OwnOffers:
    """Changes sessions from our side, and keeps them alive."""

    def __init__(self, book: CallBook, leaving: Leaving, sessions: SessionTimers) -> None:
        self._book = book
        self._layer = book.layer
        self._leaving = leaving
        self._sessions = sessions
        sessions.on_refresh = self.refresh
        sessions.on_end = self._session_over

    def reoffer(self, call: Call, sdp: bytes, now: float) -> None:
        """Send a re-INVITE with an offer; glare is reported like a refusal.

        Raises:
            UsageError: for an empty body, and for a call that is not established.
        """
        dialog = call.dialog
        if not sdp or dialog is None or call.state is not CallState.ESTABLISHED:
            raise UsageError("a re-INVITE needs SDP and an established call")
        if _is_offer_open(call):
            self._book.emit(ReofferRefused(call=call.key, status=491, reason=reason_of(491)))
            return
        self._send_reoffer(call, dialog, sdp, now)

    def update(self, call: Call, sdp: bytes, now: float) -> None:
        """Send an UPDATE, with an offer or with none; like `reoffer` where there is no UPDATE.

        Raises:
            UsageError: for a call that is not established.
        """
        dialog = call.dialog
        if dialog is None or call.state is not CallState.ESTABLISHED:
            raise UsageError("an UPDATE needs an established call")
        if "UPDATE" not in call.remote_allows:
            self.reoffer(call, sdp or call.local_sdp, now)
        elif sdp and _is_offer_open(call):
            self._book.emit(ReofferRefused(call=call.key, status=491, reason=reason_of(491)))
        else:
            self._send_update(call, dialog, sdp, now)

    def refresh(self, call: Call, now: float) -> None:
        """Show the other side that the call lives (RFC 4028 10)."""
        dialog = call.dialog
        if dialog is None or _is_offer_open(call):
            self._sessions.pause(call, now)
        elif "UPDATE" in call.remote_allows:
            call.refresh = self._send_update(call, dialog, b"", now)
        elif call.local_sdp:
            call.refresh = self._send_reoffer(call, dialog, call.local_sdp, now)

    def receive_response(
        self, transaction: ClientTransaction, response: Response, now: float
    ) -> None:
        """Take the response to a re-INVITE or UPDATE of ours."""
        call = transaction.tag
        assert isinstance(call, Call)
        dialog = call.dialog
        if response.status < 200 or dialog is None:
            return
        if response.status < 300:
            self._receive_answer(call, dialog, transaction, response, now)
            return
        if call.reoffer is transaction:
            call.reoffer = None
        is_refresh = call.refresh is transaction
        if self._may_repeat(call, transaction, response):
            self._send_again(call, dialog, transaction, now)
        elif response.status in {408, 481}:
            self._lose(call, EndReason.ERROR, now)  # RFC 3261 14.1, 12.2.1.2
        elif is_refresh:
            if response.status == 491:  # another refusal may be one for long: half way to the end
                self._sessions.pause(call, now)
        elif call.state is CallState.ESTABLISHED:
            reason = response.reason or reason_of(response.status)
            self._book.emit(ReofferRefused(call=call.key, status=response.status, reason=reason))

    def transaction_failed(self, transaction: ClientTransaction, _status: int, now: float) -> None:
        """Note that a re-INVITE or UPDATE of ours got no answer: the call works no more."""
        call = transaction.tag
        assert isinstance(call, Call)
        if call.reoffer is transaction:
            call.reoffer = None
        self._lose(call, EndReason.TIMEOUT, now)

    def _send_reoffer(
        self, call: Call, dialog: Dialog, sdp: bytes, now: float
    ) -> ClientTransaction:
        request = dialog.request("INVITE")
        ways = dialog.next_hop()
        request.headers["contact"] = [self._book.contact_for(ways[0].transport, request.uri)[1]]
        request.headers["content-type"] = [SDP]
        request.body = sdp
        self._finish(request, call)
        transaction = self._layer.send_invite(request, ways, self, now)
        transaction.tag = call
        transaction.patience = REOFFER_LIMIT
        call.reoffer = transaction
        return transaction

    def _send_update(self, call: Call, dialog: Dialog, sdp: bytes, now: float) -> ClientTransaction:
        request = dialog.request("UPDATE")
        ways = dialog.next_hop()
        request.headers["contact"] = [self._book.contact_for(ways[0].transport, request.uri)[1]]
        if sdp:
            request.headers["content-type"] = [SDP]
            request.body = sdp
        self._finish(request, call)
        transaction = self._layer.send_request(request, ways, self, now)
        transaction.tag = call
        if sdp:
            call.reoffer = transaction
        return transaction

    def _send_again(
        self, call: Call, dialog: Dialog, transaction: ClientTransaction, now: float
    ) -> None:
        again = self._send_update if transaction.method == "UPDATE" else self._send_reoffer
        repeated = again(call, dialog, transaction.request.body, now)
        if call.refresh is transaction:
            call.refresh = repeated

    def _may_repeat(self, call: Call, transaction: ClientTransaction, response: Response) -> bool:
        if response.status == 422:
            return self._sessions.raise_floor(call, response)
        digest = call.digest
        if response.status not in {401, 407} or digest is None:
            return False
        return digest.may_retry(response, transaction.hop)

    def _finish(self, request: Request, call: Call) -> None:
        for name, value in (ALLOW, SUPPORTED, *self._sessions.ask(call)):
            request.headers[name] = [value]
        self._book.finish(request, call)

    def _session_over(self, call: Call, now: float) -> None:
        # RFC 4028 10: nobody refreshed in time.
        self._leaving.lose(call, EndReason.TIMEOUT, now)

    def _receive_answer(
        self,
        call: Call,
        dialog: Dialog,
        transaction: ClientTransaction,
        response: Response,
        now: float,
    ) -> None:
        number = transaction.request.cseq.number
        ack = call.acks.get((dialog.remote_tag, number))
        if ack is not None:
            self._layer.send(ack)
            return
        is_refresh = call.refresh is transaction
        if call.reoffer is transaction:
            call.reoffer = None
        if call.digest is not None:
            call.digest.succeed()
        with suppress(PeerError):  # a target that we cannot send to changes nothing
            dialog.target = dialog.new_target(response)
        if isinstance(transaction, InviteClient):
            call.acks = {(dialog.remote_tag, number): self._book.acknowledge(dialog, transaction)}
        if call.state is not CallState.ESTABLISHED:
            return
        self._sessions.learn(call, response, now)
        sdp = sdp_of(response)
        is_news = bool(sdp) and sdp != call.remote_sdp
        call.local_sdp = transaction.request.body or call.local_sdp
        call.remote_sdp = sdp or call.remote_sdp
        if is_news or not is_refresh:
            self._book.emit(ReofferAnswered(call=call.key, sdp=sdp))

    def _lose(self, call: Call, reason: EndReason, now: float) -> None:
        if call.state is CallState.ESTABLISHED:
            self._leaving.lose(call, reason, now)


def _is_offer_open(call: Call) -> bool:
    # RFC 3261 14.1: not before the ACK of their re-INVITE either; it may bring an answer.
    waits = (call.offer, call.reoffer, call.acceptance, call.unanswered)
    return any(each is not None for each in waits)
