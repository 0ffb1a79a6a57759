"""The registrar for seats' SIP phones (RFC 3261 10.3): who may register, and where phones are.

The address of record is the seat's extension. One phone a seat: the latest registration counts.
Bindings are rows, so that a restart of this process forgets no phone.
"""

from datetime import datetime, timedelta

import structlog

from channels.voice.endpoint import Endpoint
from channels.voice.sip.auth import DigestSecret, Verdict
from channels.voice.sip.errors import CallGone
from channels.voice.sip.events import RegisterReceived
from hotline.kernel.clock import Clock
from hotline.kernel.db import Database
from hotline.kernel.errors import Conflict, Unavailable
from hotline.queues import phones
from hotline.queues.values import PhoneBinding, SeatLogin

log = structlog.get_logger()

SHORTEST = 30
"""Seconds; who wants less is told 423 with Min-Expires (RFC 3261 10.3 step 7)."""

LONGEST = 3600
"""Seconds; who wants more gets this."""


class SeatRegistrar:
    """Answers each REGISTER that the endpoint receives."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def register(self, endpoint: Endpoint, event: RegisterReceived) -> None:
        """Challenge, accept or refuse one REGISTER."""
        try:
            await self._judge(endpoint, event)
        except CallGone:
            log.info("register_given_up")
        except Unavailable:
            _reject(endpoint, event, 503, "Retry-After", "5")

    async def _judge(self, endpoint: Endpoint, event: RegisterReceived) -> None:
        extension = event.address_of_record.partition("@")[0]
        async with self._database.read() as session:
            login = await phones.login_of(session, extension)
        # A name that is not the extension's is judged like an unknown one: no difference shows.
        is_owner = login is not None and event.username == extension
        secret = secret_of(login) if login is not None and is_owner else None
        match endpoint.authorize(event.request_key, secret):
            case Verdict.VALID if login is not None:
                await self._bind(endpoint, event, login)
            case Verdict.STALE:
                endpoint.challenge(event.request_key, stale=True)
            case verdict:
                if verdict is Verdict.WRONG:
                    log.warning("register_refused", extension=extension, source=event.source.host)
                endpoint.challenge(event.request_key)

    async def _bind(self, endpoint: Endpoint, event: RegisterReceived, login: SeatLogin) -> None:
        now = self._clock()
        wanted = _wanted(event)
        if wanted is not None and 0 < wanted[1] < SHORTEST:
            _reject(endpoint, event, 423, "Min-Expires", str(SHORTEST))
            return
        if wanted is not None and not await self._is_of_another(login, wanted, now):
            uri, seconds = wanted
            binding = PhoneBinding(
                contact_uri=uri,
                source_host=event.source.host,
                source_port=event.source.port,
                transport=event.source.transport.value,
                sip_call_id=event.sip_call_id,
                cseq=event.sequence,
                expires_at=now + timedelta(seconds=min(seconds, LONGEST)),
                path=event.path,
            )
            try:
                async with self._database.begin() as uow:
                    await phones.register_phone(uow, login.seat_id, binding, now=now)
            except Conflict:
                _reject(endpoint, event, 500, "Retry-After", "1")
                return
        async with self._database.read() as session:
            phone = await phones.phone_of(session, login.seat_id, now=now)
        present = (
            []
            if phone is None
            else [(phone.contact_uri, round((phone.expires_at - now) / timedelta(seconds=1)))]
        )
        endpoint.accept_register(event.request_key, present)
        log.info("seat_phone", extension=login.extension, registered=bool(present))

    async def _is_of_another(
        self, login: SeatLogin, wanted: tuple[str, int], now: datetime
    ) -> bool:
        """Say whether a phone that goes off is not the one that is registered."""
        uri, seconds = wanted
        if not uri or seconds > 0:
            return False
        async with self._database.read() as session:
            phone = await phones.phone_of(session, login.seat_id, now=now)
        return phone is not None and phone.contact_uri != uri


def secret_of(login: SeatLogin) -> DigestSecret:
    """Return what a seat's phone must know."""
    return DigestSecret(md5=login.sip_ha1_md5, sha256=login.sip_ha1_sha256)


def _wanted(event: RegisterReceived) -> tuple[str, int] | None:
    """Return the contact to keep and its seconds (0: none any more); None to change nothing."""
    if event.remove_all:
        return "", 0
    staying = [(str(where.uri), seconds) for where, seconds in event.contacts if seconds > 0]
    if staying:
        return staying[-1]
    return (str(event.contacts[-1][0].uri), 0) if event.contacts else None


def _reject(
    endpoint: Endpoint, event: RegisterReceived, status: int, name: str, value: str
) -> None:
    try:
        endpoint.reject_register(event.request_key, status, headers=((name, value),))
    except CallGone:
        log.info("register_given_up")
