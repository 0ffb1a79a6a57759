"""Calls that we make, up to the ACK (RFC 3261 13.2, 9.1, 22)."""

from collections.abc import Sequence
from contextlib import suppress
from typing import TypedDict

from channels.voice.sip.address import Hop
from channels.voice.sip.alarms import NEVER
from channels.voice.sip.auth import Credentials, DigestClient
from channels.voice.sip.body import SDP, sdp_of
from channels.voice.sip.call import Call, CallBook, Headers, allows_of, checked
from channels.voice.sip.dialog import FIRST_CSEQ, Dialog, check_routes, hop_of
from channels.voice.sip.errors import PeerError, UsageError
from channels.voice.sip.events import CallAnswered, CallFailed, CallKey, CallProgressed, EndReason
from channels.voice.sip.headers import MAX_CSEQ, NameAddress, parse_number, parse_retry_after
from channels.voice.sip.identity import ANONYMOUS
from channels.voice.sip.leaving import Leaving
from channels.voice.sip.message import MAX_FORWARDS, Request, Response
from channels.voice.sip.reasons import reason_of
from channels.voice.sip.screening import ALLOW, SUPPORTED, SUPPORTED_WITHOUT_100REL
from channels.voice.sip.session_timer import SessionTimers, requires
from channels.voice.sip.states import CallState, CallTrigger
from channels.voice.sip.transaction import ClientTransaction, InviteClient
from channels.voice.sip.uri import Uri

MAX_FORKS = 10
"""Branches of one INVITE that are followed while it rings."""

MAX_ANSWERS = 100
"""Branches whose 2xx is acknowledged, whether they were followed or not."""

SILENT = 504
"""What a call fails with that got not a word within the application's patience: whoever it was
sent to does not answer (RFC 3261 21.5.5), which is another matter than nobody picking up."""

ANSWER_LIMIT = 10.0
"""Seconds that the application has to answer an offer that came with a 2xx."""


class InviteOptions(TypedDict, total=False):
    """What may be said about a call that we make; see `UserAgent.invite`."""

    caller: str
    headers: Headers
    credentials: Credentials | None
    destination: Hop | None
    route: Sequence[str]
    ring_limit: float | None
    patience: float | None
    identity: str
    is_private: bool
    is_delayed: bool


class QuietUser:
    """Nobody waits for the answer to a CANCEL or PRACK: the INVITE tells the end."""

    def receive_response(
        self, transaction: ClientTransaction, response: Response, now: float
    ) -> None:
        """Ignore it."""

    def transaction_failed(self, transaction: ClientTransaction, status: int, now: float) -> None:
        """Ignore it."""


class OutgoingCalls:
    """Sends INVITEs and follows every branch of them."""

    def __init__(self, book: CallBook, leaving: Leaving, sessions: SessionTimers) -> None:
        self._book = book
        self._layer = book.layer
        self._leaving = leaving
        self._sessions = sessions
        self._quiet_user = QuietUser()

    def invite(
        self,
        target: str,
        sdp: bytes,
        now: float,
        *,
        caller: str = "",
        headers: Headers = (),
        credentials: Credentials | None = None,
        destination: Hop | None = None,
        route: Sequence[str] = (),
        ring_limit: float | None = None,
        patience: float | None = None,
        identity: str = "",
        is_private: bool = False,
        is_delayed: bool = False,
    ) -> CallKey:
        """Send an INVITE; see `UserAgent.invite`."""
        book = self._book
        if bool(sdp) is is_delayed:
            raise UsageError("a call needs an offer, unless it leaves it to the other side")
        key = CallKey(book.new_token())
        try:
            check_routes(route)
            first = NameAddress.parse(route[0]).uri if route else Uri.parse(target)
            hop = destination or hop_of(first)
            asserted = NameAddress.parse(identity) if identity else None
            sender = NameAddress.parse(ANONYMOUS if is_private else caller or book.own_address())
            receiver = NameAddress(Uri.parse(target))
        except PeerError as error:
            raise UsageError(error.reason) from None
        request = Request(
            "INVITE",
            target,
            {
                "max-forwards": [MAX_FORWARDS],
                "from": [f"{NameAddress(sender.uri, sender.display)};tag={key}"],
                "to": [str(receiver)],
                "call-id": [book.new_call_id()],
                "cseq": [f"{FIRST_CSEQ} INVITE"],
                "contact": [book.contact_for(hop.transport, target)[1]],
                "user-agent": [book.options.name],
                ALLOW[0]: [ALLOW[1]],
                SUPPORTED[0]: [SUPPORTED[1]],
                "content-type": [SDP],
            },
            sdp,
        )
        if route:
            request.headers["route"] = list(route)
        if is_delayed:
            del request.headers["content-type"]
            # RFC 3262 5: an offer in a reliable 183 would want its answer in the PRACK.
            request.headers[SUPPORTED[0]] = [SUPPORTED_WITHOUT_100REL]
        if asserted is not None:
            request.headers["p-asserted-identity"] = [asserted.bare()]
        if is_private:
            request.headers["privacy"] = ["id"]
        for name, value in checked(headers):
            request.headers.setdefault(name, []).append(value)
        call = Call(key, CallState.CALLING, request)
        if credentials is not None:
            call.digest = DigestClient(credentials, book.new_token, hop.host)
        request.headers.update((name, [value]) for name, value in self._sessions.ask(call))
        call.local_sdp = sdp
        call.flow = destination
        book.peers.confirm(hop.host, now)
        book.add(call)
        limit = book.options.ring_limit if ring_limit is None else ring_limit
        call.ring_until = now + limit
        if patience is not None and patience < limit:
            book.limit(call, now + patience, self._patience_ends)
        else:
            book.limit(call, call.ring_until, self._time_up)
        self._send(call, request, hop, now)
        return key

    def acknowledge(self, call: Call, sdp: bytes) -> None:
        """Send the ACK with our answer to the offer that a 2xx brought.

        Raises:
            UsageError: for an empty body, and for a call whose offer was ours.
        """
        if call.unanswered is None or not sdp:
            raise UsageError("only an offer of the other side is answered, and with SDP")
        dialog, transaction = call.unanswered
        call.unanswered = None
        call.give_up_at = NEVER
        call.local_sdp = sdp
        number = transaction.request.cseq.number
        ack = self._book.acknowledge(dialog, transaction, sdp)
        call.acks[dialog.remote_tag, number] = ack

    def _not_answered(self, call: Call, now: float) -> None:
        self._leaving.lose(call, EndReason.TIMEOUT, now)

    def hang_up(self, call: Call, now: float) -> None:
        """Give up: CANCEL, as soon as a provisional answer allows it (RFC 3261 9.1)."""
        may_cancel = call.state is CallState.PROCEEDING
        call.move(CallTrigger.HANG_UP)
        call.give_up_at = NEVER
        if may_cancel:
            self._cancel(call, now)
        elif isinstance(call.transaction, InviteClient):
            call.transaction.stop_repeating()

    def receive_response(
        self, transaction: ClientTransaction, response: Response, now: float
    ) -> None:
        """Take a response to an INVITE of ours."""
        call = transaction.tag
        assert isinstance(call, Call)
        if response.status < 200:
            self._receive_provisional(call, transaction, response, now)
        elif response.status < 300:
            self._receive_success(call, transaction, response, now)
        else:
            self._receive_failure(call, transaction, response, now)

    def transaction_failed(self, transaction: ClientTransaction, status: int, _now: float) -> None:
        """Note that nobody answers (408), or that the way is blocked (503)."""
        call = transaction.tag
        assert isinstance(call, Call)
        self._fail(call, CallFailed(call=call.key, status=status, reason=reason_of(status)))

    def _send(self, call: Call, request: Request, hop: Hop, now: float) -> None:
        transaction = self._layer.send_invite(request, (hop, None), self, now)
        transaction.tag = call
        call.transaction = transaction
        call.invite = request

    def _cancel(self, call: Call, now: float) -> None:
        assert isinstance(call.transaction, InviteClient)
        self._layer.send_cancel(call.transaction, self._quiet_user, now)

    def _time_up(self, call: Call, now: float) -> None:
        call.end_status = 408
        self.hang_up(call, now)

    def _patience_ends(self, call: Call, now: float) -> None:
        """Fail at once, and cancel whatever a late first word brings to life.

        The INVITE may have arrived: until its transaction ends, a provisional answer is
        cancelled and a 2xx is acknowledged and ended, so that nobody rings for nothing.
        """
        call.end_status = SILENT
        self.hang_up(call, now)
        self._tell_failure(CallFailed(call=call.key, status=SILENT, reason=reason_of(SILENT)), call)

    def _receive_provisional(
        self, call: Call, transaction: ClientTransaction, response: Response, now: float
    ) -> None:
        was_giving_up = call.state is CallState.GIVING_UP
        if call.state is CallState.CALLING:
            self._book.limit(call, call.ring_until, self._time_up)
        call.move(CallTrigger.PROVISIONAL)
        if was_giving_up:
            self._cancel(call, now)
        if response.status == 100 or call.state is CallState.CANCELLING:
            return
        is_reliable = requires(response, "100rel") and "rseq" in response.headers
        if response.to_tag and ("contact" in response.headers or is_reliable):
            dialog = self._dialog(call, transaction, response)
            if is_reliable and not (
                dialog and self._acknowledge_early(call, dialog, response, now)
            ):
                return  # a repetition, or out of order (RFC 3262 4)
            if is_reliable and dialog is not None and transaction.request.body:
                dialog.is_agreed_early |= bool(sdp_of(response))
        early = call.dialogs.get(response.to_tag)
        # After an UPDATE it can only be the first answer again.
        sdp = b"" if early is not None and early.is_changed_early else sdp_of(response)
        if sdp and len(call.early_sdp) < MAX_FORKS:
            call.early_sdp[response.to_tag] = sdp
        self._book.emit(CallProgressed(call=call.key, status=response.status, sdp=sdp))

    def _acknowledge_early(
        self, call: Call, dialog: Dialog, response: Response, now: float
    ) -> bool:
        """Send PRACK for the next reliable provisional answer; False if it is not the next."""
        try:
            number = parse_number(response.header("rseq"), MAX_CSEQ, "Bad RSeq")
        except PeerError:
            return False
        if dialog.remote_rseq and number != dialog.remote_rseq + 1:
            return False
        dialog.remote_rseq = number
        prack = dialog.request("PRACK")
        prack.headers["rack"] = [f"{number} {response.header('cseq')}"]
        self._book.finish(prack, call)
        self._layer.send_request(prack, dialog.next_hop(), self._quiet_user, now)
        return True

    def _receive_success(
        self, call: Call, transaction: ClientTransaction, response: Response, now: float
    ) -> None:
        ack = call.acks.get((response.to_tag, transaction.request.cseq.number))
        if ack is not None:
            self._layer.send(ack)  # RFC 3261 13.2.2.4: the first ACK was lost
            return
        dialog = self._dialog(call, transaction, response)
        if dialog is None:
            return
        if call.unanswered is not None and call.unanswered[0] is dialog:
            return  # our answer to its offer is not there yet
        number = transaction.request.cseq.number
        is_delayed = not transaction.request.body and call.dialog is None
        if is_delayed and sdp_of(response) and call.allows(CallTrigger.SUCCESS):
            call.unanswered = (dialog, transaction)
        else:
            call.acks[dialog.remote_tag, number] = self._book.acknowledge(dialog, transaction)
        if call.dialog is not None:
            # RFC 3261 13.2.2.4: another branch answered too; one conversation is enough.
            self._leaving.send_bye(call, now, dialog)
            return
        call.dialog = dialog
        call.give_up_at = NEVER
        call.move(CallTrigger.SUCCESS)
        if call.digest is not None:
            call.digest.succeed()
        call.invite = None
        if call.state is CallState.LEAVING:
            reason = reason_of(call.end_status)
            failure = CallFailed(call=call.key, status=call.end_status, reason=reason)
            self._tell_failure(failure, call)
            self._leaving.send_bye(call, now)
        else:
            if call.unanswered is not None:
                self._book.limit(call, now + ANSWER_LIMIT, self._not_answered)
            sdp = sdp_of(response) or call.early_sdp.get(response.to_tag, b"")
            if dialog.is_changed_early:
                sdp = b""  # at most the first answer again, which an UPDATE has overruled
            call.remote_sdp = sdp or call.remote_sdp
            call.remote_allows = allows_of(response)
            self._sessions.learn(call, response, now)
            self._book.emit(CallAnswered(call=call.key, sdp=sdp))

    def _receive_failure(
        self, call: Call, transaction: ClientTransaction, response: Response, now: float
    ) -> None:
        digest = call.digest
        again: Request | None = None
        if not call.allows(CallTrigger.RETRY):
            pass  # given up meanwhile
        elif response.status in {401, 407}:
            if digest is not None and digest.may_retry(response, transaction.hop):
                again = _again(transaction.request)
        elif response.status == 422 and self._sessions.raise_floor(call, response):
            again = _again(transaction.request)
            again.headers.update((name, [value]) for name, value in self._sessions.ask(call))
        if again is not None:
            if digest is not None:
                digest.sign(again)
            call.move(CallTrigger.RETRY)
            call.dialogs.clear()
            self._book.limit(call, call.ring_until, self._time_up)
            self._send(call, again, transaction.hop, now)
            return
        self._fail(
            call,
            CallFailed(
                call=call.key,
                status=response.status,
                reason=response.reason or reason_of(response.status),
                contacts=_contacts_of(response),
                retry_after=parse_retry_after(response.header("retry-after")),
            ),
        )

    def _fail(self, call: Call, failure: CallFailed) -> None:
        was_given_up = call.state in {CallState.GIVING_UP, CallState.CANCELLING}
        call.move(CallTrigger.FAILURE)
        self._book.drop(call)
        if was_given_up:
            status = call.end_status
            failure = CallFailed(call=call.key, status=status, reason=reason_of(status))
        self._tell_failure(failure, call)

    def _tell_failure(self, failure: CallFailed, call: Call) -> None:
        if not call.is_told:
            call.is_told = True
            self._book.emit(failure)

    def _dialog(
        self, call: Call, transaction: ClientTransaction, response: Response
    ) -> Dialog | None:
        tag = response.to_tag
        dialog = call.dialogs.get(tag)
        if dialog is None:
            if len(call.dialogs) >= (MAX_FORKS if response.status < 200 else MAX_ANSWERS):
                return None
            dialog = Dialog.from_response(transaction.request, response, call.flow, transaction.hop)
            call.dialogs[tag] = dialog
        elif response.status >= 200:
            with suppress(PeerError):  # a target that we cannot send to changes nothing
                dialog.target = dialog.new_target(response)
        return dialog


def _again(request: Request) -> Request:
    """Return an INVITE to be sent again in another form (RFC 3261 22.2: CSeq + 1)."""
    headers = {name: list(values) for name, values in request.headers.items()}
    for name in ("via", "authorization", "proxy-authorization"):
        headers.pop(name, None)
    headers["cseq"] = [f"{request.cseq.number + 1} INVITE"]
    return Request("INVITE", request.uri, headers, request.body)


def _contacts_of(response: Response) -> tuple[NameAddress, ...]:
    if not 300 <= response.status < 400:
        return ()
    try:
        return tuple(NameAddress.parse(value) for value in response.values("contact"))
    except PeerError:
        return ()
