"""The SDP of a message, alone or as one part of several (RFC 2046 5.1, RFC 5621)."""

from channels.voice.sip.errors import PeerError
from channels.voice.sip.headers import parse_params, unquote
from channels.voice.sip.message import Request, Response

SDP = "application/sdp"

MAX_PARTS = 10
"""Parts of a body that are looked at."""


def is_sdp(content_type: str) -> bool:
    """Say whether a Content-Type value names SDP."""
    return content_type.partition(";")[0].strip().lower() == SDP


def sdp_of(message: Request | Response) -> bytes:
    """Return the SDP of a message, or b"" if it has none."""
    content_type = message.header("content-type")
    if is_sdp(content_type):
        return message.body
    if not content_type.lstrip().lower().startswith("multipart/"):
        return b""
    try:
        boundary = unquote(dict(parse_params(content_type)).get("boundary") or "")
    except PeerError:
        return b""
    return _sdp_part(message.body, boundary) if boundary else b""


def _sdp_part(body: bytes, boundary: str) -> bytes:
    mark = b"\r\n--" + boundary.encode("utf-8", "surrogateescape")
    # What is before the first mark and after the last is no part.
    for part in (b"\r\n" + body).split(mark, MAX_PARTS + 1)[1 : MAX_PARTS + 1]:
        if part.startswith(b"--"):
            return b""
        head, _, content = part.partition(b"\r\n\r\n")
        for line in head.decode("utf-8", "replace").split("\r\n"):
            name, _, value = line.partition(":")
            if name.strip().lower() in {"content-type", "c"} and is_sdp(value):
                return content + b"\r\n" if not content.endswith(b"\r\n") else content
    return b""
