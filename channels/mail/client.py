"""Mail out, through one SMTP relay."""

import ssl
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import aiosmtplib
import structlog

from channels.mail.compose import Sender, compose
from hotline.contacts.contact import Channel, DeliveryUnknown, OutboundMessage, Undeliverable
from hotline.kernel.errors import Invalid, Unavailable

log = structlog.get_logger()

RETRY_AFTER = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class RelayOptions:
    """The relay that takes our mail, and who it is from."""

    host: str
    port: int
    sender: Sender
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: bool = False
    """TLS from the first byte (port 465)."""
    start_tls: bool | None = None
    """True demands STARTTLS, False forbids it, None takes it when offered."""
    timeout: timedelta = timedelta(seconds=10)
    """For each step of the dialogue."""


class MailRelay:
    """Sends mail; every failure is told apart by whether the mail may have left."""

    def __init__(self, options: RelayOptions, *, tls_context: ssl.SSLContext | None = None) -> None:
        self._options = options
        self._tls_context = tls_context

    async def send(self, message: OutboundMessage, *, now: datetime) -> None:
        """Hand a message to the relay, one connection each.

        Raises:
            Unavailable: if the relay cannot be reached or says "later" (4xx).
            Undeliverable: if it refuses the message for good (5xx), or the address is none.
            DeliveryUnknown: if the connection broke while it was taking the message.
        """
        try:
            mail = compose(message, self._options.sender, now=now)
        except Invalid:
            raise Undeliverable(Channel.MAIL, "not an address") from None
        client = self._client()
        try:
            await self._prepare(client, str(mail["To"].addresses[0].addr_spec))
            await self._transmit(client, mail.as_bytes())
        finally:
            client.close()

    def _client(self) -> aiosmtplib.SMTP:
        options = self._options
        return aiosmtplib.SMTP(
            hostname=options.host,
            port=options.port,
            username=options.username,
            password=options.password,
            use_tls=options.tls,
            start_tls=None if options.tls else options.start_tls,
            tls_context=self._tls_context,
            timeout=options.timeout.total_seconds(),
        )

    async def _prepare(self, client: aiosmtplib.SMTP, to: str) -> None:
        """Go as far as the recipient; until then nothing can have left."""
        try:
            await client.connect()
            await client.mail(self._options.sender.address)
            await client.rcpt(to)
        except aiosmtplib.SMTPAuthenticationError as error:
            # Our own credentials are wrong: the message is good, and a person mends the setting.
            log.error("mail_relay_refuses_login", code=error.code)
            raise Unavailable("the mail relay", RETRY_AFTER) from None
        except aiosmtplib.SMTPResponseException as error:
            raise _answer(error.code) from None
        except (aiosmtplib.SMTPException, OSError) as error:
            raise Unavailable("the mail relay", RETRY_AFTER) from error

    async def _transmit(self, client: aiosmtplib.SMTP, content: bytes) -> None:
        try:
            await client.data(content)
        except aiosmtplib.SMTPResponseException as error:
            raise _answer(error.code) from None
        except (aiosmtplib.SMTPException, OSError) as error:
            raise DeliveryUnknown(Channel.MAIL) from error


def _answer(code: int) -> Unavailable | Undeliverable:
    """Return the error for a status (RFC 5321 4.2.1): 5xx is for good, all else for now."""
    if 500 <= code <= 599:
        return Undeliverable(Channel.MAIL, str(code))
    return Unavailable("the mail relay", RETRY_AFTER)
