"""Who sent it, when, and unchanged: the signature on what crosses between two houses.

The header `Hotline-Signature` is `key=<id>,t=<unix seconds>,nonce=<text>,v1=<hex>`; the nonce has
16 to 64 of `A-Za-z0-9_-`. Signed are five lines: method, target (path and query below the base
address), t, nonce, and the SHA-256 of the body in hex. The algorithm belongs to the key, never to
the message: HMAC-SHA-256 (RFC 2104) with a shared secret, or Ed25519 (RFC 8032).

An answer is signed likewise: `ANSWER <status>` in place of the method, the nonce of its request.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from hotline.kernel.errors import Forbidden, Invalid

HEADER: Final = "Hotline-Signature"
WINDOW: Final = timedelta(minutes=5)
"""How far two clocks may differ, and how long a nonce must be remembered."""
SHORTEST_SECRET: Final = 32
_HEADER: Final = re.compile(
    r"key=([A-Za-z0-9._-]{1,40}),t=([0-9]{1,12}),nonce=([A-Za-z0-9_-]{16,64}),v1=([0-9a-f]{64,128})"
)


class Algorithm(StrEnum):
    """How a key signs."""

    HMAC = "hmac"
    ED25519 = "ed25519"


class SignatureRefused(Forbidden):
    """The sender is not who they say, or the message was changed, is old, or came before."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key that verifies, and that signs where its secret half is here."""

    key_id: str
    algorithm: Algorithm
    material: bytes = field(repr=False)
    """The shared secret; the private seed; or the public key, both 32 bytes."""
    is_public: bool = False

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the key that `ID:hmac:BASE64`, `ID:ed25519:BASE64` or `ID:public:BASE64` names.

        `ed25519` is a private seed, `public` the public half that the other house gave us.

        Raises:
            Invalid: if it is none of them, or too short.
        """
        key_id, kind, encoded = [*text.strip().split(":", 2), "", ""][:3]
        if not re.fullmatch(r"[A-Za-z0-9._-]{1,40}", key_id):
            raise Invalid("key", "must be ID:hmac:BASE64, ID:ed25519:BASE64 or ID:public:BASE64")
        try:
            material = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            raise Invalid("key", f"the secret of {key_id} is not base64") from None
        match kind:
            case "hmac" if len(material) >= SHORTEST_SECRET:
                return cls(key_id, Algorithm.HMAC, material)
            case "ed25519" | "public" if len(material) == 32:
                return cls(key_id, Algorithm.ED25519, material, kind == "public")
            case "hmac" | "ed25519" | "public":
                raise Invalid("key", f"{key_id} must hold 32 bytes (hmac: or more), in base64")
            case _:
                raise Invalid("key", f"{key_id} must say hmac, ed25519 or public")

    def sign(self, text: bytes) -> str:
        """Return the signature in hex; only a key with its secret half can.

        Raises:
            Invalid: if this is a public half.
        """
        if self.is_public:
            raise Invalid("key", f"{self.key_id} is a public half: it cannot sign")
        if self.algorithm is Algorithm.HMAC:
            return hmac.new(self.material, text, hashlib.sha256).hexdigest()
        return Ed25519PrivateKey.from_private_bytes(self.material).sign(text).hex()

    def verifies(self, text: bytes, signature: str) -> bool:
        """Say whether the signature is this key's over this text."""
        if self.algorithm is Algorithm.HMAC:
            return hmac.compare_digest(self.sign(text), signature)
        public = (
            Ed25519PublicKey.from_public_bytes(self.material)
            if self.is_public
            else Ed25519PrivateKey.from_private_bytes(self.material).public_key()
        )
        try:
            public.verify(bytes.fromhex(signature), text)
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The key that we sign with towards one house, and those that we take from it."""

    own: Key
    accepted: Mapping[str, Key]

    @classmethod
    def of(cls, own: str, accepted: Iterable[str] = ()) -> Self:
        """Return the ring of keys as they are written in settings.

        Without accepted keys the other side signs with the shared secret too.

        Raises:
            Invalid: if a key is malformed, `own` cannot sign, or nothing could be verified.
        """
        key = Key.parse(own)
        key.sign(b"")
        keys = [Key.parse(each) for each in accepted]
        if not keys and key.algorithm is not Algorithm.HMAC:
            raise Invalid("key", "with ed25519 the public half of the other side is needed")
        return cls(key, MappingProxyType({each.key_id: each for each in keys or [key]}))

    def header(self, method: str, target: str, body: bytes, *, nonce: str, now: datetime) -> str:
        """Return the value of the header for one request."""
        stamp = str(int(now.timestamp()))
        signature = self.own.sign(_text(method, target, stamp, nonce, body))
        return f"key={self.own.key_id},t={stamp},nonce={nonce},v1={signature}"

    def answer_header(
        self, request_header: str, status: int, target: str, body: bytes, *, now: datetime
    ) -> str:
        """Return the value of the header for the answer to a request whose signature held."""
        found = _HEADER.fullmatch(request_header)
        nonce = found[3] if found else "0" * 16
        return self.header(answer_method(status), target, body, nonce=nonce, now=now)

    def verify(self, header: str, method: str, target: str, body: bytes, *, now: datetime) -> str:
        """Return the nonce of a request whose signature holds; the caller takes it only once.

        Raises:
            SignatureRefused: if it does not, the key is unknown, or the stamp is out of the window.
        """
        found = _HEADER.fullmatch(header)
        if found is None:
            raise SignatureRefused(f"the header {HEADER} is missing or malformed")
        key_id, stamp, nonce, signature = found.groups()
        key = self.accepted.get(key_id)
        if key is None:
            raise SignatureRefused(f"no key is named {key_id}")
        if not key.verifies(_text(method, target, stamp, nonce, body), signature):
            raise SignatureRefused("the signature does not fit")
        if abs(now.timestamp() - int(stamp)) > WINDOW.total_seconds():
            raise SignatureRefused("the stamp is out of the window: compare the clocks")
        return nonce


def answer_method(status: int) -> str:
    """Return what stands in place of the method where an answer is signed."""
    return f"ANSWER {status}"


def _text(method: str, target: str, stamp: str, nonce: str, body: bytes) -> bytes:
    digest = hashlib.sha256(body).hexdigest()
    return "\n".join((method, target, stamp, nonce, digest)).encode()
