"""Mail in: an SMTP server that says 250 only when the mail is in the database.

Quality: idempotent (Message-ID and body) · size limited (SIZE, 552) · connections and time limited
· logs hold no address · drains on shutdown · contract-tested · rate limited: exempt, the relay in
front does that.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Self, cast

import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session

from channels.mail.parse import mail_identity
from hotline.contacts.contact import Channel, InboundContact
from hotline.kernel.clock import Clock
from hotline.kernel.errors import Unavailable
from hotline.kernel.ids import ContactId

log = structlog.get_logger()

Store = Callable[[InboundContact], Awaitable[tuple[ContactId, bool]]]
"""Keeps a contact in a transaction of its own; raises Unavailable if it cannot."""

LONGEST_LINE = 1 << 20
"""RFC 5321 allows 1,000 bytes a line; programs that write one line for all are heard too."""


@dataclass(frozen=True, slots=True)
class MailServerOptions:
    """Where mail comes in, and its limits."""

    host: str
    port: int
    hostname: str
    """Our name in the greeting, such as `mail.city.example`."""
    mailboxes: frozenset[str] = frozenset()
    """Addresses we take mail for, in lower case; empty takes every one (demo, private network)."""
    max_size: int = 25_000_000
    max_connections: int = 40
    """Bounds memory: each connection may hold one mail of `max_size` bytes."""
    idle_timeout: timedelta = timedelta(minutes=2)
    store_timeout: timedelta = timedelta(seconds=30)
    tls_context: ssl.SSLContext | None = field(default=None, repr=False)


class MailHandler:
    """The aiosmtpd handler; its method names are aiosmtpd's."""

    def __init__(self, options: MailServerOptions, store: Store, clock: Clock) -> None:
        self._options = options
        self._store = store
        self._clock = clock

    async def handle_RCPT(  # noqa: N802
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _rcpt_options: list[str],
    ) -> str:
        """Accept a recipient that is ours."""
        if self._options.mailboxes and address.lower() not in self._options.mailboxes:
            return "550 5.1.1 No such mailbox here"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Keep one mail; what we answer is the contract with whoever sends it."""
        contact = self._contact(envelope)
        try:
            async with asyncio.timeout(self._options.store_timeout.total_seconds()):
                contact_id, is_new = await self._store(contact)
        except (Unavailable, TimeoutError):
            log.warning("mail_not_stored", size=len(contact.raw))
            return "451 4.3.0 Cannot store the message now, please try again later"
        log.info("mail_stored", contact_id=str(contact_id), is_new=is_new, size=len(contact.raw))
        return f"250 2.0.0 Accepted as {contact_id}"

    async def handle_exception(self, error: Exception) -> str:
        """Answer neutrally, and let the sender keep the mail."""
        log.error("mail_session_failed", exc_info=error)
        return "451 4.3.0 Internal error, please try again later"

    def _contact(self, envelope: Envelope) -> InboundContact:
        content = envelope.content
        assert isinstance(content, bytes)
        sender = _printable(envelope.mail_from or "")
        # RFC 5321 4.4: whoever delivers finally puts the envelope on top. It is evidence (R15).
        trace = [f"Return-Path: <{sender}>"]
        trace += [f"Delivered-To: {_printable(address)}" for address in envelope.rcpt_tos]
        head = "".join(f"{line}\r\n" for line in trace).encode("utf-8", "replace")
        return InboundContact(
            channel=Channel.MAIL,
            provider_id=mail_identity(content),
            received_at=self._clock(),
            raw=head + content,
            sender=sender or None,
        )


def _printable(address: str) -> str:
    return "".join(letter for letter in address if letter.isprintable())[:320]


class MailServer:
    """Listens for mail from `async with` until its end; then lets open sessions finish."""

    def __init__(self, options: MailServerOptions, store: Store, clock: Clock) -> None:
        self._options = options
        self._handler = MailHandler(options, store, clock)
        self._sessions = _Sessions(options.max_connections)
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        """Open the port."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            self._session, self._options.host, self._options.port
        )
        log.info("mail_listens", host=self._options.host, port=self.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Take no more mail, and give open sessions a few seconds to end."""
        assert self._server is not None
        self._server.close()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._sessions.none_open.wait(), DRAIN.total_seconds())
        for session in list(self._sessions.open):
            session.hang_up()
        await self._server.wait_closed()

    @property
    def port(self) -> int:
        """The port that is open; useful when the options said 0."""
        assert self._server is not None
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    def _session(self) -> "_LimitedSmtp":
        options = self._options
        return _LimitedSmtp(
            self._handler,
            self._sessions,
            hostname=options.hostname,
            ident="Hotline",
            data_size_limit=options.max_size,
            timeout=options.idle_timeout.total_seconds(),
            enable_SMTPUTF8=True,
            tls_context=options.tls_context,
        )


DRAIN = timedelta(seconds=5)


class _Sessions:
    """The sessions that are open, up to a limit."""

    def __init__(self, limit: int) -> None:
        self.open: set[_LimitedSmtp] = set()
        self.none_open = asyncio.Event()
        self.none_open.set()
        self._limit = limit

    def admit(self, session: "_LimitedSmtp") -> bool:
        """Count a session in, unless too many are open; one that turns to TLS is in already."""
        if len(self.open) >= self._limit and session not in self.open:
            return False
        self.open.add(session)
        self.none_open.clear()
        return True

    def leave(self, session: "_LimitedSmtp") -> bool:
        """Count a session out; False if it was never in."""
        if session not in self.open:
            return False
        self.open.discard(session)
        if not self.open:
            self.none_open.set()
        return True


class _LimitedSmtp(SMTP):
    """One SMTP session; turned away when too many are open."""

    line_length_limit = LONGEST_LINE

    def __init__(self, handler: MailHandler, sessions: _Sessions, **options: Any) -> None:
        super().__init__(handler, **options)
        self._sessions = sessions

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin a session, or refuse it for now (RFC 5321 3.8)."""
        # uvloop's transports are not asyncio.Transport, but do what one does.
        stream = cast(asyncio.Transport, transport)
        if not self._sessions.admit(self):
            stream.write(b"421 4.3.2 Too many connections, please try again later\r\n")
            stream.close()
            return
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """End a session."""
        if self._sessions.leave(self):
            super().connection_lost(error)

    def hang_up(self) -> None:
        """Cut a session off that does not end by itself."""
        if self.transport is not None:
            cast(asyncio.Transport, self.transport).abort()
