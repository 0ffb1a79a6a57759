"""Asking whether a peer is there: OPTIONS of our own (RFC 3261 11.1)."""

from channels.voice.sip.address import Hop
from channels.voice.sip.call import CallBook
from channels.voice.sip.dialog import hop_of
from channels.voice.sip.errors import PeerError, UsageError
from channels.voice.sip.events import PeerProbed, ProbeKey
from channels.voice.sip.headers import NameAddress
from channels.voice.sip.message import MAX_FORWARDS, Request, Response
from channels.voice.sip.screening import ACCEPT
from channels.voice.sip.transaction import ClientTransaction
from channels.voice.sip.uri import Uri


class Probes:
    """Sends OPTIONS and tells what came of each."""

    def __init__(self, book: CallBook) -> None:
        self._book = book

    def probe(self, target: str, destination: Hop | None, now: float) -> ProbeKey:
        """Send OPTIONS; see `UserAgent.probe`.

        Raises:
            UsageError: for a target that is no URI.
        """
        book = self._book
        try:
            hop = destination or hop_of(Uri.parse(target))
            receiver = NameAddress(Uri.parse(target))
        except PeerError as error:
            raise UsageError(error.reason) from None
        key = ProbeKey(book.new_token())
        request = Request(
            "OPTIONS",
            target,
            {
                "max-forwards": [MAX_FORWARDS],
                "from": [f"{book.own_address()};tag={key}"],
                "to": [str(receiver)],
                "call-id": [book.new_call_id()],
                "cseq": ["1 OPTIONS"],
                "contact": [book.contact(hop.transport)[1]],
                ACCEPT[0]: [ACCEPT[1]],
                "user-agent": [book.options.name],
            },
        )
        book.peers.confirm(hop.host, now)
        book.layer.send_request(request, (hop, None), self, now).tag = key
        return key

    def receive_response(
        self, transaction: ClientTransaction, response: Response, _now: float
    ) -> None:
        """Take the answer, whatever it is."""
        if response.status >= 200:
            self._tell(transaction, response.status)

    def transaction_failed(self, transaction: ClientTransaction, status: int, _now: float) -> None:
        """Note that there was no answer."""
        self._tell(transaction, status, is_answered=False)

    def _tell(
        self, transaction: ClientTransaction, status: int, *, is_answered: bool = True
    ) -> None:
        key = ProbeKey(str(transaction.tag))
        self._book.emit(PeerProbed(probe=key, status=status, is_answered=is_answered))
