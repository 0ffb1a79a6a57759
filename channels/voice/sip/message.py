"""SIP messages: bytes to requests and responses and back (RFC 3261 7, 18.3).

Only the frame is parsed at once: start line, header lines, body. Values are parsed when
asked for. A request that is broken but can still be answered carries its `flaw`; what
cannot be answered raises `PeerError`.
"""

import re
from collections.abc import Iterable

from channels.voice.sip.errors import PeerError
from channels.voice.sip.headers import CSeq, Via, parse_number, split_list, tag_of

MAX_MESSAGE = 65_535
"""Bytes; no UDP datagram is larger, and no message of a call comes near it."""

MAX_HEADER_LINES = 200
"""RFC 4475 3.1.1.5 has about 40."""

MAX_HEADER_LINE = 8_192
"""Bytes of one unfolded header line."""

MAGIC_COOKIE = "z9hG4bK"
"""How a branch of RFC 3261 begins (8.1.1.7)."""

MAX_FORWARDS = "70"
"""What we send (RFC 3261 8.1.1.6)."""

Headers = dict[str, list[str]]
"""Values as written, by long lower-case name, in the order of first appearance."""

_COMPACT = {
    "a": "accept-contact",
    "b": "referred-by",
    "c": "content-type",
    "d": "request-disposition",
    "e": "content-encoding",
    "f": "from",
    "i": "call-id",
    "j": "reject-contact",
    "k": "supported",
    "l": "content-length",
    "m": "contact",
    "o": "event",
    "r": "refer-to",
    "s": "subject",
    "t": "to",
    "u": "allow-events",
    "v": "via",
    "x": "session-expires",
}

_SPELLING = {
    "call-id": "Call-ID",
    "cseq": "CSeq",
    "mime-version": "MIME-Version",
    "www-authenticate": "WWW-Authenticate",
}

_USUAL = (
    "Via",
    "From",
    "To",
    "Call-ID",
    "CSeq",
    "Contact",
    "Max-Forwards",
    "Content-Type",
    "Content-Length",
    "User-Agent",
    "Allow",
    "Supported",
    "Require",
    "Record-Route",
    "Route",
    "Expires",
    "Authorization",
    "Proxy-Authorization",
    "WWW-Authenticate",
    "Proxy-Authenticate",
    "Subject",
    "Server",
    "Accept",
    "P-Asserted-Identity",
    "Date",
    "Min-Expires",
    "Retry-After",
    "Session-Expires",
    "Reason",
    "Min-SE",
    "Refer-To",
    "Referred-By",
    "Replaces",
    "Event",
    "RSeq",
    "RAck",
)

_CANONICAL = {name: name.lower() for name in _USUAL} | _COMPACT
_WRITTEN = {name.lower(): name for name in _USUAL}

_TOKEN = re.compile(r"[A-Za-z0-9\-.!%*_+`'~]+\Z")
_FOLD = re.compile(rb"\r\n[ \t]+")

_SINGLE = ("from", "to", "call-id", "cseq", "max-forwards", "content-length", "content-type")
_MANDATORY = ("via", "from", "to", "call-id", "cseq")


class Message:
    """What requests and responses share."""

    __slots__ = ("_cseq", "_via", "body", "headers")

    def __init__(self, headers: Headers, body: bytes) -> None:
        self.headers = headers
        self.body = body
        self._cseq: CSeq | None = None
        self._via: Via | None = None

    def header(self, name: str) -> str:
        """Return the first value of a header (long lower-case name) as written, or ""."""
        values = self.headers.get(name)
        return values[0] if values else ""

    def values(self, name: str) -> list[str]:
        """Return every value of a header whose values may stand in one line or in many.

        Raises:
            PeerError: 400, if the values cannot be told apart.
        """
        lines = self.headers.get(name)
        if not lines:
            return []
        return [value for line in lines for value in split_list(line)]

    @property
    def via(self) -> Via:
        """The topmost Via.

        Raises:
            PeerError: 400, if it is missing or malformed.
        """
        if self._via is None:
            lines = self.headers.get("via")
            if not lines:
                raise PeerError(400, "Missing Via")
            self._via = Via.parse(split_list(lines[0])[0] if "," in lines[0] else lines[0])
        return self._via

    def replace_via(self, via: Via) -> None:
        """Put `via` in the place of the topmost Via."""
        rest = split_list(self.headers["via"][0])[1:]
        self.headers["via"][0] = ", ".join([str(via), *rest])
        self._via = via

    def forget_via(self) -> None:
        """Read the topmost Via anew: it was changed."""
        self._via = None

    def size(self) -> int:
        """Return about how many bytes the message has on the wire."""
        lines = sum(
            len(name) + len(value) + 4 for name, values in self.headers.items() for value in values
        )
        return lines + len(self.body) + 100

    @property
    def cseq(self) -> CSeq:
        """The CSeq.

        Raises:
            PeerError: 400, if it is missing or malformed.
        """
        if self._cseq is None:
            self._cseq = CSeq.parse(self.header("cseq"))
        return self._cseq

    @property
    def call_id(self) -> str:
        """The Call-ID, or ""."""
        return self.header("call-id")

    @property
    def from_tag(self) -> str:
        """The tag of the sender of the request, or ""."""
        return tag_of(self.header("from"))

    @property
    def to_tag(self) -> str:
        """The tag of the receiver of the request, or ""."""
        return tag_of(self.header("to"))

    def _serialise(self, start: str) -> bytes:
        lines = [start]
        for name, values in self.headers.items():
            written = _WRITTEN.get(name) or spelling(name)
            lines += [f"{written}: {value}" for value in values]
        lines.append(f"Content-Length: {len(self.body)}\r\n\r\n")
        return "\r\n".join(lines).encode("utf-8", "surrogateescape") + self.body


class Request(Message):
    """A request; `flaw` says why it must be refused, if the frame itself is broken."""

    __slots__ = ("flaw", "method", "uri")

    def __init__(
        self,
        method: str,
        uri: str,
        headers: Headers,
        body: bytes = b"",
        flaw: PeerError | None = None,
    ) -> None:
        super().__init__(headers, body)
        self.method = method
        self.uri = uri
        self.flaw = flaw

    def serialise(self) -> bytes:
        """Return the bytes to send; Content-Length is ours to write."""
        return self._serialise(f"{self.method} {self.uri} SIP/2.0")


class Response(Message):
    """A response."""

    __slots__ = ("reason", "status")

    def __init__(self, status: int, reason: str, headers: Headers, body: bytes = b"") -> None:
        super().__init__(headers, body)
        self.status = status
        self.reason = reason

    def serialise(self) -> bytes:
        """Return the bytes to send; Content-Length is ours to write."""
        return self._serialise(f"SIP/2.0 {self.status} {self.reason}")


def spelling(name: str) -> str:
    """Return how a header name is usually written: "x-line" becomes "X-Line"."""
    return _SPELLING.get(name) or "-".join(part.capitalize() for part in name.split("-"))


def is_token(text: str) -> bool:
    """Say whether the text may be a method or a header name (RFC 3261 25.1)."""
    return bool(_TOKEN.match(text))


def parse_message(data: bytes) -> Request | Response:
    """Parse one whole message.

    Raises:
        PeerError: if there is nothing in it that could be answered.
    """
    if len(data) > MAX_MESSAGE:
        raise PeerError(513, "Message Too Large")
    if data.startswith(b"\r\n"):
        data = data.lstrip(b"\r\n")  # RFC 3261 7.5
    head, blank, body = data.partition(b"\r\n\r\n")
    if b"\r\n " in head or b"\r\n\t" in head:
        head = _FOLD.sub(b" ", head)
    start, *lines = head.decode("utf-8", "surrogateescape").split("\r\n")
    if start.startswith("SIP/"):
        status, reason = _parse_status_line(start)
        headers, flaw = _parse_headers(lines)
        flaw = flaw or _find_flaw(headers)
        body, short = _cut_body(headers, body)
        if flaw or short or not blank:
            raise flaw or short or PeerError(400, "Truncated")
        return Response(status, reason, headers, body)
    method, uri, flaw = _parse_request_line(start)
    headers, header_flaw = _parse_headers(lines)
    flaw = flaw or header_flaw or _find_flaw(headers)
    body, short = _cut_body(headers, body)
    flaw = flaw or short or (None if blank else PeerError(400, "Missing Blank Line"))
    request = Request(method, uri, headers, body, flaw)
    if flaw is None:
        request.flaw = _find_value_flaw(request)
    return request


def _parse_request_line(line: str) -> tuple[str, str, PeerError | None]:
    parts = line.split(" ")
    method = parts[0]
    version = parts[-1] if len(parts) > 1 else ""
    if not is_token(method) or version[:4].upper() != "SIP/":
        # Torture 4475 3.1.2.9: white space at the end; anything else is not SIP at all.
        if is_token(method) and " SIP/2.0" in line:
            return method, "", PeerError(400, "Bad Request Line")
        raise PeerError(400, "Bad Request Line")
    if version.upper() != "SIP/2.0":
        return method, "", PeerError(505, "Version Not Supported")
    if len(parts) != 3 or not parts[1]:
        return method, "", PeerError(400, "Bad Request Line")
    return method, parts[1], None


def _parse_status_line(line: str) -> tuple[int, str]:
    version, _, rest = line.partition(" ")
    code, _, reason = rest.partition(" ")
    if version.upper() != "SIP/2.0" or len(code) != 3:
        raise PeerError(400, "Bad Status Line")
    status = parse_number(code, 699, "Bad Status Line")
    if status < 100:
        raise PeerError(400, "Bad Status Line")
    return status, reason


def _parse_headers(lines: Iterable[str]) -> tuple[Headers, PeerError | None]:
    headers: Headers = {}
    flaw: PeerError | None = None
    count = 0
    for line in lines:
        count += 1
        name, colon, value = line.partition(":")
        key = _CANONICAL.get(name)
        if key is None:
            key = name.rstrip().lower()
            if not colon or not is_token(key):
                flaw = PeerError(400, "Bad Header Line")
                continue
            key = _COMPACT.get(key, key)
        if len(value) > MAX_HEADER_LINE or count > MAX_HEADER_LINES:
            return headers, PeerError(400, "Too Many Headers")
        if "\n" in value or "\r" in value:
            flaw = PeerError(400, "Bad Line Break")
            continue
        values = headers.get(key)
        if values is None:
            headers[key] = [value.strip()]
        else:
            values.append(value.strip())
    return headers, flaw


def _find_flaw(headers: Headers) -> PeerError | None:
    for name in _MANDATORY:
        if name not in headers:
            return PeerError(400, f"Missing {spelling(name)}")
    for name in _SINGLE:
        if len(headers.get(name, ())) > 1:
            return PeerError(400, f"Repeated {spelling(name)}")
    return None


def _find_value_flaw(request: Request) -> PeerError | None:
    # What every later step reads: afterwards nobody need expect it to be broken.
    try:
        method = request.cseq.method
        _ = request.from_tag, request.to_tag
        _check_call_id(request.call_id)
    except PeerError as flaw:
        return flaw
    return None if method == request.method else PeerError(400, "CSeq Method Differs")


def _check_call_id(call_id: str) -> None:
    # RFC 3261 25.1: words of ASCII; it is kept, and bytes of no encoding cannot be.
    if not (call_id.isascii() and call_id.isprintable()):
        raise PeerError(400, "Bad Call-ID")


def _cut_body(headers: Headers, body: bytes) -> tuple[bytes, PeerError | None]:
    # Content-Length is dropped: the serialiser writes it from the body.
    lengths = headers.pop("content-length", None)
    if lengths is None:
        return body, None
    try:
        length = parse_number(lengths[0], MAX_MESSAGE, "Bad Content-Length")
    except PeerError as flaw:
        return b"", flaw
    if len(body) < length:
        return body, PeerError(400, "Body Shorter Than Content-Length")
    return body[:length], None
