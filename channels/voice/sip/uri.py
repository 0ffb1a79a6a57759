"""SIP, SIPS and tel URIs (RFC 3261 19.1, RFC 3966)."""

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from urllib.parse import unquote

from channels.voice.sip.errors import PeerError

MAX_URI = 2048
"""Characters; RFC 4475 3.1.1.5 shows about 1,000, nobody sends more."""

MAX_PORT = 65535

Params = tuple[tuple[str, str | None], ...]

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*\Z")
_HOST = re.compile(r"[A-Za-z0-9._\-]+\Z")
_IPV6 = re.compile(r"[0-9A-Fa-f:.]+\Z")
_FORBIDDEN = re.compile(r'[\x00-\x20\x7f"<>\\^`{|}\ud800-\udfff]')
"""Surrogates stand for bytes that are no UTF-8 (`surrogateescape`)."""
_TELEPHONE = re.compile(r"\+?[0-9A-Fa-f*#.()\-]+\Z")
_SEPARATORS = str.maketrans("", "", "-.()")


@dataclass(frozen=True, slots=True)
class Uri:
    """One parsed URI; `userinfo` and parameters are kept as they were written."""

    scheme: str
    userinfo: str = ""
    host: str = ""
    """Lower case; an IPv6 literal without its brackets; empty for `tel:` and foreign schemes."""
    port: int | None = None
    params: Params = ()
    headers: str = ""
    opaque: str = ""
    """What follows the colon of a scheme that we do not speak."""

    @classmethod
    def parse(cls, text: str) -> "Uri":
        """Parse a URI of any scheme; only `sip`, `sips` and `tel` are taken apart.

        Raises:
            PeerError: 400, if the text is not a URI; 414, if it is too long.
        """
        if len(text) > MAX_URI:
            raise PeerError(414, "Request-URI Too Long")
        return _parse(text)

    @property
    def user(self) -> str:
        """The user part without password and escapes; the number of a `tel:` URI.

        Escapes of what cannot be printed stay: RFC 4475 3.1.1.4 has a name with a NUL, which
        neither logs nor tables should hold.
        """
        user = self.userinfo.partition(":")[0]
        if "%" not in user:
            return user
        plain = unquote(user, errors="replace")
        return plain if plain.isprintable() else user

    @property
    def number(self) -> str:
        """The user part as a telephone number: no visual separators, no parameters."""
        return self.user.partition(";")[0].translate(_SEPARATORS)

    def param(self, name: str) -> str | None:
        """Return the value of a parameter: "" for one without value, None if absent."""
        for key, value in self.params:
            if key == name:
                return value or ""
        return None

    @property
    def address_of_record(self) -> str:
        """`user@host` for comparison: no scheme, port or parameters (RFC 3261 10.3)."""
        return f"{self.user}@{self.host}" if self.host else self.number

    @property
    def as_target(self) -> "Uri":
        """The URI as a Request-URI may be: no `method`, no headers (RFC 3261 19.1.1 table 1)."""
        if not self.headers and self.param("method") is None:
            return self
        params = tuple(pair for pair in self.params if pair[0] != "method")
        return replace(self, params=params, headers="")

    def __str__(self) -> str:
        if self.opaque:
            return f"{self.scheme}:{self.opaque}"
        params = "".join(
            f";{name}" if value is None else f";{name}={value}" for name, value in self.params
        )
        if self.scheme == "tel":
            return f"tel:{self.userinfo}{params}"
        user = f"{self.userinfo}@" if self.userinfo else ""
        headers = f"?{self.headers}" if self.headers else ""
        return f"{self.scheme}:{user}{host_port(self.host, self.port)}{params}{headers}"


def host_port(host: str, port: int | None) -> str:
    """Write a host and an optional port, with brackets around an IPv6 literal."""
    if ":" in host:
        host = f"[{host}]"
    return host if port is None else f"{host}:{port}"


def parse_host_port(text: str) -> tuple[str, int | None]:
    """Split `host`, `host:port`, `[v6]` or `[v6]:port`; the host comes back in lower case.

    Raises:
        PeerError: 400, for bad characters and for a port that is no port.
    """
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        good = bool(bracket) and _IPV6.match(host) and (not rest or rest.startswith(":"))
        port_text = rest[1:]
        has_port = bool(rest)
    else:
        host, colon, port_text = text.partition(":")
        good = bool(_HOST.match(host))
        has_port = bool(colon)
    if not good:
        raise PeerError(400, "Bad Host")
    return host.lower(), parse_port(port_text) if has_port else None


def parse_port(text: str) -> int:
    """Return a port from 1 to 65535.

    Raises:
        PeerError: 400, for anything else.
    """
    if not (text.isascii() and text.isdigit() and len(text) <= 5):
        raise PeerError(400, "Bad Port")
    port = int(text)
    if not 0 < port <= MAX_PORT:
        raise PeerError(400, "Bad Port")
    return port


@lru_cache(maxsize=2048)
def _parse(text: str) -> Uri:
    scheme, colon, rest = text.partition(":")
    if not colon or not rest or not _SCHEME.match(scheme) or _FORBIDDEN.search(rest):
        raise PeerError(400, "Bad URI")
    scheme = scheme.lower()
    if scheme in {"sip", "sips"}:
        return _parse_sip(scheme, rest)
    if scheme == "tel":
        number, _, params = rest.partition(";")
        if not _TELEPHONE.match(number):
            raise PeerError(400, "Bad Telephone Number")
        return Uri(scheme, userinfo=number, params=_parse_params(params))
    return Uri(scheme, opaque=rest)


def _parse_sip(scheme: str, rest: str) -> Uri:
    # The user part may hold ";" and "?" (RFC 3261 25.1 user-unreserved): cut at "@" first.
    userinfo, at, tail = rest.partition("@")
    if not at:
        userinfo, tail = "", rest
    elif not userinfo:
        raise PeerError(400, "Bad URI")
    tail, _, headers = tail.partition("?")
    place, _, params = tail.partition(";")
    host, port = parse_host_port(place)
    return Uri(scheme, userinfo, host, port, _parse_params(params), headers)


def _parse_params(text: str) -> Params:
    if not text:
        return ()
    params: list[tuple[str, str | None]] = []
    for part in text.split(";"):
        name, equals, value = part.partition("=")
        if name:
            params.append((name.lower(), value if equals else None))
    return tuple(params)
