"""What a browser's page offers, and what we answer (RFC 8829, RFC 8839, RFC 8842); pure.

One audio section, one codec and telephone-event over one multiplexed, encrypted path. Everything
gathered beforehand: no candidate trickles in later, so that one question has one answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from channels.voice.media.negotiation import Formats, audio_attributes, formats_of
from channels.voice.rtp.codec import LAWS, Codec
from channels.voice.rtp.source import Address
from channels.voice.rtp.terms import StreamTerms
from channels.voice.sip import sdp
from channels.voice.sip.sdp import Attribute, Connection, Media, Origin, SessionDescription

PROTOCOL = "UDP/TLS/RTP/SAVPF"
MAX_CANDIDATES = 32
"""A computer with many networks has a dozen; more is somebody making us search."""

MAX_LENGTH = 32_768
"""Bytes of a description; Chromium's with audio alone has 4,000."""

BROWSER: Address = ("browser", 9)
"""The one address of an encrypted path: ICE and DTLS say who sends, not the packet's source."""


@dataclass(frozen=True, slots=True)
class BrowserOffer:
    """What we need of a page's offer."""

    user_fragment: str
    password: str
    fingerprints: tuple[tuple[str, str], ...]
    """Algorithm and value; every one that we know must match the certificate."""
    candidates: tuple[str, ...]
    """Values of ``a=candidate``, without names of multicast DNS."""
    mid: str
    codec: Codec
    payload_type: int
    event: tuple[int, int] | None
    """Payload type and clock rate of telephone-event."""

    def terms(self) -> StreamTerms:
        """Return what is agreed, for an RTP session."""
        return StreamTerms(
            codec=self.codec,
            send_type=self.payload_type,
            receive_types={self.payload_type: self.codec},
            remote=BROWSER,
            remote_control=BROWSER,
            send_event_type=None if self.event is None else self.event[0],
            receive_event_types=dict([] if self.event is None else [self.event]),
        )


@dataclass(frozen=True, slots=True)
class LocalEnd:
    """Our side of the path, as the answer tells it."""

    user_fragment: str
    password: str
    fingerprints: Sequence[tuple[str, str]]
    candidates: Sequence[str]
    session_id: int


def read_offer(text: str, codecs: Sequence[Codec] = LAWS) -> BrowserOffer:
    """Read the offer of a page; of `codecs`, the first that it offers is taken.

    Raises:
        SdpError: it is malformed, or has no encrypted audio in one of these codecs.
    """
    if len(text) > MAX_LENGTH:
        raise sdp.SdpMalformed("the description is too long")
    offer = sdp.parse(text.encode(errors="replace"))
    audio = next((media for media in offer.media if media.kind == "audio" and media.port), None)
    if audio is None or audio.protocol != PROTOCOL or "rtcp-mux" not in _flags(audio):
        raise sdp.NotAcceptable("no encrypted audio with rtcp-mux is offered")
    formats = formats_of(audio, codecs)
    codec, payload_type = _chosen(formats, codecs)
    fingerprints = tuple(
        (algorithm.lower(), value)
        for algorithm, _, value in (
            line.partition(" ") for line in _values(offer, audio, "fingerprint")
        )
        if value
    )
    if not fingerprints:
        raise sdp.NotAcceptable("no fingerprint is offered")
    if _one(offer, audio, "setup") not in {"actpass", "passive"}:
        # RFC 8842 5.2: who offers must be able to wait for our handshake.
        raise sdp.NotAcceptable("the page does not let us begin the handshake")
    return BrowserOffer(
        user_fragment=_one(offer, audio, "ice-ufrag"),
        password=_one(offer, audio, "ice-pwd"),
        fingerprints=fingerprints,
        candidates=_candidates(audio),
        mid=_one(offer, audio, "mid"),
        codec=codec,
        payload_type=payload_type,
        event=formats.event_for(codec),
    )


def write_answer(offer: BrowserOffer, local: LocalEnd) -> str:
    """Return the answer to a page's offer: the one audio section, and we begin the handshake."""
    formats = [str(offer.payload_type)]
    if offer.event is not None:
        formats.append(str(offer.event[0]))
    # RFC 8839 4.2.1: where the candidates say everything, the default address says nothing.
    nowhere = Connection("0.0.0.0")
    description = SessionDescription(
        origin=Origin("-", local.session_id, 1, "0.0.0.0"),
        attributes=(
            Attribute("group", f"BUNDLE {offer.mid}"),
            Attribute("msid-semantic", " WMS hotline"),
        ),
        media=(
            Media(
                "audio",
                9,
                PROTOCOL,
                tuple(formats),
                (nowhere,),
                tuple(_audio_attributes(offer, local)),
            ),
        ),
    )
    return description.serialise().decode()


def _audio_attributes(offer: BrowserOffer, local: LocalEnd) -> list[Attribute]:
    attributes = [
        Attribute("mid", offer.mid),
        Attribute("sendrecv"),
        Attribute("rtcp-mux"),
        Attribute("msid", "hotline audio"),
        *audio_attributes(offer.payload_type, offer.codec),
    ]
    if offer.event is not None:
        number, rate = offer.event
        attributes.append(Attribute("rtpmap", f"{number} telephone-event/{rate}"))
        attributes.append(Attribute("fmtp", f"{number} 0-15"))
    return [
        *attributes,
        Attribute("ptime", "20"),
        Attribute("ice-ufrag", local.user_fragment),
        Attribute("ice-pwd", local.password),
        *(Attribute("candidate", each) for each in local.candidates),
        Attribute("end-of-candidates"),
        *(Attribute("fingerprint", f"{name} {value}") for name, value in local.fingerprints),
        # RFC 8842 5.3: `active` saves a round trip.
        Attribute("setup", "active"),
    ]


def _flags(media: Media) -> set[str]:
    return {attribute.name for attribute in media.attributes}


def _values(offer: SessionDescription, media: Media, name: str) -> list[str]:
    found = media.values(name)
    return found or [each.value or "" for each in offer.attributes if each.name == name]


def _one(offer: SessionDescription, media: Media, name: str) -> str:
    found = _values(offer, media, name)
    if len(found) != 1 or not found[0] or len(found[0]) > 256:
        raise sdp.SdpMalformed(f"the description needs one {name}")
    return found[0]


def _candidates(media: Media) -> tuple[str, ...]:
    # A name of multicast DNS hides the computer's address (RFC 8828); its checks reach us anyway.
    found = [
        value
        for value in media.values("candidate")
        if len(fields := value.split()) >= 8
        and fields[1] == "1"
        and fields[2].lower() == "udp"
        and not fields[4].endswith(".local")
    ]
    if len(found) > MAX_CANDIDATES:
        raise sdp.SdpMalformed("too many candidates")
    return tuple(found)


def _chosen(formats: Formats, codecs: Sequence[Codec]) -> tuple[Codec, int]:
    for codec in codecs:
        for number, offered in formats.audio.items():
            if offered is codec:
                return codec, number
    raise sdp.NotAcceptable("the page offers no codec of ours")
