"""What a request must satisfy before anybody looks at its meaning (RFC 3261 8.2)."""

from channels.voice.sip.body import sdp_of
from channels.voice.sip.errors import PeerError
from channels.voice.sip.headers import parse_number
from channels.voice.sip.message import Request
from channels.voice.sip.peers import ALLOWED
from channels.voice.sip.reasons import reason_of
from channels.voice.sip.uri import Uri

ALLOW = ("allow", ", ".join(ALLOWED))
ACCEPT = ("accept", "application/sdp, multipart/mixed")

MAX_BODY = 32_768
"""Bytes; an SDP body with every candidate of a browser has about 8,000."""

_SCHEMES = frozenset({"sip", "sips", "tel"})
EXTENSIONS = ("100rel", "timer", "replaces")
"""Option tags that we understand (RFC 3262, RFC 4028, RFC 3891)."""
SUPPORTED = ("supported", ", ".join(EXTENSIONS))
SUPPORTED_WITHOUT_100REL = ", ".join(EXTENSIONS[1:])
_EXTENSIONS = frozenset(EXTENSIONS)
_OF_REGISTER = _EXTENSIONS | {"path"}
"""A registrar understands Path, too (RFC 3327)."""

_WITH_SDP = frozenset({"INVITE", "UPDATE", "PRACK"})


def screen(request: Request, methods: tuple[str, ...] = ALLOWED) -> None:
    """Check a request in the order of RFC 3261 8.2: method, address, extensions, content.

    `methods` are those that its sender may use.

    Raises:
        PeerError: 405, 414, 416, 400, 420, 413, 415, with the headers that explain it.
    """
    if request.method not in methods:
        raise PeerError(405, reason_of(405), (("allow", ", ".join(methods)),))
    if Uri.parse(request.uri).scheme not in _SCHEMES:
        raise PeerError(416, reason_of(416))
    if "max-forwards" in request.headers:
        parse_number(request.header("max-forwards"), 255, "Bad Max-Forwards")
    if "require" in request.headers:
        _screen_extensions(request)
    if "replaces" in request.headers and request.method != "INVITE":
        raise PeerError(400, "Replaces Outside INVITE")  # RFC 3891 3
    if request.body:
        _screen_content(request)


def _screen_extensions(request: Request) -> None:
    understood = _OF_REGISTER if request.method == "REGISTER" else _EXTENSIONS
    unknown = [tag for tag in request.values("require") if tag.lower() not in understood]
    if unknown:
        raise PeerError(420, reason_of(420), (("unsupported", ", ".join(unknown)),))


def _screen_content(request: Request) -> None:
    if len(request.body) > MAX_BODY:
        raise PeerError(413, reason_of(413))
    encoding = request.header("content-encoding").lower()
    if encoding not in {"", "identity"}:
        raise PeerError(415, reason_of(415), (("accept-encoding", "identity"),))
    if request.method not in _WITH_SDP or sdp_of(request):
        return
    disposition = request.header("content-disposition").lower()
    if "handling=optional" not in disposition.replace(" ", ""):
        raise PeerError(415, reason_of(415), (ACCEPT,))
