"""Session descriptions (RFC 8866): parse and serialise, with limits; no I/O.

Tolerant where real phones are careless (bare LF, missing ``s=`` or ``t=``, repeated ``c=``), strict
where a wrong guess would send sound to a stranger (addresses, ports, payload types).
What is offered and answered is decided in `channels.voice.media.negotiation`.
"""

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import ClassVar

from hotline.kernel.errors import HotlineError

# A call's offer is below 4 kB even with ICE candidates; what is larger is an attack or a mistake.
MAX_BYTES = 16_384
MAX_LINES = 512
MAX_MEDIA = 16
MAX_FORMATS = 64
# RFC 8866 sets no width; session ids of 64 bits and more are seen.
MAX_DIGITS = 20

_NULL_ADDRESSES = frozenset({"0.0.0.0", "::"})
_TOKEN = re.compile(r"[!#-'*+\-.0-9A-Z^-~]{1,64}")


class SdpError(HotlineError):
    """A session description of the other side cannot be used; `status` is the SIP answer."""

    status: ClassVar[int] = 400


class SdpMalformed(SdpError):
    """The body is not SDP (400)."""


class NotAcceptable(SdpError):
    """The body is SDP, but offers nothing that we can do (488)."""

    status: ClassVar[int] = 488


class Direction(StrEnum):
    """Who sends, seen from the describing side (RFC 8866 6.7)."""

    SENDRECV = "sendrecv"
    SENDONLY = "sendonly"
    RECVONLY = "recvonly"
    INACTIVE = "inactive"

    @classmethod
    def of(cls, *, sends: bool, receives: bool) -> "Direction":
        """Return the direction with these two halves."""
        if sends:
            return cls.SENDRECV if receives else cls.SENDONLY
        return cls.RECVONLY if receives else cls.INACTIVE

    @property
    def sends(self) -> bool:
        """Say whether the describing side sends."""
        return self in {Direction.SENDRECV, Direction.SENDONLY}

    @property
    def receives(self) -> bool:
        """Say whether the describing side receives."""
        return self in {Direction.SENDRECV, Direction.RECVONLY}


_DIRECTIONS = frozenset(member.value for member in Direction)


@dataclass(frozen=True, slots=True)
class Connection:
    """A ``c=`` line: where media goes; a host name stays as it was written."""

    address: str

    @property
    def is_hold(self) -> bool:
        """Say whether this is the null address, the hold of RFC 2543."""
        return self.address in _NULL_ADDRESSES

    @property
    def ip(self) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
        """Return the numeric address, or None for a host name."""
        try:
            return ipaddress.ip_address(self.address)
        except ValueError:
            return None

    def __str__(self) -> str:
        return f"IN {_address_type(self.address)} {self.address}"


@dataclass(frozen=True, slots=True)
class Origin:
    """The ``o=`` line; `version` grows with every change of the description (RFC 3264 8)."""

    username: str
    session_id: int
    version: int
    address: str

    def __str__(self) -> str:
        network = f"IN {_address_type(self.address)} {self.address}"
        return f"{self.username} {self.session_id} {self.version} {network}"


@dataclass(frozen=True, slots=True)
class Attribute:
    """An ``a=`` line; `value` is None for a property attribute such as ``a=sendonly``."""

    name: str
    value: str | None = None

    def __str__(self) -> str:
        return self.name if self.value is None else f"{self.name}:{self.value}"

    def __repr__(self) -> str:
        # A key (RFC 4568) must not get into a log by way of its description.
        return "Attribute('crypto', …)" if self.name == "crypto" else f"Attribute({str(self)!r})"


@dataclass(frozen=True, slots=True)
class RtpMap:
    """An ``a=rtpmap`` line; `encoding` is in capitals."""

    payload_type: int
    encoding: str
    clock_rate: int
    channels: int = 1


@dataclass(frozen=True, slots=True)
class Media:
    """An ``m=`` section; port 0 means rejected or removed (RFC 3264 6)."""

    kind: str
    port: int
    protocol: str
    formats: tuple[str, ...]
    connections: tuple[Connection, ...] = ()
    attributes: tuple[Attribute, ...] = ()

    def values(self, name: str) -> list[str]:
        """Return the values of the attribute `name`, in order."""
        return [a.value or "" for a in self.attributes if a.name == name]

    def rtpmaps(self) -> dict[int, RtpMap]:
        """Return the mappings of this section by payload type; a broken line is left out."""
        maps = (_parse_rtpmap(value) for value in self.values("rtpmap"))
        return {entry.payload_type: entry for entry in maps if entry is not None}

    def milliseconds(self, name: str) -> int | None:
        """Return ``ptime`` or ``maxptime``, or None if absent or nonsense."""
        for value in self.values(name):
            # RFC 8866 6.4 allows a fraction in principle; no phone means it.
            digits = value.strip().partition(".")[0]
            if re.fullmatch(r"[0-9]{1,4}", digits) and int(digits) > 0:
                return int(digits)
        return None


@dataclass(frozen=True, slots=True)
class SessionDescription:
    """A whole description; the order of media sections is that of the offer (RFC 3264 6)."""

    origin: Origin
    media: tuple[Media, ...] = ()
    name: str = "-"
    connections: tuple[Connection, ...] = ()
    attributes: tuple[Attribute, ...] = ()

    def connection_of(self, media: Media) -> Connection | None:
        """Return where `media` goes: its own ``c=`` line, else the session's, else None."""
        lines = media.connections or self.connections
        return lines[0] if lines else None

    def direction_of(self, media: Media) -> Direction:
        """Return the direction of `media`: its own, else the session's, else sendrecv."""
        for attribute in (*media.attributes, *self.attributes):
            if attribute.name in _DIRECTIONS and attribute.value is None:
                return Direction(attribute.name)
        return Direction.SENDRECV

    def serialise(self) -> bytes:
        """Return the body of a SIP message."""
        lines = ["v=0", f"o={self.origin}", f"s={self.name}"]
        lines += [f"c={connection}" for connection in self.connections]
        lines += ["t=0 0"]
        lines += [f"a={attribute}" for attribute in self.attributes]
        for media in self.media:
            lines += [f"m={media.kind} {media.port} {media.protocol} {' '.join(media.formats)}"]
            lines += [f"c={connection}" for connection in media.connections]
            lines += [f"a={attribute}" for attribute in media.attributes]
        return "".join(f"{line}\r\n" for line in lines).encode()


def parse(body: bytes) -> SessionDescription:
    """Read a session description.

    Raises:
        SdpMalformed: it is not SDP, or larger than any honest one.
    """
    lines = _split(body)
    if lines[:1] != [("v", "0")]:
        raise SdpMalformed("does not begin with v=0")
    starts = [index for index, (letter, _) in enumerate(lines) if letter == "m"]
    if len(starts) > MAX_MEDIA:
        raise SdpMalformed("more media sections than any call needs")
    head = lines[1 : starts[0]] if starts else lines[1:]
    bounds = pairwise([*starts, len(lines)])
    origins = [value for letter, value in head if letter == "o"]
    if len(origins) != 1:
        raise SdpMalformed("needs exactly one o= line")
    return SessionDescription(
        origin=_parse_origin(origins[0]),
        media=tuple(_parse_media(lines[start:end]) for start, end in bounds),
        name=next((value for letter, value in head if letter == "s"), "-"),
        connections=_connections(head),
        attributes=_attributes(head),
    )


def _split(body: bytes) -> list[tuple[str, str]]:
    if len(body) > MAX_BYTES:
        raise SdpMalformed(f"longer than {MAX_BYTES} bytes")
    # Only free text may be other than ASCII, and nothing is decided by it.
    text = body.decode("utf-8", errors="replace").replace("\r\n", "\n").strip("\n")
    raw = text.split("\n")
    if len(raw) > MAX_LINES:
        raise SdpMalformed(f"more than {MAX_LINES} lines")
    lines: list[tuple[str, str]] = []
    for number, line in enumerate(raw, start=1):
        letter, equals, value = line.partition("=")
        if not equals or len(letter) != 1 or "\r" in value or "\0" in value:
            raise SdpMalformed(f"line {number} is not of the form x=value")
        lines.append((letter, value.strip()))
    return lines


def _parse_origin(value: str) -> Origin:
    match value.split():
        case [username, session_id, version, "IN", "IP4" | "IP6", address]:
            return Origin(username, _number(session_id), _number(version), address)
        case _:
            raise SdpMalformed("the o= line needs six fields")


def _parse_media(lines: list[tuple[str, str]]) -> Media:
    fields = lines[0][1].split()
    if not 4 <= len(fields) <= 3 + MAX_FORMATS:
        raise SdpMalformed("an m= line needs kind, port, protocol and formats")
    kind, port, protocol, *formats = fields
    if not _TOKEN.fullmatch(kind):
        raise SdpMalformed("an m= line begins with a token")
    return Media(
        kind=kind,
        # "49170/2" asks for two port pairs; a single stream uses the first.
        port=_number(port.partition("/")[0], at_most=65_535),
        protocol=protocol,
        formats=tuple(formats),
        connections=_connections(lines),
        attributes=_attributes(lines),
    )


def _connections(lines: Iterable[tuple[str, str]]) -> tuple[Connection, ...]:
    return tuple(_parse_connection(value) for letter, value in lines if letter == "c")


def _parse_connection(value: str) -> Connection:
    match value.split():
        case ["IN", "IP4" | "IP6", address]:
            # "/127" is a multicast scope; such an address is refused later, by what it is.
            return Connection(address.partition("/")[0])
        case _:
            raise SdpMalformed("a c= line needs three fields")


def _attributes(lines: Iterable[tuple[str, str]]) -> tuple[Attribute, ...]:
    return tuple(_parse_attribute(value) for letter, value in lines if letter == "a")


def _parse_attribute(text: str) -> Attribute:
    name, colon, value = text.partition(":")
    return Attribute(name.strip().lower(), value.strip() if colon else None)


def _parse_rtpmap(value: str) -> RtpMap | None:
    found = re.fullmatch(r"([0-9]{1,3})\s+([^\s/]+)/([0-9]{1,6})(?:/([0-9]{1,2}))?", value)
    if found is None or int(found[1]) > 127:
        return None
    return RtpMap(int(found[1]), found[2].upper(), int(found[3]), int(found[4] or 1))


def _number(text: str, at_most: int | None = None) -> int:
    # `str.isdigit` and `int` take digits of other scripts too.
    if not re.fullmatch(f"[0-9]{{1,{MAX_DIGITS}}}", text):
        raise SdpMalformed("a number was expected")
    number = int(text)
    if at_most is not None and number > at_most:
        raise SdpMalformed(f"{number} is more than {at_most}")
    return number


def _address_type(address: str) -> str:
    return "IP6" if ":" in address else "IP4"
