"""How calls end: BYE, and the 2xx that nobody acknowledges (RFC 3261 15, 13.3.1.4)."""

from channels.voice.sip.acceptance import Acceptance
from channels.voice.sip.body import sdp_of
from channels.voice.sip.call import Call, CallBook
from channels.voice.sip.dialog import Dialog
from channels.voice.sip.events import CallEnded, EndReason
from channels.voice.sip.message import Request, Response
from channels.voice.sip.states import CallState, CallTrigger
from channels.voice.sip.transaction import ClientTransaction, InviteServer


class Leaving:
    """Sends BYE, with credentials if asked, and forgets the call when it is answered."""

    def __init__(self, book: CallBook) -> None:
        self._book = book

    def accept(
        self, call: Call, invite: Request, transaction: InviteServer, data: bytes, now: float
    ) -> None:
        """Repeat a 2xx to an INVITE until its ACK comes; without one, end the call."""
        if call.acceptance is not None:
            call.acceptance.stop()

        def lost(at: float) -> None:
            self._not_acknowledged(call, at)

        call.acceptance = Acceptance(transaction, data, invite.cseq.number, lost, now)
        call.acceptance.is_offer = not sdp_of(invite)
        self._book.layer.alarms.watch(call.acceptance)

    def hang_up(self, call: Call, now: float) -> None:
        """End an answered call from our side."""
        waits_for_ack = call.state is CallState.ANSWERED
        call.move(CallTrigger.HANG_UP)
        self._book.emit(CallEnded(call=call.key, reason=EndReason.HUNG_UP))
        # RFC 3261 15: the callee must not send BYE before the ACK has come.
        if not waits_for_ack:
            self.send_bye(call, now)

    def lose(self, call: Call, reason: EndReason, now: float) -> None:
        """End an answered call that does not work any more; the BYE is a courtesy."""
        was_closing = call.state is CallState.CLOSING
        call.move(CallTrigger.LOST)
        if not was_closing:
            self._book.emit(CallEnded(call=call.key, reason=reason))
        self.send_bye(call, now)

    def send_bye(self, call: Call, now: float, dialog: Dialog | None = None) -> None:
        """Send BYE in the dialog of a call, or in another fork of it."""
        way = dialog or call.dialog
        assert way is not None
        if way is call.dialog:
            self._refuse_offer(call, now)
            if call.unanswered is not None:
                # RFC 3261 13.2.2.4: a 2xx is acknowledged even by who hangs up at once.
                self._book.acknowledge(*call.unanswered)
                call.unanswered = None
        request = self._book.finish(way.request("BYE"), call)
        transaction = self._book.layer.send_request(request, way.next_hop(), self, now)
        transaction.tag = (call, way)

    def receive_response(
        self, transaction: ClientTransaction, response: Response, now: float
    ) -> None:
        """Take the answer to a BYE; whatever it is, the call is over."""
        if response.status < 200:
            return
        call, dialog = _context(transaction)
        digest = call.digest
        if response.status in {401, 407} and digest and digest.may_retry(response, transaction.hop):
            self.send_bye(call, now, dialog)
            return
        self._forget(call, dialog)

    def transaction_failed(self, transaction: ClientTransaction, _status: int, _now: float) -> None:
        """Note that the BYE was not answered: the other side is gone."""
        self._forget(*_context(transaction))

    def _forget(self, call: Call, dialog: Dialog) -> None:
        if dialog is call.dialog:
            if call.allows(CallTrigger.LOST):
                call.move(CallTrigger.LOST)
            self._book.drop(call)

    def _not_acknowledged(self, call: Call, now: float) -> None:
        call.acceptance = None
        if call.allows(CallTrigger.LOST):
            self.lose(call, EndReason.TIMEOUT, now)

    def _refuse_offer(self, call: Call, now: float) -> None:
        if call.offer is not None:
            request, transaction = call.offer
            call.offer = None
            self._book.layer.respond(request, transaction, 487, now, to_tag=call.key)


def _context(transaction: ClientTransaction) -> tuple[Call, Dialog]:
    assert isinstance(transaction.tag, tuple)
    call, dialog = transaction.tag
    assert isinstance(call, Call)
    assert isinstance(dialog, Dialog)
    return call, dialog
