"""The SDP that rtpengine is told: plain, of one stream, and never what a stranger wrote; pure.

A leg is one call of rtpengine with two parties: the telephone, and an inner end which we point at
whatever is to be heard, without the telephone noticing.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from channels.voice.rtp.codec import Codec
from channels.voice.rtp.source import Address
from channels.voice.rtp.terms import StreamTerms
from channels.voice.sip.sdp import Attribute, Connection, Media, Origin, SessionDescription

TELEPHONE = "telephone"
INNER = "inner"
"""The tags of the two parties."""

INNER_CODEC = Codec.PCMA
INNER_TYPE = 8

NOWHERE: Address = ("127.0.0.1", 9)
"""The discard service of the media host itself (RFC 863): where sound goes that nobody hears."""

_PORT = re.compile(rb"^m=audio (\d{1,5}) ", re.MULTILINE)
_HOST = re.compile(rb"^c=IN IP[46] ([0-9A-Fa-f.:]+)\s*$", re.MULTILINE)


class AnswerUnusable(ValueError):
    """rtpengine answered with SDP that names no port for the one stream."""


@dataclass(frozen=True, slots=True)
class Party:
    """One end of a leg as rtpengine is to know it."""

    address: Address
    codec: Codec = INNER_CODEC
    payload_type: int = INNER_TYPE
    event_type: int | None = None

    def describe(self) -> str:
        """Return the body."""
        types: dict[int, str] = {self.payload_type: f"{self.codec.value}/8000"}
        attributes = []
        if self.event_type is not None:
            types[self.event_type] = "telephone-event/8000"
            attributes.append(Attribute("fmtp", f"{self.event_type} 0-15"))
        maps = [Attribute("rtpmap", f"{number} {name}") for number, name in types.items()]
        formats = tuple(str(number) for number in types)
        media = Media(
            "audio",
            self.address[1],
            "RTP/AVP",
            formats,
            (),
            (*maps, *attributes, Attribute("ptime", "20"), Attribute("sendrecv")),
        )
        description = SessionDescription(
            origin=Origin("-", 1, 1, self.address[0]),
            media=(media,),
            connections=(Connection(self.address[0]),),
        )
        return description.serialise().decode()


UNKNOWN = Party(NOWHERE, event_type=None)
"""A telephone that has not answered yet."""


def telephone(terms: StreamTerms) -> Party:
    """Return the telephone's end from what was agreed with it."""
    return Party(terms.remote or NOWHERE, terms.codec, terms.send_type, terms.send_event_type)


def inner(to: Address | None, event_type: int | None) -> Party:
    """Return the inner end when it is to send to this address.

    Its keys have the telephone's number: rtpengine 10.5 passes them on as they are.
    """
    return Party(to or NOWHERE, event_type=event_type)


def address_in(answer: Mapping[str, object]) -> Address:
    """Return where rtpengine listens, from its answer.

    Raises:
        AnswerUnusable: it does not say.
    """
    body = answer.get("sdp")
    port = _PORT.search(body) if isinstance(body, bytes) else None
    host = _HOST.search(body) if isinstance(body, bytes) else None
    if port is None or host is None or not 0 < int(port[1]) < 65_536:
        raise AnswerUnusable("no address in the description")
    return host[1].decode(), int(port[1])
