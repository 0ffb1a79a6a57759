"""Who calls, and who sent the call on (RFC 3325, RFC 5806, RFC 7044)."""

import re

from channels.voice.sip.errors import PeerError
from channels.voice.sip.headers import NameAddress
from channels.voice.sip.message import Request

MAX_DIVERSIONS = 10
"""Stations of a diverted call that are told."""

ANONYMOUS = '"Anonymous" <sip:anonymous@anonymous.invalid>'
"""RFC 3323 4.1.1.3: the From of a caller that wants no name."""


_KEY = re.compile(rb"(?im)^(a=crypto:[0-9]+ +\S+ +inline:)\S+")
"""What stands in SDP is a key (RFC 4568 9.2)."""

_IDENTITIES = frozenset(
    {
        "p-asserted-identity",
        "p-preferred-identity",
        "remote-party-id",
        "contact",
        "identity",
        "authorization",
    }
)
"""Headers that name the caller (RFC 3325, RFC 8224; Remote-Party-ID never became an RFC)."""


def asserted_identity(request: Request) -> NameAddress | None:
    """Return who the network says the caller is; what cannot be read asserts nothing."""
    return _first(request, "p-asserted-identity")


def diversions(request: Request) -> tuple[NameAddress, ...]:
    """Return whom the call was for before it was sent on to us, the latest first.

    Diversion names them itself; History-Info names every target in order, ours last.
    """
    try:
        found = [NameAddress.parse(value) for value in request.values("diversion")]
        if not found:
            history = [NameAddress.parse(value) for value in request.values("history-info")]
            found = history[-2::-1]
    except PeerError:
        return ()
    return tuple(found[:MAX_DIVERSIONS])


def wants_privacy(request: Request) -> bool:
    """Say whether the caller wants its identity kept from who is called (RFC 3323 4.2)."""
    text = ";".join(request.headers.get("privacy", ())).lower()
    return bool({"id", "user", "header"} & {word.strip() for word in text.split(";")})


def without_identity(request: Request) -> Request:
    """Return a copy of a request that no longer says who sent it."""
    headers = {name: values for name, values in request.headers.items() if name not in _IDENTITIES}
    headers["from"] = [ANONYMOUS]
    return Request(request.method, request.uri, headers, request.body)


def without_keys(request: Request) -> Request:
    """Return a copy of a request without the keys of SRTP in its SDP, as it may be kept."""
    body = _KEY.sub(rb"\1", request.body)
    return Request(request.method, request.uri, request.headers, body)


def _first(request: Request, name: str) -> NameAddress | None:
    try:
        return NameAddress.parse(request.values(name)[0]) if name in request.headers else None
    except (PeerError, IndexError):
        return None
