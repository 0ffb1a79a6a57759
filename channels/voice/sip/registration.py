"""Our own registrations at carriers and switches (RFC 3261 10.2, RFC 5626 4.5)."""

from collections.abc import Sequence
from dataclasses import dataclass

from channels.voice.sip.address import Hop
from channels.voice.sip.alarms import NEVER
from channels.voice.sip.auth import Credentials, DigestClient
from channels.voice.sip.call import CallBook
from channels.voice.sip.dialog import hop_of
from channels.voice.sip.errors import CallGone, PeerError, UsageError
from channels.voice.sip.events import RegistrationChanged, RegistrationKey, RegistrationState
from channels.voice.sip.headers import NameAddress, parse_number, parse_retry_after
from channels.voice.sip.message import MAX_FORWARDS, Request, Response
from channels.voice.sip.reasons import reason_of
from channels.voice.sip.transaction import ClientTransaction
from channels.voice.sip.uri import Uri

FIRST_DELAY = 30.0
"""Seconds until a failed registration is tried again; doubles each time (RFC 5626 4.5)."""

LAST_DELAY = 1800.0
"""Seconds: the longest wait between two tries."""

MAX_EXPIRES = 86_400
"""Seconds; a registrar that grants more is refreshed once a day all the same."""

MARGIN = 60.0
"""Seconds before the end at which a registration is refreshed, unless it is a short one."""


NO_PATH = frozenset({408, 500, 502, 503, 504})
"""What one server of a registrar fails with where another may do (RFC 3263 4.3)."""


@dataclass(slots=True, eq=False)
class Registration:
    """One address of record that we keep registered."""

    key: RegistrationKey
    address: NameAddress
    registrar: str
    hops: tuple[Hop, ...]
    """The servers of the registrar; the one that we are registered at is in front."""
    contact: str
    call_id: str
    expires: int
    credentials: Credentials | None
    digest: DigestClient | None = None
    sequence: int = 0
    tried: int = 0
    """Servers that could not be reached since one could."""
    failures: int = 0
    """How often none could be reached, or one refused."""
    wanted: bool = True
    due_at: float = NEVER
    alarm_at: float = NEVER
    owner: "Registrations | None" = None

    def next_timer(self) -> float | None:
        """Return when to refresh, or to try again."""
        return None if self.due_at == NEVER else self.due_at

    def handle_timer(self, now: float) -> None:
        """Send the next REGISTER."""
        self.due_at = NEVER
        if self.owner is not None:
            self.owner.send(self, now)


class Registrations:
    """Keeps registrations alive: refreshes before the end, backs off after failures."""

    def __init__(self, book: CallBook) -> None:
        self._book = book
        self._layer = book.layer
        self._all: dict[RegistrationKey, Registration] = {}

    def register(
        self,
        address_of_record: str,
        registrar: str,
        now: float,
        *,
        credentials: Credentials | None,
        expires: int,
        destinations: Sequence[Hop],
        contact_user: str,
    ) -> RegistrationKey:
        """Start a registration; see `UserAgent.register`."""
        if not 0 < expires <= MAX_EXPIRES:
            raise UsageError(f"{expires} is not a lifetime")
        book = self._book
        try:
            address = NameAddress.parse(address_of_record)
            hops = tuple(destinations) or (hop_of(Uri.parse(registrar)),)
        except PeerError as error:
            raise UsageError(error.reason) from None
        registration = Registration(
            RegistrationKey(book.new_token()),
            NameAddress(address.uri, address.display),
            registrar,
            hops,
            book.contact(hops[0].transport, contact_user or address.uri.userinfo)[1],
            book.new_call_id(),
            expires,
            credentials,
            owner=self,
        )
        self._all[registration.key] = registration
        self._aim(registration, hops)
        self.send(registration, now)
        return registration.key

    def redirect(self, key: RegistrationKey, destinations: Sequence[Hop], now: float) -> None:
        """Note where the registrar's servers are today; see `UserAgent.redirect`.

        Raises:
            CallGone: if the registration is removed already.
        """
        registration = self._all.get(key)
        if registration is None or not registration.wanted:
            raise CallGone(key)
        hops = tuple(destinations)
        if not hops:
            return
        present = registration.hops[0]
        if present in hops:
            where = hops.index(present)
            registration.hops = hops[where:] + hops[:where]
        else:
            self._aim(registration, hops)
            self.send(registration, now)

    def unregister(self, key: RegistrationKey, now: float) -> None:
        """Remove a registration.

        Raises:
            CallGone: if it is removed already.
        """
        registration = self._all.get(key)
        if registration is None or not registration.wanted:
            raise CallGone(key)
        registration.wanted = False
        self.send(registration, now)

    def send(self, registration: Registration, now: float) -> None:
        """Send a REGISTER with the next CSeq (RFC 3261 10.2)."""
        registration.sequence += 1
        expires = registration.expires if registration.wanted else 0
        request = Request(
            "REGISTER",
            registration.registrar,
            {
                "max-forwards": [MAX_FORWARDS],
                "from": [f"{registration.address};tag={registration.key}"],
                "to": [str(registration.address)],
                "call-id": [registration.call_id],
                "cseq": [f"{registration.sequence} REGISTER"],
                "contact": [f"{registration.contact};expires={expires}"],
                "expires": [str(expires)],
                "user-agent": [self._book.options.name],
            },
        )
        if registration.digest is not None:
            registration.digest.sign(request)
        ways = (registration.hops[0], None)
        transaction = self._layer.send_request(request, ways, self, now)
        transaction.tag = registration

    def receive_response(
        self, transaction: ClientTransaction, response: Response, now: float
    ) -> None:
        """Take the answer of the registrar."""
        registration = transaction.tag
        assert isinstance(registration, Registration)
        if response.status < 200 or registration.sequence != transaction.request.cseq.number:
            return
        if response.status < 300:
            self._succeed(registration, response, now)
            return
        if self._may_repeat(registration, response):
            self.send(registration, now)
        else:
            reason = response.reason or reason_of(response.status)
            wait = parse_retry_after(response.header("retry-after")) or 0
            self._fail(registration, response.status, reason, now, wait)

    def transaction_failed(self, transaction: ClientTransaction, status: int, now: float) -> None:
        """Note that the registrar does not answer (408), or cannot be reached (503)."""
        registration = transaction.tag
        assert isinstance(registration, Registration)
        if registration.sequence == transaction.request.cseq.number:
            self._fail(registration, status, reason_of(status), now, 0.0)

    def _succeed(self, registration: Registration, response: Response, now: float) -> None:
        registration.failures = registration.tried = 0
        if registration.digest is not None:
            registration.digest.succeed()
        if not registration.wanted:
            self._remove(registration, response.status, response.reason)
            return
        granted = _granted(registration, response)
        # A short registration (behind an address translator) is refreshed at half time.
        margin = MARGIN if granted > 4 * MARGIN else granted / 2
        registration.due_at = now + granted - margin
        self._layer.alarms.watch(registration)
        self._report(registration, RegistrationState.REGISTERED, granted, 200, response.reason)

    def _fail(
        self, registration: Registration, status: int, reason: str, now: float, wait: float
    ) -> None:
        if registration.digest is not None:
            registration.digest.succeed()
        if not registration.wanted:
            self._remove(registration, status, reason)
            return
        if self._has_another(registration, status):
            self.send(registration, now)
            return
        delay = min(FIRST_DELAY * 2**registration.failures, LAST_DELAY)
        registration.failures = min(registration.failures + 1, 10)
        registration.due_at = now + max(delay, min(wait, LAST_DELAY))
        self._layer.alarms.watch(registration)
        self._report(registration, RegistrationState.FAILED, 0, status, reason)

    def _has_another(self, registration: Registration, status: int) -> bool:
        """Turn to the next server; False once each has been tried, and where it refused."""
        hops = registration.hops
        if status not in NO_PATH or len(hops) == 1:
            return False
        self._aim(registration, (*hops[1:], hops[0]))
        registration.tried = (registration.tried + 1) % len(hops)
        return registration.tried > 0

    def _aim(self, registration: Registration, hops: tuple[Hop, ...]) -> None:
        registration.hops = hops
        if registration.credentials is not None:
            # Each of them is the registrar, and asks in its own name.
            registration.digest = DigestClient(
                registration.credentials, self._book.new_token, hops[0].host
            )

    def _remove(self, registration: Registration, status: int, reason: str) -> None:
        self._all.pop(registration.key, None)
        registration.due_at = NEVER
        self._report(registration, RegistrationState.REMOVED, 0, status, reason)

    def _may_repeat(self, registration: Registration, response: Response) -> bool:
        if response.status == 423:
            return self._take_minimum(registration, response)
        digest = registration.digest
        return response.status in {401, 407} and bool(
            digest and digest.may_retry(response, registration.hops[0])
        )

    def _take_minimum(self, registration: Registration, response: Response) -> bool:
        # RFC 3261 10.2.8: ask again for what the registrar says is the least.
        try:
            least = parse_number(response.header("min-expires"), MAX_EXPIRES, "Bad Min-Expires")
        except PeerError:
            return False
        if least <= registration.expires or not registration.wanted:
            return False
        registration.expires = least
        return True

    def _report(
        self,
        registration: Registration,
        state: RegistrationState,
        expires: int,
        status: int,
        reason: str,
    ) -> None:
        self._book.emit(
            RegistrationChanged(
                registration=registration.key,
                state=state,
                expires=expires,
                status=status,
                reason=reason,
            )
        )


def _granted(registration: Registration, response: Response) -> int:
    """Return the seconds that the registrar granted our contact (RFC 3261 10.2.4)."""
    texts = [response.header("expires"), str(registration.expires)]
    ours = NameAddress.parse(registration.contact).uri
    try:
        for value in response.values("contact"):
            contact = NameAddress.parse(value)
            if contact.uri.userinfo == ours.userinfo and contact.uri.host == ours.host:
                texts.insert(0, contact.param("expires") or "")
    except PeerError:
        texts = texts[-1:]
    for text in texts:
        if text.isascii() and text.isdigit() and len(text) < 11 and int(text) > 0:
            return min(int(text), MAX_EXPIRES)
    return registration.expires
