"""Offer and answer (RFC 3264) for one audio stream: G.711 and telephone-event; pure.

We answer with the caller's first law of G.711 and offer A-law first, which is what the networks
of China use. Everything else that is offered (video, a second audio stream, image/t38) is
rejected by port 0 in its place, so that the answer has the sections of the offer.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from channels.voice.rtp.g711 import FRAME_MS, SAMPLE_RATE, STATIC_PAYLOAD_TYPES, Codec
from channels.voice.rtp.source import Address
from channels.voice.rtp.terms import StreamTerms
from channels.voice.sip import sdp
from channels.voice.sip.sdp import Attribute, Connection, Direction, Media, SessionDescription

TELEPHONE_EVENT = "TELEPHONE-EVENT"
OUR_EVENT_TYPE = 101
"""What nearly everybody uses for telephone-event; any dynamic number would do."""

_PROTOCOL = "RTP/AVP"
_EVENTS = "0-15"  # RFC 4733 2.4.1: the sixteen keys
_PREFERRED = (Codec.PCMA, Codec.PCMU)
_MAX_PACKET_FRAMES = 3


@dataclass(frozen=True, slots=True)
class LocalEnd:
    """Where we receive, and the number that names the session in ``o=``."""

    host: str
    port: int
    session_id: int


@dataclass(frozen=True, slots=True)
class _Formats:
    """The payload types of one audio section that we can do, in its order of preference."""

    audio: Mapping[int, Codec]
    events: tuple[int, ...]


@dataclass(slots=True)
class Negotiator:
    """The offer/answer state of one leg; a failed step leaves it as it was."""

    local: LocalEnd
    wish: Direction = Direction.SENDRECV
    """What we want: SENDONLY holds the remote."""
    terms: StreamTerms | None = None
    direction: Direction = Direction.SENDRECV
    """What we do, after negotiation."""
    _sent: SessionDescription | None = None
    _offered: tuple[SessionDescription, Direction] | None = None
    _layout: tuple[Media, ...] = ()

    def offer(self, direction: Direction | None = None) -> bytes:
        """Return an offer with the payload types of the session so far (RFC 3264 8.3.2)."""
        wish = direction or self.wish
        description = self._describe(self._offer_media(wish))
        self._offered = description, wish
        return self._send(description)

    def accept_answer(self, body: bytes) -> StreamTerms:
        """Take the answer to the latest offer; a second answer replaces the first (183, 200).

        Raises:
            SdpError: it is malformed, or agrees on nothing that we offered.
        """
        assert self._offered is not None, "no offer was made"
        offered, wish = self._offered
        answer = sdp.parse(body)
        index = _audio_index(offered.media)
        # The sections of an answer match those of the offer one by one (RFC 3264 6).
        if index >= len(answer.media) or not _is_audio(answer.media[index]):
            raise sdp.NotAcceptable("the answer has no audio where the offer had it")
        theirs = answer.media[index]
        formats = _formats_of(theirs)
        ours = _formats_of(offered.media[index])
        terms = self._terms(answer, theirs, formats, receives=ours, wish=wish)
        self.wish = wish
        self._accept(terms, offered.media)
        return terms

    def answer(self, body: bytes) -> tuple[StreamTerms, bytes]:
        """Take an offer and return what is agreed, and our answer.

        Raises:
            SdpError: it is malformed, or has no audio stream that we can do.
        """
        offer = sdp.parse(body)
        chosen = next((i for i, m in enumerate(offer.media) if self._can_do(offer, m)), None)
        if chosen is None:
            raise sdp.NotAcceptable("no G.711 audio over RTP/AVP is offered")
        theirs = offer.media[chosen]
        formats = _formats_of(theirs)
        terms = self._terms(offer, theirs, formats, receives=formats, wish=self.wish)
        media = tuple(
            self._answer_media(m, terms) if i == chosen else _rejected(m)
            for i, m in enumerate(offer.media)
        )
        self._accept(terms, media)
        self._offered = None
        return terms, self._send(self._describe(media))

    def _accept(self, terms: StreamTerms, media: tuple[Media, ...]) -> None:
        self.terms = terms
        self.direction = Direction.of(sends=terms.sends, receives=terms.receives)
        self._layout = media

    def _can_do(self, description: SessionDescription, media: Media) -> bool:
        if not _is_audio(media) or not _formats_of(media).audio:
            return False
        connection = description.connection_of(media)
        return connection is not None and (connection.is_hold or self._may_send_to(connection))

    def _may_send_to(self, connection: Connection) -> bool:
        # A host name would need a resolver, and a multicast or broadcast address makes us an
        # amplifier.
        ip = connection.ip
        if ip is None or ip.is_multicast or str(ip) == "255.255.255.255":
            return False
        ours = Connection(self.local.host).ip
        return ours is not None and ip.version == ours.version

    def _terms(
        self,
        description: SessionDescription,
        theirs: Media,
        formats: _Formats,
        *,
        receives: _Formats,
        wish: Direction,
    ) -> StreamTerms:
        agreed = [(t, c) for t, c in formats.audio.items() if c in receives.audio.values()]
        if not agreed or not self._can_do(description, theirs):
            raise sdp.NotAcceptable("no common codec or no usable address")
        connection = description.connection_of(theirs)
        assert connection is not None
        direction = description.direction_of(theirs)
        events = formats.events if receives.events else ()
        remote = None if connection.is_hold else (str(connection.ip), theirs.port)
        return StreamTerms(
            codec=agreed[0][1],
            send_type=agreed[0][0],
            # Both sides' numbers: a packet under the other mapping may be under way.
            receive_types={**formats.audio, **receives.audio},
            remote=remote,
            remote_control=_control_address(theirs, remote),
            send_event_type=events[0] if events else None,
            receive_event_types=frozenset((*events, *receives.events)) if events else frozenset(),
            sends=wish.sends and direction.receives and remote is not None,
            receives=wish.receives and direction.sends,
            packet_frames=_packet_frames(theirs),
        )

    def _answer_media(self, offered: Media, terms: StreamTerms) -> Media:
        direction = Direction.of(sends=terms.sends, receives=terms.receives)
        types = {terms.send_type: terms.codec}
        return replace(
            self._audio(types, terms.send_event_type, direction), protocol=offered.protocol
        )

    def _offer_media(self, wish: Direction) -> tuple[Media, ...]:
        terms = self.terms
        if terms is None:
            types = {STATIC_PAYLOAD_TYPES[codec]: codec for codec in _PREFERRED}
            return (self._audio(types, OUR_EVENT_TYPE, wish),)
        types = {terms.send_type: terms.codec}
        for codec in _PREFERRED:
            if codec is not terms.codec:
                types.setdefault(STATIC_PAYLOAD_TYPES[codec], codec)
        audio = self._audio(types, terms.send_event_type or OUR_EVENT_TYPE, wish)
        # Sections never disappear from a session; the rejected ones stay rejected.
        return tuple(audio if m.port else m for m in self._layout)

    def _audio(
        self, types: Mapping[int, Codec], event_type: int | None, direction: Direction
    ) -> Media:
        maps = [f"{number} {codec}/{SAMPLE_RATE}" for number, codec in types.items()]
        formats = [str(number) for number in types]
        attributes = [Attribute("rtpmap", value) for value in maps]
        if event_type is not None:
            formats.append(str(event_type))
            attributes.append(Attribute("rtpmap", f"{event_type} telephone-event/{SAMPLE_RATE}"))
            attributes.append(Attribute("fmtp", f"{event_type} {_EVENTS}"))
        attributes += [Attribute("ptime", str(FRAME_MS)), Attribute(direction.value)]
        return Media("audio", self.local.port, _PROTOCOL, tuple(formats), (), tuple(attributes))

    def _describe(self, media: tuple[Media, ...]) -> SessionDescription:
        origin = sdp.Origin("-", self.local.session_id, 1, self.local.host)
        return SessionDescription(
            origin=origin, media=media, connections=(Connection(self.local.host),)
        )

    def _send(self, description: SessionDescription) -> bytes:
        # RFC 3264 8: the version grows by one with a change, and only then.
        if self._sent is not None:
            same = replace(description, origin=self._sent.origin)
            grown = replace(same.origin, version=same.origin.version + 1)
            description = same if same == self._sent else replace(same, origin=grown)
        self._sent = description
        return description.serialise()


def _is_audio(media: Media) -> bool:
    return media.kind == "audio" and media.port > 0 and media.protocol == _PROTOCOL


def _audio_index(media: tuple[Media, ...]) -> int:
    return next(index for index, section in enumerate(media) if section.port)


def _rejected(media: Media) -> Media:
    return Media(media.kind, 0, media.protocol, media.formats)


def _formats_of(media: Media) -> _Formats:
    """Read the formats in order; static types need no rtpmap (RFC 3551 6)."""
    maps = media.rtpmaps()
    static = {number: codec for codec, number in STATIC_PAYLOAD_TYPES.items()}
    audio: dict[int, Codec] = {}
    events: list[int] = []
    for text in media.formats:
        if not text.isascii() or not text.isdigit() or len(text) > 3 or int(text) > 127:
            continue
        number = int(text)
        entry = maps.get(number)
        if entry is None:
            if number in static:
                audio[number] = static[number]
        elif (entry.clock_rate, entry.channels) == (SAMPLE_RATE, 1):
            if entry.encoding in Codec.__members__:
                audio[number] = Codec(entry.encoding)
            elif entry.encoding == TELEPHONE_EVENT:
                events.append(number)
    return _Formats(audio, tuple(events))


def _control_address(media: Media, remote: Address | None) -> Address | None:
    """Return where RTCP goes: ``a=rtcp`` (RFC 3605), else the next port."""
    if remote is None:
        return None
    for value in media.values("rtcp"):
        port = value.split()[0] if value.split() else ""
        # An address of its own is left alone: RTCP to a third party helps nobody.
        if port.isascii() and port.isdigit() and 0 < int(port[:6]) <= 0xFFFF:
            return remote[0], int(port[:6])
    return (remote[0], remote[1] + 1) if remote[1] < 0xFFFF else None


def _packet_frames(media: Media) -> int:
    """Return how many frames the remote wants in a packet: its ptime where we can do it."""
    wanted = media.milliseconds("ptime") or FRAME_MS
    limit = media.milliseconds("maxptime") or wanted
    frames = min(wanted, limit) // FRAME_MS
    return min(max(frames, 1), _MAX_PACKET_FRAMES)
