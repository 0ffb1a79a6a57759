"""Transfers: REFER and what comes of it, and calls that replace others (RFC 3515, 3891).

A transfer is only asked for here. Whether it is done, and how, is for the application: no
message of the other side makes us call anybody.
"""

from dataclasses import dataclass
from urllib.parse import quote

from channels.voice.sip.alarms import NEVER
from channels.voice.sip.call import Call, CallBook
from channels.voice.sip.dialog import Dialog
from channels.voice.sip.errors import CallGone, PeerError, UsageError
from channels.voice.sip.events import TransferAsked, TransferKey, TransferProgressed
from channels.voice.sip.headers import NameAddress, parse_number
from channels.voice.sip.message import Request, Response
from channels.voice.sip.reasons import reason_of
from channels.voice.sip.replaces import replaces_in
from channels.voice.sip.states import CallState
from channels.voice.sip.transaction import ClientTransaction, InviteServer, Server
from channels.voice.sip.uri import Uri

ANSWER_LIMIT = 10.0
"""Seconds that the application has to accept a transfer; then it is declined."""

SUBSCRIPTION_SECONDS = 180
"""How long the other side is told to wait for news (RFC 3515 2.4.4)."""

MAX_TRANSFERS = 100
"""Transfers asked for and not yet over, in all calls."""

SIPFRAG = "message/sipfrag;version=2.0"


@dataclass(slots=True, eq=False)
class Transfer:
    """A transfer that the other side asked for."""

    key: TransferKey
    call: Call
    request: Request
    transaction: Server | InviteServer
    owner: "Transfers"
    give_up_at: float
    is_accepted: bool = False
    alarm_at: float = NEVER

    def next_timer(self) -> float | None:
        """Return when the application's patience ends."""
        return None if self.give_up_at == NEVER else self.give_up_at

    def handle_timer(self, now: float) -> None:
        """Decline, or say that nothing is known."""
        self.owner.time_up(self, now)


class Transfers:
    """Takes and sends REFER and NOTIFY inside calls."""

    def __init__(self, book: CallBook) -> None:
        self._book = book
        self._layer = book.layer
        self._asked: dict[TransferKey, Transfer] = {}

    # the other side asks

    def receive_refer(
        self, call: Call, request: Request, transaction: Server | InviteServer, now: float
    ) -> None:
        """Take a REFER inside a call.

        Raises:
            PeerError: 400 for a broken one, 481 outside an established call, 491 while another
                one of the call is not over, 503 for too many.
        """
        self._forget_the_gone()
        if call.state is not CallState.ESTABLISHED:
            raise PeerError(481, reason_of(481))
        if any(transfer.call is call for transfer in self._asked.values()):
            raise PeerError(491, reason_of(491))
        if len(self._asked) >= MAX_TRANSFERS:
            raise PeerError(503, reason_of(503), (("retry-after", "5"),))
        values = request.values("refer-to")
        if len(values) != 1:
            raise PeerError(400, "Bad Refer-To")
        target = NameAddress.parse(values[0])
        replaces = replaces_in(target.uri)
        other = None if replaces is None else self._book.replaced(replaces)
        key = TransferKey(self._book.new_token())
        transfer = Transfer(key, call, request, transaction, self, now + ANSWER_LIMIT)
        self._asked[key] = transfer
        self._layer.alarms.watch(transfer)
        self._book.emit(
            TransferAsked(
                call=call.key,
                transfer=key,
                target=target.uri,
                replaces=None if replaces is None else str(replaces),
                other_call=None if other is None else other.key,
                referred_by=request.header("referred-by"),
            )
        )

    def accept(self, key: TransferKey, now: float) -> None:
        """Answer 202; news follow by `report`.

        Raises:
            CallGone: if the call ended, or the application waited too long.
        """
        transfer = self._get(key)
        if transfer.is_accepted:
            raise UsageError("this transfer is accepted already")
        transfer.is_accepted = True
        transfer.give_up_at = now + SUBSCRIPTION_SECONDS
        self._layer.respond(
            transfer.request,
            transfer.transaction,
            202,
            now,
            headers=(self._book.contact(transfer.transaction.hop.transport),),
        )
        self._notify(transfer, 100, now)

    def report(self, key: TransferKey, status: int, now: float) -> None:
        """Tell the other side how the transfer goes; from 200 on it is over.

        Raises:
            CallGone: if the call ended, or nobody reported for long.
            UsageError: for a status that is none, and before `accept`.
        """
        if not 100 <= status <= 699:
            raise UsageError(f"{status} is not a status")
        transfer = self._get(key)
        if not transfer.is_accepted:
            raise UsageError("accept the transfer first")
        self._notify(transfer, status, now)

    def reject(self, key: TransferKey, status: int, now: float) -> None:
        """Refuse a transfer.

        Raises:
            CallGone: if the call ended, or the application waited too long.
            UsageError: for a status that is no refusal, and after `accept`.
        """
        transfer = self._get(key)
        if not 300 <= status <= 699 or transfer.is_accepted:
            raise UsageError("only a refusal, and only before it is accepted")
        self._drop(transfer)
        self._layer.respond(transfer.request, transfer.transaction, status, now)

    def time_up(self, transfer: Transfer, now: float) -> None:
        """End a transfer that the application forgot."""
        if not transfer.is_accepted:
            self._layer.respond(transfer.request, transfer.transaction, 603, now)
        elif transfer.call.state is CallState.ESTABLISHED:
            self._notify(transfer, 503, now)
        self._drop(transfer)

    # we ask

    def refer(self, call: Call, target: str, other: Call | None, now: float) -> None:
        """Ask the other side to call `target`, or to take over `other` (attended).

        Raises:
            UsageError: for a call that is not established or already being transferred, and
                for a target that is no URI.
        """
        dialog = call.dialog
        if dialog is None or call.state is not CallState.ESTABLISHED or call.refer is not None:
            raise UsageError("a transfer needs an established call, and is one at a time")
        try:
            where = str(Uri.parse(target))
        except PeerError as error:
            raise UsageError(error.reason) from None
        if other is not None:
            separator = "&" if "?" in where else "?"
            where += f"{separator}Replaces={quote(self._book.replaces_of(other), safe='')}"
        self._send_refer(call, dialog, f"<{where}>", now)

    def receive_notify(
        self, call: Call, request: Request, transaction: Server | InviteServer, now: float
    ) -> None:
        """Take news of a transfer that we asked for.

        Raises:
            PeerError: 489 for another event, 481 if we asked for nothing, 400 for broken news.
        """
        if request.header("event").partition(";")[0].strip().lower() != "refer":
            raise PeerError(489, reason_of(489), (("allow-events", "refer"),))
        if call.refer is None:
            raise PeerError(481, reason_of(481))
        status, reason = _parse_fragment(request.body)
        self._layer.respond(request, transaction, 200, now)
        state = request.header("subscription-state").partition(";")[0].strip().lower()
        self._progress(call, status, reason, is_over=status >= 200 or state == "terminated")

    def receive_response(
        self, transaction: ClientTransaction, response: Response, now: float
    ) -> None:
        """Take the answer to a REFER or NOTIFY of ours."""
        call = transaction.tag
        assert isinstance(call, Call)
        if transaction.method == "NOTIFY":
            if response.status == 481:  # RFC 6665 4.2.2: nobody wants the news any more
                self._drop_of(call)
            return
        if response.status < 300 or call.refer is not transaction:
            return
        digest, dialog = call.digest, call.dialog
        is_asked = response.status in {401, 407} and digest is not None and dialog is not None
        if is_asked and digest and dialog and digest.may_retry(response, transaction.hop):
            self._send_refer(call, dialog, transaction.request.header("refer-to"), now)
            return
        reason = response.reason or reason_of(response.status)
        self._progress(call, response.status, reason, is_over=True)

    def transaction_failed(self, transaction: ClientTransaction, status: int, _now: float) -> None:
        """Note that a REFER was not answered; the session timer judges the call."""
        call = transaction.tag
        assert isinstance(call, Call)
        if call.refer is transaction:
            self._progress(call, status, reason_of(status), is_over=True)

    def _progress(self, call: Call, status: int, reason: str, *, is_over: bool) -> None:
        if is_over:
            call.refer = None
        if call.state is CallState.ESTABLISHED:
            self._book.emit(
                TransferProgressed(call=call.key, status=status, reason=reason, is_over=is_over)
            )

    def _send_refer(self, call: Call, dialog: Dialog, refer_to: str, now: float) -> None:
        request = dialog.request("REFER")
        ways = dialog.next_hop()
        request.headers["contact"] = [self._book.contact_for(ways[0].transport, request.uri)[1]]
        request.headers["refer-to"] = [refer_to]
        request.headers["referred-by"] = [NameAddress.parse(dialog.local).bare()]
        call.refer = self._layer.send_request(self._book.finish(request, call), ways, self, now)
        call.refer.tag = call

    def _notify(self, transfer: Transfer, status: int, now: float) -> None:
        dialog = transfer.call.dialog
        assert dialog is not None
        is_over = status >= 200
        request = dialog.request("NOTIFY")
        ways = dialog.next_hop()
        request.headers["contact"] = [self._book.contact_for(ways[0].transport, request.uri)[1]]
        request.headers["event"] = [f"refer;id={transfer.request.cseq.number}"]
        request.headers["subscription-state"] = [
            "terminated;reason=noresource" if is_over else f"active;expires={SUBSCRIPTION_SECONDS}"
        ]
        request.headers["content-type"] = [SIPFRAG]
        request.body = f"SIP/2.0 {status} {reason_of(status)}\r\n".encode()
        sent = self._layer.send_request(self._book.finish(request, transfer.call), ways, self, now)
        sent.tag = transfer.call
        if is_over:
            self._drop(transfer)

    def _get(self, key: TransferKey) -> Transfer:
        transfer = self._asked.get(key)
        if transfer is None or transfer.call.state is not CallState.ESTABLISHED:
            raise CallGone(key)
        return transfer

    def _drop(self, transfer: Transfer) -> None:
        transfer.give_up_at = NEVER
        self._asked.pop(transfer.key, None)

    def _drop_of(self, call: Call) -> None:
        for transfer in [each for each in self._asked.values() if each.call is call]:
            self._drop(transfer)

    def _forget_the_gone(self) -> None:
        for transfer in list(self._asked.values()):
            if transfer.call.state is CallState.ENDED:
                self._drop(transfer)


def _parse_fragment(body: bytes) -> tuple[int, str]:
    line = body[:256].split(b"\r\n", 1)[0].decode("utf-8", "replace")
    words = line.split(None, 2)
    if len(words) < 2 or not words[0].upper().startswith("SIP/"):
        raise PeerError(400, "Bad Fragment")
    return parse_number(words[1], 699, "Bad Fragment"), words[2] if len(words) == 3 else ""
