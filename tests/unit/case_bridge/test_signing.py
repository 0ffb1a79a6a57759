"""Signatures between two houses."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from case_bridge.signing import WINDOW, Key, KeyRing, SignatureRefused
from hotline.kernel.errors import Invalid

NOW = datetime(2026, 3, 11, 2, 0, tzinfo=UTC)
SECRET = b"a shared secret of thirty-two bytes"
SHARED = "k1:hmac:" + base64.b64encode(SECRET).decode()
NONCE = "0123456789abcdef"
BODY = '{"井盖": 1}'.encode()


def pair() -> tuple[KeyRing, KeyRing]:
    """Two houses that have exchanged the public halves of their Ed25519 keys."""
    seeds = (bytes(range(32)), bytes(range(1, 33)))
    private = [f"p{i}:ed25519:{base64.b64encode(seed).decode()}" for i, seed in enumerate(seeds)]
    public = []
    for i, seed in enumerate(seeds):
        raw = Ed25519PrivateKey.from_private_bytes(seed).public_key()
        encoded = base64.b64encode(raw.public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()
        public.append(f"p{i}:public:{encoded}")
    return KeyRing.of(private[0], [public[1]]), KeyRing.of(private[1], [public[0]])


@pytest.fixture(params=["hmac", "ed25519"])
def rings(request: pytest.FixtureRequest) -> tuple[KeyRing, KeyRing]:
    return (KeyRing.of(SHARED), KeyRing.of(SHARED)) if request.param == "hmac" else pair()


def test_what_is_signed_is_what_the_text_says() -> None:
    header = KeyRing.of(SHARED).header("POST", "/filings", BODY, nonce=NONCE, now=NOW)

    text = f"POST\n/filings\n{int(NOW.timestamp())}\n{NONCE}\n{hashlib.sha256(BODY).hexdigest()}"
    expected = hmac.new(SECRET, text.encode(), "sha256").hexdigest()
    assert header == f"key=k1,t={int(NOW.timestamp())},nonce={NONCE},v1={expected}"


def test_the_other_side_takes_what_we_signed(rings: tuple[KeyRing, KeyRing]) -> None:
    here, there = rings
    header = here.header("POST", "/messages", BODY, nonce=NONCE, now=NOW)

    assert there.verify(header, "POST", "/messages", BODY, now=NOW) == NONCE


@pytest.mark.parametrize(
    ("method", "target", "body", "later"),
    [
        ("PUT", "/messages", BODY, timedelta()),
        ("POST", "/cases", BODY, timedelta()),
        ("POST", "/messages", BODY + b" ", timedelta()),
        ("POST", "/messages", BODY, WINDOW + timedelta(seconds=1)),
        ("POST", "/messages", BODY, -WINDOW - timedelta(seconds=1)),
    ],
)
def test_what_was_changed_or_is_out_of_the_window_is_refused(
    rings: tuple[KeyRing, KeyRing], method: str, target: str, body: bytes, later: timedelta
) -> None:
    here, there = rings
    header = here.header("POST", "/messages", BODY, nonce=NONCE, now=NOW)

    with pytest.raises(SignatureRefused):
        there.verify(header, method, target, body, now=NOW + later)


def test_a_key_nobody_knows_is_refused() -> None:
    stranger = KeyRing.of("k2:hmac:" + base64.b64encode(SECRET).decode())
    header = stranger.header("POST", "/messages", BODY, nonce=NONCE, now=NOW)

    with pytest.raises(SignatureRefused):
        KeyRing.of(SHARED).verify(header, "POST", "/messages", BODY, now=NOW)


def test_an_hmac_made_with_a_public_half_as_its_secret_is_refused() -> None:
    here, there = pair()
    (public,) = there.accepted.values()
    forged = KeyRing.of(f"{public.key_id}:hmac:{base64.b64encode(public.material).decode()}")
    header = forged.header("POST", "/messages", BODY, nonce=NONCE, now=NOW)

    assert here.own.key_id == public.key_id
    with pytest.raises(SignatureRefused):
        there.verify(header, "POST", "/messages", BODY, now=NOW)


@pytest.mark.parametrize("header", ["", "key=k1", f"key=k1,t=1,nonce={NONCE},v1=zz"])
def test_a_header_that_says_nothing_is_refused(header: str) -> None:
    with pytest.raises(SignatureRefused):
        KeyRing.of(SHARED).verify(header, "POST", "/messages", BODY, now=NOW)


@pytest.mark.parametrize(
    "text", ["", "k1", "k1:hmac:c2hvcnQ=", "k1:hmac:%%%", "k1:rot13:AAAA", "k 1:hmac:AAAA"]
)
def test_a_key_that_is_none_is_named_as_such(text: str) -> None:
    with pytest.raises(Invalid):
        Key.parse(text)


def test_a_public_half_cannot_sign() -> None:
    _, there = pair()
    (public,) = there.accepted.values()
    encoded = base64.b64encode(public.material).decode()

    with pytest.raises(Invalid):
        KeyRing.of(f"x:public:{encoded}")


def test_without_the_other_public_half_nothing_could_be_verified() -> None:
    with pytest.raises(Invalid):
        KeyRing.of("x:ed25519:" + base64.b64encode(bytes(32)).decode())


def test_while_keys_change_both_the_old_and_the_new_one_are_taken() -> None:
    old, new = KeyRing.of(SHARED), "k2:hmac:" + base64.b64encode(SECRET[::-1]).decode()
    there = KeyRing.of(new, [new, SHARED])
    header = old.header("GET", "/state", b"", nonce=NONCE, now=NOW)

    assert there.verify(header, "GET", "/state", b"", now=NOW) == NONCE
