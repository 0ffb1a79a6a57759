"""Which call is to take the place of which (RFC 3891)."""

from dataclasses import dataclass
from urllib.parse import unquote

from channels.voice.sip.errors import PeerError
from channels.voice.sip.headers import parse_params
from channels.voice.sip.message import Request
from channels.voice.sip.uri import Uri


@dataclass(frozen=True, slots=True)
class Replaces:
    """Which dialog a call is to replace, as the receiver of the header sees it (RFC 3891 6.1)."""

    call_id: str
    to_tag: str
    from_tag: str
    is_early_only: bool = False

    @classmethod
    def parse(cls, text: str) -> "Replaces":
        """Parse the value.

        Raises:
            PeerError: 400, if a part is missing.
        """
        call_id, _, rest = text.partition(";")
        params = dict(parse_params(rest))
        to_tag, from_tag = params.get("to-tag"), params.get("from-tag")
        if not call_id.strip() or not to_tag or not from_tag:
            raise PeerError(400, "Bad Replaces")
        return cls(call_id.strip(), to_tag, from_tag, "early-only" in params)

    def __str__(self) -> str:
        early = ";early-only" if self.is_early_only else ""
        return f"{self.call_id};to-tag={self.to_tag};from-tag={self.from_tag}{early}"


def replaces_in(uri: Uri) -> Replaces | None:
    """Return the Replaces that a Refer-To carries in the headers of its URI.

    Raises:
        PeerError: 400, for one that is broken.
    """
    for field in uri.headers.split("&"):
        name, _, value = field.partition("=")
        if name.lower() == "replaces":
            return Replaces.parse(unquote(value))
    return None


def replaces_of_request(request: Request) -> Replaces | None:
    """Return the Replaces of an INVITE.

    Raises:
        PeerError: 400, for one that is broken, and for several.
    """
    values = request.headers.get("replaces", ())
    if len(values) > 1:
        raise PeerError(400, "Repeated Replaces")
    return Replaces.parse(values[0]) if values else None
