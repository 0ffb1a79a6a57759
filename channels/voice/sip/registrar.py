"""The registrar side: REGISTER of phones, and where they are (RFC 3261 10.3)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from channels.voice.sip.address import Hop
from channels.voice.sip.alarms import NEVER
from channels.voice.sip.auth import authorization_of
from channels.voice.sip.call import CallBook, Headers, checked
from channels.voice.sip.dialog import check_routes
from channels.voice.sip.errors import CallGone, PeerError, UsageError
from channels.voice.sip.events import RegisterReceived, RequestKey
from channels.voice.sip.headers import NameAddress
from channels.voice.sip.message import Request
from channels.voice.sip.reasons import reason_of
from channels.voice.sip.transaction import InviteServer, Server

DEFAULT_EXPIRES = 3600
"""Seconds; RFC 3261 10.2.1.1 suggests it when the phone names none."""

ANSWER_LIMIT = 10.0
"""Seconds that the application has to decide."""

MAX_PENDING = 1000
"""REGISTER requests that wait for the application at once."""

MAX_CONTACTS = 10
"""Contacts of one address of record."""


@dataclass(slots=True, eq=False)
class PendingRegister:
    """A REGISTER that the application has not answered yet."""

    key: RequestKey
    request: Request
    transaction: Server | InviteServer
    give_up_at: float
    owner: "Registrar"
    source: Hop
    path: tuple[str, ...]
    is_proven: bool = False
    """Whether its digest was right."""
    alarm_at: float = NEVER

    def next_timer(self) -> float | None:
        """Return when the application's patience ends."""
        return None if self.give_up_at == NEVER else self.give_up_at

    def handle_timer(self, now: float) -> None:
        """Answer in the application's place."""
        self.owner.time_up(self, now)


class Registrar:
    """Turns REGISTER requests into events, and decisions into answers."""

    def __init__(self, book: CallBook) -> None:
        self._book = book
        self._layer = book.layer
        self._pending: dict[RequestKey, PendingRegister] = {}

    def receive_register(
        self, request: Request, transaction: Server | InviteServer, source: Hop, now: float
    ) -> None:
        """Take a REGISTER.

        Raises:
            PeerError: 400 for a broken one or a broken Path, 503 when too many wait.
        """
        if len(self._pending) >= MAX_PENDING:
            retry_after = str(self._book.options.busy_retry_after)
            raise PeerError(503, reason_of(503), (("retry-after", retry_after),))
        key = RequestKey(self._book.new_token())
        path = self._path_of(request, source)
        event = replace(_describe(key, request, source, self._book.options.realm), path=path)
        pending = PendingRegister(key, request, transaction, now + ANSWER_LIMIT, self, source, path)
        self._pending[key] = pending
        self._layer.alarms.watch(pending)
        self._book.emit(event)

    def request_of(self, key: str) -> Request | None:
        """Return a REGISTER that waits for the application."""
        pending = self._pending.get(RequestKey(key))
        return pending.request if pending else None

    def prove(self, key: str) -> None:
        """Note that the digest of a REGISTER is right."""
        pending = self._pending.get(RequestKey(key))
        if pending is not None:
            pending.is_proven = True

    def accept(self, key: RequestKey, bindings: Sequence[tuple[str, int]], now: float) -> None:
        """Answer 200 with every present contact and its seconds to live."""
        headers = [("contact", f"<{uri}>;expires={seconds}") for uri, seconds in bindings]
        if any("\r" in value or "\n" in value for _, value in headers):
            raise UsageError("a contact cannot hold a line break")
        pending = self._pending.get(key)
        if pending is not None:
            headers += [("path", value) for value in pending.path]  # RFC 3327 5.3
        if pending is not None and pending.is_proven and bindings:
            lasts = max(seconds for _, seconds in bindings)
            self._book.peers.note_seat(pending.source.host, now + lasts)
        self._answer(key, 200, "", headers, now)

    def reject(
        self, key: RequestKey, status: int, now: float, *, reason: str, headers: Headers
    ) -> None:
        """Refuse."""
        if not 300 <= status <= 699:
            raise UsageError(f"{status} is not a refusal")
        self._answer(key, status, reason, checked(headers), now)

    def challenge(self, key: RequestKey, headers: Headers, now: float) -> None:
        """Answer 401."""
        self._answer(key, 401, "", headers, now)

    def time_up(self, pending: PendingRegister, now: float) -> None:
        """Answer 503: the application did not decide in time."""
        self._answer(pending.key, 503, "", (("retry-after", "30"),), now)

    def _path_of(self, request: Request, source: Hop) -> tuple[str, ...]:
        if not self._book.peers.is_trunk(source.host):
            return ()
        path = tuple(request.values("path"))
        check_routes(path)
        for value in path:
            # RFC 3327 5.2: loose routers only; and it is kept, as text.
            if NameAddress.parse(value).uri.param("lr") is None or not value.isprintable():
                raise PeerError(400, "Bad Path")
        return path

    def _answer(
        self, key: RequestKey, status: int, reason: str, headers: Headers, now: float
    ) -> None:
        pending = self._pending.pop(key, None)
        if pending is None:
            raise CallGone(key)
        pending.give_up_at = NEVER
        self._layer.respond(
            pending.request, pending.transaction, status, now, reason=reason, headers=headers
        )


def _describe(key: RequestKey, request: Request, source: Hop, realm: str) -> RegisterReceived:
    fields = authorization_of(request, realm)
    address = NameAddress.parse(request.header("to")).uri
    if address.opaque:
        raise PeerError(404, reason_of(404))
    contacts, remove_all = _contacts_of(request)
    return RegisterReceived(
        request_key=key,
        address_of_record=address.address_of_record,
        contacts=contacts,
        remove_all=remove_all,
        sip_call_id=request.call_id,
        sequence=request.cseq.number,
        username=fields.get("username") if fields else None,
        source=source,
    )


def _contacts_of(request: Request) -> tuple[tuple[tuple[NameAddress, int], ...], bool]:
    values = request.values("contact")
    default = _seconds(request.header("expires"), DEFAULT_EXPIRES)
    if "*" in values:
        # RFC 3261 10.3 step 6.
        if len(values) > 1 or default != 0:
            raise PeerError(400, "Bad Contact")
        return (), True
    if len(values) > MAX_CONTACTS:
        raise PeerError(400, "Too Many Contacts")
    addresses = [NameAddress.parse(value) for value in values]
    if not all(address.uri.host for address in addresses):
        raise PeerError(400, "Bad Contact")
    return tuple((a, _seconds(a.param("expires") or "", default)) for a in addresses), False


def _seconds(text: str, default: int) -> int:
    # RFC 3261 20.19: a malformed value counts as 3600.
    if not text:
        return default
    if not (text.isascii() and text.isdigit()):
        return DEFAULT_EXPIRES
    return min(int(text[:11]), 2**32 - 1)
