"""Digest authentication, as server and as client (RFC 3261 22, RFC 7616, RFC 8760).

Algorithms MD5 and SHA-256 with qop=auth; as client also qop=auth-int, and RFC 2617 without qop.
"""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from channels.voice.sip.address import Hop
from channels.voice.sip.errors import PeerError
from channels.voice.sip.headers import parse_params, quote, split_list, unquote
from channels.voice.sip.message import Request, Response
from channels.voice.sip.uri import Uri

NONCE_LIFE = 300.0
"""Seconds that a nonce of ours is good for; afterwards the client is told `stale`."""

MAX_NONCES = 10_000
"""Used nonces that are remembered against replay; the oldest become stale early."""

MAX_ATTEMPTS = 3
"""Challenges answered for one request: the first, one stale nonce, one of a second proxy."""

_HASHES: dict[str, Callable[[bytes], "hashlib._Hash"]] = {
    # MD5 is what phones and carriers speak (RFC 3261 22.4); nothing secret rests on it alone.
    "MD5": lambda data: hashlib.md5(data, usedforsecurity=False),
    "SHA-256": hashlib.sha256,
}


class Verdict(StrEnum):
    """What the Authorization header of a request is worth."""

    VALID = "valid"
    MISSING = "missing"  # none for our realm: challenge
    STALE = "stale"  # right, but the nonce is too old or used: challenge with stale=true
    WRONG = "wrong"  # challenge again; count the failures


@dataclass(frozen=True, slots=True)
class Credentials:
    """What we answer a challenge with; `realm` None answers every realm."""

    username: str
    password: str
    realm: str | None = None


@dataclass(frozen=True, slots=True)
class DigestSecret:
    """H(username:realm:password) for both algorithms: what a server stores."""

    md5: str
    sha256: str

    @classmethod
    def of(cls, username: str, realm: str, password: str) -> "DigestSecret":
        """Return the secret of a user; it is as good as the password within `realm`."""
        text = f"{username}:{realm}:{password}"
        return cls(_hash("MD5", text), _hash("SHA-256", text))


@dataclass(frozen=True, slots=True)
class Challenge:
    """One WWW-Authenticate or Proxy-Authenticate value that we can answer."""

    realm: str
    nonce: str
    algorithm: str
    qop: str
    """ "auth", "auth-int" where nothing else is offered, or "" for RFC 2617 without qop."""
    opaque: str | None
    stale: bool

    @classmethod
    def parse(cls, text: str) -> "Challenge":
        """Parse one value.

        Raises:
            PeerError: 400, for another scheme, algorithm or qop than ours.
        """
        fields = _parse_fields(text)
        algorithm = fields.get("algorithm", "MD5").upper()
        qop = _choose_qop(fields.get("qop"))
        if algorithm not in _HASHES or qop is None or "nonce" not in fields:
            raise PeerError(400, "Unsupported Challenge")
        return cls(
            fields.get("realm", ""),
            fields["nonce"],
            algorithm,
            qop,
            fields.get("opaque"),
            fields.get("stale", "").lower() == "true",
        )


def digest_response(
    algorithm: str,
    ha1: str,
    method: str,
    uri: str,
    nonce: str,
    count: str = "",
    cnonce: str = "",
    body: bytes | None = None,
) -> str:
    """Return the `response` field (RFC 7616 3.4.1; without `count` RFC 2617 3.2.2.1).

    With a `body` it is that of qop=auth-int, which vouches for the body too.
    """
    a2, qop = f"{method}:{uri}", "auth"
    if body is not None:
        a2, qop = f"{a2}:{_HASHES[algorithm](body).hexdigest()}", "auth-int"
    middle = f"{nonce}:{count}:{cnonce}:{qop}" if count else nonce
    return _hash(algorithm, f"{ha1}:{middle}:{_hash(algorithm, a2)}")


class DigestServer:
    """Challenges and judges; remembers only the nonces that were used rightly."""

    def __init__(
        self,
        realm: str,
        key: bytes,
        new_token: Callable[[], str],
        algorithms: tuple[str, ...] = ("MD5",),
    ) -> None:
        """Make a server that offers `algorithms`, strongest first (RFC 8760 2.4)."""
        self.realm = realm
        self._algorithms = algorithms
        self._key = key
        self._new_token = new_token
        self._counts: dict[str, int] = {}
        self._floor = float("-inf")
        nobody = hmac.new(key, b"nobody", "sha256").hexdigest()
        self._nobody = DigestSecret(nobody[:32], nobody)

    def challenges(self, now: float, *, stale: bool) -> list[tuple[str, str]]:
        """Return the header lines of a 401, one for each algorithm."""
        nonce = self._make_nonce(now)
        tail = ", stale=true" if stale else ""
        return [
            (
                "www-authenticate",
                f'Digest realm={quote(self.realm)}, nonce="{nonce}", qop="auth", '
                f"algorithm={algorithm}{tail}",
            )
            for algorithm in self._algorithms
        ]

    def judge(self, request: Request, secret: DigestSecret | None, now: float) -> Verdict:
        """Judge a request; for an unknown user (`secret` None) the same work is done."""
        fields = authorization_of(request, self.realm)
        if fields is None:
            return Verdict.MISSING
        known = secret if secret is not None else self._nobody
        is_right = self._is_right(request, fields, known) and secret is not None
        if not is_right:
            return Verdict.WRONG
        return Verdict.VALID if self._use_nonce(fields, now) else Verdict.STALE

    def _is_right(self, request: Request, fields: dict[str, str], secret: DigestSecret) -> bool:
        algorithm = fields.get("algorithm", "MD5").upper()
        if algorithm not in self._algorithms or not _same_place(fields.get("uri", ""), request.uri):
            return False
        expected = digest_response(
            algorithm,
            secret.md5 if algorithm == "MD5" else secret.sha256,
            request.method,
            fields.get("uri", ""),
            fields.get("nonce", ""),
            fields.get("nc", "") if "qop" in fields else "",
            fields.get("cnonce", ""),
        )
        given = fields.get("response", "").lower().encode("utf-8", "surrogateescape")
        return hmac.compare_digest(expected.encode(), given)

    def _use_nonce(self, fields: dict[str, str], now: float) -> bool:
        nonce = fields.get("nonce", "")
        issued = self._issued_at(nonce)
        if issued is None or not issued <= now < issued + NONCE_LIFE or issued <= self._floor:
            return False
        try:
            count = int(fields["nc"], 16) if "qop" in fields else 1
        except (KeyError, ValueError):
            return False
        if count <= self._counts.get(nonce, 0):
            return False
        self._counts[nonce] = count
        if len(self._counts) > MAX_NONCES:
            oldest = next(iter(self._counts))
            del self._counts[oldest]
            self._floor = max(self._floor, self._issued_at(oldest) or 0.0)
        return True

    def _make_nonce(self, now: float) -> str:
        body = f"{int(now * 1000):x}.{self._new_token()}"
        return f"{body}.{self._sign(body)}"

    def _issued_at(self, nonce: str) -> float | None:
        body, _, signature = nonce.rpartition(".")
        signed = self._sign(body).encode()
        if not hmac.compare_digest(signed, signature.encode("utf-8", "surrogateescape")):
            return None
        return int(body.partition(".")[0], 16) / 1000

    def _sign(self, text: str) -> str:
        data = text.encode("utf-8", "surrogateescape")
        return hmac.new(self._key, data, "sha256").hexdigest()[:32]


class DigestClient:
    """Answers challenges for the requests of one call or registration."""

    __slots__ = ("_attempts", "_challenges", "_counts", "_credentials", "_home", "_new_token")

    def __init__(self, credentials: Credentials, new_token: Callable[[], str], home: str) -> None:
        """Make a client that answers only the host `home`, whose credentials these are."""
        self._home = home
        self._credentials = credentials
        self._new_token = new_token
        self._challenges: dict[tuple[str, str], Challenge] = {}
        self._counts: dict[tuple[str, str], int] = {}
        self._attempts = 0

    def succeed(self) -> None:
        """Note that a request got through: the next may be challenged anew."""
        self._attempts = 0

    def may_retry(self, response: Response, hop: Hop) -> bool:
        """Take a 401 or 407 of `hop`; say whether the same request is worth sending again.

        Whoever a dialog points us to later gets no answer to guess the password from.
        """
        if hop.host != self._home:
            return False
        name = "www-authenticate" if response.status == 401 else "proxy-authenticate"
        answer = "authorization" if response.status == 401 else "proxy-authorization"
        self._attempts += 1
        if self._attempts > MAX_ATTEMPTS:
            return False
        for challenge in _readable(response.headers.get(name, [])):
            if self._credentials.realm not in {None, challenge.realm}:
                continue
            place = (answer, challenge.realm)
            known = self._challenges.get(place)
            # At the first attempt an earlier request's nonce ran out, if it was not said.
            ran_out = self._attempts == 1 and known is not None and known.nonce != challenge.nonce
            if known is None or challenge.stale or ran_out:
                self._challenges[place] = challenge
                self._counts[place] = 0
                return True
        return False

    def sign(self, request: Request) -> None:
        """Add what the challenges so far ask for."""
        for place, challenge in self._challenges.items():
            self._counts[place] += 1
            value = self._answer(challenge, request, self._counts[place])
            request.headers.setdefault(place[0], []).append(value)

    def _answer(self, challenge: Challenge, request: Request, number: int) -> str:
        name = self._credentials.username
        ha1 = _hash(challenge.algorithm, f"{name}:{challenge.realm}:{self._credentials.password}")
        count = cnonce = ""
        if challenge.qop:
            count, cnonce = f"{number:08x}", self._new_token()
        response = digest_response(
            challenge.algorithm,
            ha1,
            request.method,
            request.uri,
            challenge.nonce,
            count,
            cnonce,
            request.body if challenge.qop == "auth-int" else None,
        )
        fields = [
            f"username={quote(name)}",
            f"realm={quote(challenge.realm)}",
            f"nonce={quote(challenge.nonce)}",
            f"uri={quote(request.uri)}",
            f'response="{response}"',
            f"algorithm={challenge.algorithm}",
        ]
        if challenge.qop:
            fields += [f"qop={challenge.qop}", f"nc={count}", f'cnonce="{cnonce}"']
        if challenge.opaque is not None:
            fields.append(f"opaque={quote(challenge.opaque)}")
        return "Digest " + ", ".join(fields)


def authorization_of(request: Request, realm: str) -> dict[str, str] | None:
    """Return the fields of the Authorization header for `realm`, or None."""
    for value in request.headers.get("authorization", ()):
        try:
            fields = _parse_fields(value)
        except PeerError:
            continue
        if fields.get("realm") == realm:
            return fields
    return None


def _choose_qop(offered: str | None) -> str | None:
    """Return which of the offered qop values we answer with; None if it is none of ours."""
    if offered is None:
        return ""
    words = {word.strip().lower() for word in offered.split(",")}
    return next((qop for qop in ("auth", "auth-int") if qop in words), None)


def _readable(values: list[str]) -> list[Challenge]:
    challenges: list[Challenge] = []
    for value in values:
        try:
            challenges.append(Challenge.parse(value))
        except PeerError:
            continue
    return challenges


def _parse_fields(text: str) -> dict[str, str]:
    scheme, _, rest = text.strip().partition(" ")
    if scheme.lower() != "digest":
        raise PeerError(400, "Unsupported Authentication Scheme")
    fields: dict[str, str] = {}
    for element in split_list(rest):
        for name, value in parse_params(element):
            fields[name] = unquote(value or "")
    return fields


def _same_place(claimed: str, actual: str) -> bool:
    # Proxies rewrite parameters and ports of a Request-URI; user and host they keep.
    if claimed == actual:
        return True
    try:
        ours, theirs = Uri.parse(actual), Uri.parse(claimed)
    except PeerError:
        return False
    return ours.address_of_record == theirs.address_of_record


def _hash(algorithm: str, text: str) -> str:
    return _HASHES[algorithm](text.encode("utf-8", "surrogateescape")).hexdigest()
