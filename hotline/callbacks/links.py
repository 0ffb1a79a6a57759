"""Signed links: whoever holds one may answer one callback. Opening one changes nothing."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from itsdangerous import BadData, URLSafeSerializer

from hotline.kernel.errors import Forbidden, Invalid
from hotline.kernel.ids import CallbackId

SALT = "callback-link-1"


@dataclass(frozen=True, slots=True)
class LinkOptions:
    """The installation's secret (at least 16 bytes), where its pages are, how long links live."""

    secret: bytes
    public_url: str
    """Such as `https://12345.example.org`, without a slash at the end."""
    valid_for: timedelta = timedelta(days=30)

    def __post_init__(self) -> None:
        """Refuse a secret that could be guessed.

        Raises:
            ValueError: if it is shorter than 16 bytes.
        """
        if len(self.secret) < 16:
            raise ValueError("the secret for links needs at least 16 bytes")


class LinkExpired(Forbidden):
    """The link was ours, but its time is over; number and query code still open the page."""


def make_link_token(options: LinkOptions, callback_id: CallbackId, *, now: datetime) -> str:
    """Return the token for one callback's link, valid from `now` on for the options' time."""
    expires = int((now + options.valid_for).timestamp())
    return _serializer(options).dumps([callback_id.hex, expires])


def read_link_token(options: LinkOptions, token: str, *, now: datetime) -> CallbackId:
    """Return the callback that a token opens.

    Raises:
        Invalid: if the token is not one of ours.
        LinkExpired: if its time is over.
    """
    try:
        identifier, expires = _serializer(options).loads(token)
    except BadData:
        raise Invalid("token", "the link is not one of ours") from None
    if now >= datetime.fromtimestamp(expires, UTC):
        raise LinkExpired("the link has expired")
    return CallbackId(UUID(hex=identifier))


def link_url(options: LinkOptions, callback_id: CallbackId, *, now: datetime) -> str:
    """Return the address of the page with the two questions."""
    return f"{options.public_url}/callback/{make_link_token(options, callback_id, now=now)}"


def _serializer(options: LinkOptions) -> URLSafeSerializer:
    return URLSafeSerializer(
        options.secret,
        salt=SALT,
        signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256},
    )
