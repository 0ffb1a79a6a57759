"""The header fields that the core must understand (RFC 3261 20, 25.1), one value type each.

Every parser scans its text from left to right; no pattern backtracks.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from channels.voice.sip.address import Hop
from channels.voice.sip.errors import PeerError
from channels.voice.sip.uri import Params, Uri, host_port, parse_host_port

MAX_CSEQ = 2**31 - 1
"""RFC 3261 8.1.1.5: less than 2**31."""

MAX_SECONDS = 2**32 - 1
"""RFC 3261 20.19: what a delta-seconds field can hold."""

MAX_RETRY_AFTER = 86_400
"""Seconds."""

_QUOTED = re.compile(r'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)

MAX_LIST = 100
"""Elements of one comma-separated field; bounds the work that one line can ask for."""


@dataclass(frozen=True, slots=True)
class NameAddress:
    """A `name-addr` or `addr-spec` with its header parameters (From, To, Contact, Route)."""

    uri: Uri
    display: str = ""
    params: Params = ()

    @classmethod
    def parse(cls, text: str) -> "NameAddress":
        """Parse one address.

        Raises:
            PeerError: 400, if the text is not an address.
        """
        text = text.strip()
        if text.startswith('"'):
            display, rest = _quoted_string(text)
            rest = rest.lstrip()
            if not rest.startswith("<"):
                raise PeerError(400, "Bad Address")
        else:
            display, bracket, rest = text.partition("<")
            if not bracket:
                # RFC 3261 20.10: without brackets, parameters belong to the header.
                spec, _, params = text.partition(";")
                if "?" in spec:
                    raise PeerError(400, "Bad Address")
                return cls(Uri.parse(spec.strip()), "", parse_params(params))
            rest = "<" + rest
        spec, bracket, tail = rest[1:].partition(">")
        if not bracket:
            raise PeerError(400, "Bad Address")
        tail = tail.strip()
        if tail and not tail.startswith(";"):
            raise PeerError(400, "Bad Address")
        return cls(Uri.parse(spec.strip()), display.strip(), parse_params(tail[1:]))

    def param(self, name: str) -> str | None:
        """Return the value of a header parameter: "" for a flag, None if absent."""
        for key, value in self.params:
            if key == name:
                return value or ""
        return None

    def bare(self) -> str:
        """Return the address without its parameters: what it names, not where it stands."""
        return str(NameAddress(self.uri, self.display))

    def __str__(self) -> str:
        display = f"{quote(self.display)} " if self.display else ""
        params = "".join(
            f";{name}" if value is None else f";{name}={value}" for name, value in self.params
        )
        return f"{display}<{self.uri}>{params}"


class Via(NamedTuple):
    """One Via value (RFC 3261 20.42)."""

    transport: str
    """Upper case."""
    host: str
    port: int | None
    params: dict[str, str | None]

    @classmethod
    def parse(cls, text: str) -> "Via":
        """Parse one value.

        Raises:
            PeerError: 400, if the text is not a Via.
        """
        head, _, params = text.partition(";")
        parts = head.split("/", 2)
        words = parts[-1].split(None, 1)
        # The version is not looked at: a request of another one must be answered 505.
        if len(parts) != 3 or len(words) != 2 or parts[0].strip().upper() != "SIP":
            raise PeerError(400, "Bad Via")
        transport, sent_by = words
        if " " in sent_by or "\t" in sent_by:
            # RFC 4475 3.1.1.1: white space around the colon means nothing.
            sent_by = ":".join(piece.strip() for piece in sent_by.split(":"))
        host, port = parse_host_port(sent_by)
        return cls(transport.upper(), host, port, dict(parse_params(params)))

    @property
    def branch(self) -> str:
        """The transaction id; empty for peers older than RFC 3261."""
        return self.params.get("branch") or ""

    def stamped(self, source: Hop) -> "Via":
        """Return this value with where the request came from (RFC 3261 18.2.1, RFC 3581 4)."""
        asks_port = "rport" in self.params
        if not asks_port and self.host == source.host:
            return self
        params = dict(self.params)
        params["received"] = source.host
        if asks_port:
            params["rport"] = str(source.port)
        return self._replace(params=params)

    def reply_hop(self, source: Hop) -> Hop:
        """Return where a response goes (RFC 3261 18.2.2, RFC 3581 4).

        `maddr` is not followed: it would let a stranger point our answers at others.
        """
        if source.transport.is_reliable or "rport" in self.params:
            return source
        return Hop(source.transport, source.host, self.port or source.transport.default_port)

    def __str__(self) -> str:
        params = "".join(
            f";{name}" if value is None else f";{name}={value}"
            for name, value in self.params.items()
        )
        return f"SIP/2.0/{self.transport} {host_port(self.host, self.port)}{params}"


class CSeq(NamedTuple):
    """Number and method of a request within its dialog (RFC 3261 20.16)."""

    number: int
    method: str

    @classmethod
    def parse(cls, text: str) -> "CSeq":
        """Parse the value.

        Raises:
            PeerError: 400, if it is not a number below 2**31 and a method.
        """
        parts = text.split()
        if len(parts) != 2:
            raise PeerError(400, "Bad CSeq")
        return cls(parse_number(parts[0], MAX_CSEQ, "Bad CSeq"), parts[1])


def parse_number(text: str, limit: int, problem: str) -> int:
    """Return a decimal number from 0 to `limit`.

    Raises:
        PeerError: 400 with `problem`, for anything else.
    """
    if not (text.isascii() and text.isdigit()) or len(text) > 12:
        raise PeerError(400, problem)
    number = int(text)
    if number > limit:
        raise PeerError(400, problem)
    return number


def parse_retry_after(text: str) -> int | None:
    """Return the seconds of a Retry-After (RFC 3261 20.33), without comment and parameters.

    None for one that is missing, broken, or asks for more than a day: that means "do not".
    """
    seconds = text.partition("(")[0].partition(";")[0].strip()
    try:
        return parse_number(seconds, MAX_RETRY_AFTER, "Bad Retry-After")
    except PeerError:
        return None


def split_list(text: str) -> list[str]:
    """Split a comma-separated field, leaving commas in quotes and in `<>` alone.

    Raises:
        PeerError: 400, for an open quote and for more than `MAX_LIST` elements.
    """
    if "," not in text:
        return [text.strip()]
    elements = list(_elements(text, ","))
    if len(elements) > MAX_LIST:
        raise PeerError(400, "Too Many Values")
    return [element for element in (e.strip() for e in elements) if element]


def parse_params(text: str) -> Params:
    """Parse `name=value;flag;name="quoted"`; names come back in lower case.

    Raises:
        PeerError: 400, for an open quote and for too many parameters.
    """
    if not text:
        return ()
    parts = list(_elements(text, ";")) if '"' in text else text.split(";")
    if len(parts) > MAX_LIST:
        raise PeerError(400, "Too Many Parameters")
    params: list[tuple[str, str | None]] = []
    for part in parts:
        name, equals, value = part.partition("=")
        name = name.strip()
        if name:
            params.append((name.lower(), value.strip() if equals else None))
    return tuple(params)


def tag_of(text: str) -> str:
    """Return the tag of a From or To value; empty for peers older than RFC 3261.

    Raises:
        PeerError: 400, if the value is not an address.
    """
    if '"' in text or text.count(">") > 1:
        return NameAddress.parse(text).param("tag") or ""
    tail = text[text.rfind(">") + 1 :]
    if ";" not in tail:
        return ""
    for part in tail.split(";"):
        name, _, value = part.partition("=")
        if name.strip().lower() == "tag":
            return value.strip()
    return ""


def quote(text: str) -> str:
    """Return a quoted-string (RFC 3261 25.1)."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def unquote(text: str) -> str:
    """Return what a quoted-string or a token says.

    Raises:
        PeerError: 400, for an open quote.
    """
    text = text.strip()
    return _quoted_string(text)[0] if text.startswith('"') else text


def _quoted_string(text: str) -> tuple[str, str]:
    """Take a quoted-string off the front; return what it says, and the rest."""
    found = _QUOTED.match(text)
    if not found:
        raise PeerError(400, "Unclosed Quote")
    said = text[1 : found.end() - 1]
    if "\\" in said:
        said = _ESCAPE.sub(r"\1", said)
    return said, text[found.end() :]


def _elements(text: str, separator: str) -> Iterator[str]:
    start = 0
    at = 0
    in_brackets = False
    while at < len(text):
        char = text[at]
        if char == '"':
            found = _QUOTED.match(text, at)
            if not found:
                raise PeerError(400, "Unclosed Quote")
            at = found.end()
            continue
        if char == "<":
            in_brackets = True
        elif char == ">":
            in_brackets = False
        elif char == separator and not in_brackets:
            yield text[start:at]
            start = at + 1
        at += 1
    yield text[start:]
