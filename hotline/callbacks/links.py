"""Signed links: whoever holds one may answer one callback. Opening one changes nothing.

A token is 48 letters, for a text message pays for each: id, expiry and mark in base 64.
"""

import hashlib
import hmac
from base64 import b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hotline.kernel.errors import Forbidden, Invalid
from hotline.kernel.ids import CallbackId

PURPOSE = b"callback-link-2:"
ID_BYTES = 16
EXPIRY_BYTES = 4
MARK_BYTES = 16


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
    claim = callback_id.bytes + expires.to_bytes(EXPIRY_BYTES, "big")
    return urlsafe_b64encode(claim + _mark(options, claim)).decode()


def read_link_token(options: LinkOptions, token: str, *, now: datetime) -> CallbackId:
    """Return the callback that a token opens.

    Raises:
        Invalid: if the token is not one of ours.
        LinkExpired: if its time is over.
    """
    try:
        raw = b64decode(token, altchars=b"-_", validate=True)
    except ValueError:
        raw = b""
    claim, mark = raw[:-MARK_BYTES], raw[-MARK_BYTES:]
    # One token has one form: no padding behind it.
    is_whole = len(claim) == ID_BYTES + EXPIRY_BYTES and not token.endswith("=")
    if not is_whole or not hmac.compare_digest(mark, _mark(options, claim)):
        raise Invalid("token", "the link is not one of ours")
    if now >= datetime.fromtimestamp(int.from_bytes(claim[ID_BYTES:], "big"), UTC):
        raise LinkExpired("the link has expired")
    return CallbackId(UUID(bytes=claim[:ID_BYTES]))


def link_url(options: LinkOptions, callback_id: CallbackId, *, now: datetime) -> str:
    """Return the address of the page with the two questions."""
    return f"{options.public_url}/callback/{make_link_token(options, callback_id, now=now)}"


def _mark(options: LinkOptions, claim: bytes) -> bytes:
    """Return half of an HMAC-SHA-256, which is as much as nobody guesses (RFC 2104 5)."""
    return hmac.new(options.secret, PURPOSE + claim, hashlib.sha256).digest()[:MARK_BYTES]
