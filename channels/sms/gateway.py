"""A text-message gateway: one signed JSON POST for each message.

The body is `{"to", "text", "key"}`; the header `X-Hotline-Signature` is
`t=<unix seconds>,v1=<hex HMAC-SHA-256 of "<t>." and the body>`; `Idempotency-Key` is the message's
key. 2xx accepts, 429 and 5xx mean later, any other 4xx refuses for good. What became of a message
that was accepted is told at our own door (`reports`).
"""

import hashlib
import hmac
import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import aiohttp

from hotline.contacts.contact import Channel, DeliveryUnknown, OutboundMessage, Undeliverable
from hotline.contacts.texts import LONGEST, shortened
from hotline.kernel.errors import Unavailable
from hotline.people.number import NumberKind, parse_number

HEADER = "X-Hotline-Signature"
RETRY_AFTER = timedelta(minutes=1)
LONGEST_RETRY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class GatewayOptions:
    """Where the gateway is, and the secret we share with it."""

    url: str
    secret: bytes = field(repr=False)
    timeout: timedelta = timedelta(seconds=10)


class SmsGateway:
    """Sends text messages to mobile numbers."""

    def __init__(self, options: GatewayOptions, session: aiohttp.ClientSession) -> None:
        self._options = options
        self._session = session

    async def send(self, message: OutboundMessage, *, now: datetime) -> None:
        """Hand a message to the gateway.

        Raises:
            Unavailable: if the gateway cannot be reached or says "later".
            Undeliverable: if it refuses the message for good, or the number is not a mobile one.
            DeliveryUnknown: if the connection broke after the message had gone out.
        """
        number = parse_number(message.to)
        if number is None or number.kind is not NumberKind.MOBILE:
            raise Undeliverable(Channel.SMS, "not a mobile number")
        body = json.dumps(
            {"to": number.e164, "text": shortened(message.body, LONGEST), "key": message.key},
            ensure_ascii=False,
        ).encode()
        status, retry_after = await self._post(body, message.key, now)
        if status == 429 or status >= 500:
            raise Unavailable("the SMS gateway", retry_after)
        if not 200 <= status <= 299:
            raise Undeliverable(Channel.SMS, str(status))

    async def _post(self, body: bytes, key: str, now: datetime) -> tuple[int, timedelta]:
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": key,
            HEADER: signature(self._options.secret, body, now),
        }
        limit = aiohttp.ClientTimeout(total=self._options.timeout.total_seconds())
        try:
            async with self._session.post(
                self._options.url, data=body, headers=headers, timeout=limit, allow_redirects=False
            ) as response:
                return response.status, _retry_after(response.headers.get("Retry-After", ""))
        except aiohttp.ClientConnectorError as error:
            raise Unavailable("the SMS gateway", RETRY_AFTER) from error
        except (aiohttp.ClientError, TimeoutError) as error:
            raise DeliveryUnknown(Channel.SMS) from error


def signature(secret: bytes, body: bytes, now: datetime) -> str:
    """Return the signature header of a body sent at an instant."""
    at = int(now.timestamp())
    digest = hmac.new(secret, f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


def is_signed(secret: bytes, body: bytes, header: str, *, now: datetime, within: timedelta) -> bool:
    """Say whether a header signs a body, at an instant that is not further away than `within`."""
    found = _SIGNATURE.fullmatch(header)
    if found is None:
        return False
    at = datetime.fromtimestamp(int(found[1]), UTC)
    is_ours = hmac.compare_digest(signature(secret, body, at), header)
    return is_ours and abs(now - at) <= within


_SIGNATURE = re.compile(r"t=([0-9]{1,11}),v1=[0-9a-f]{64}")


def _retry_after(value: str) -> timedelta:
    if not value.isdecimal():
        return RETRY_AFTER
    return min(timedelta(seconds=int(value)), LONGEST_RETRY)
