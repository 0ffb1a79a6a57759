"""The header fields that the core must understand (RFC 3261 20, 25.1), one value type each."""

from dataclasses import dataclass

from channels.voice.sip.uri import Params, Uri


@dataclass(frozen=True, slots=True)
class NameAddress:
    """A `name-addr` or `addr-spec` with its header parameters (From, To, Contact, Route)."""

    uri: Uri
    display: str = ""
    params: Params = ()
