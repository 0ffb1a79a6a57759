"""Offer and answer (RFC 3264) for one audio stream and telephone-event; pure.

Our order of codecs decides, so that an installation says what CPU a call may cost; of the two laws
of G.711, which cost the same, the caller's first is taken. A-law comes first in our offers: that
is what the networks of China use. Everything else that is offered (video, a second audio stream,
image/t38) is rejected by port 0 in its place, so that the answer has the sections of the offer.
Whether keys of SRTP may stand in it, and must, is `LocalEnd.srtp`; a stream that is protected
once stays so.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from channels.voice.media.sdes import PLAIN, SECURE, Keying, Srtp
from channels.voice.rtp.codec import (
    COMFORT_NOISE,
    FRAME_MS,
    LAWS,
    SAMPLE_RATE,
    STATIC_PAYLOAD_TYPES,
    Codec,
)
from channels.voice.rtp.source import Address
from channels.voice.rtp.terms import StreamTerms
from channels.voice.sip import sdp
from channels.voice.sip.sdp import (
    Attribute,
    Connection,
    Direction,
    Media,
    RtpMap,
    SessionDescription,
)

TELEPHONE_EVENT = "TELEPHONE-EVENT"
OUR_EVENT_TYPE = 101
"""What nearly everybody uses for telephone-event; any dynamic number would do."""

OUR_WIDE_EVENT_TYPE = 102
"""telephone-event that counts 48,000 beside Opus, whose clock it shares (RFC 4733 2.1)."""

OUR_OPUS_TYPE = 111
"""What browsers and most phones use."""

OPUS_PARAMETERS = "maxplaybackrate=16000;sprop-maxcapturerate=16000;stereo=0;useinbandfec=0"
"""RFC 7587 6.1: what we make of it has 16 kHz and one channel."""

_EVENTS = "0-15"  # RFC 4733 2.4.1: the sixteen keys
_MAX_PACKET_FRAMES = 3


@dataclass(frozen=True, slots=True)
class LocalEnd:
    """Where we receive, and the number that names the session in ``o=``."""

    host: str
    port: int
    session_id: int
    codecs: tuple[Codec, ...] = LAWS
    """Which we speak, the dearest to us first."""
    srtp: Srtp = Srtp.OFF
    """As it holds for the transport that carries the descriptions (`Srtp.over`)."""
    new_key: Callable[[int], bytes] = secrets.token_bytes
    """Returns so many bytes that nobody can guess."""


@dataclass(frozen=True, slots=True)
class Formats:
    """The payload types of one audio section that we can do, in its order of preference."""

    audio: Mapping[int, Codec]
    events: Mapping[int, int]
    """telephone-event and the clock rate of each."""
    has_comfort_noise: bool

    def event_for(self, codec: Codec) -> tuple[int, int] | None:
        """Return type and clock rate of the events that go with a codec, None without any."""
        same = (each for each in self.events.items() if each[1] == codec.clock_rate)
        return next(same, next(iter(self.events.items()), None))


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
    _keying: Keying = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Begin without keys."""
        self._keying = Keying(self.local.srtp, self.local.new_key)

    def offer(self, direction: Direction | None = None) -> bytes:
        """Return an offer with the payload types of the session so far (RFC 3264 8.3.2)."""
        wish = direction or self.wish
        description = self._describe(self._offer_media(wish))
        self._offered = description, wish
        return self._send(description)

    def accept_answer(self, body: bytes) -> StreamTerms:
        """Take the answer to the latest offer; a second answer replaces the first (183, 200).

        Another fork may give one even when the first has made an offer since (UPDATE).

        Raises:
            SdpError: it is malformed, or agrees on nothing that we offered.
        """
        if self._offered is None:
            raise sdp.NotAcceptable("no offer of ours is there to be answered")
        offered, wish = self._offered
        answer = sdp.parse(body)
        index = _audio_index(offered.media)
        # The sections of an answer match those of the offer one by one (RFC 3264 6).
        if index >= len(answer.media) or not _is_audio(answer.media[index]):
            raise sdp.NotAcceptable("the answer has no audio where the offer had it")
        theirs = answer.media[index]
        if theirs.protocol != offered.media[index].protocol:
            raise sdp.NotAcceptable("the answer has another protocol than the offer")
        formats = self._formats_of(theirs)
        ours = self._formats_of(offered.media[index])
        terms = self._terms(answer, theirs, formats, receives=ours, wish=wish)
        terms = replace(terms, srtp=self._keying.answered(theirs))
        self.wish = wish
        self._accept(terms, offered.media)
        return terms

    def answer(self, body: bytes) -> tuple[StreamTerms, bytes]:
        """Take an offer and return what is agreed, and our answer.

        Raises:
            SdpError: it is malformed, or has no audio stream that we can do.
        """
        offer = sdp.parse(body)
        chosen = self._choose(offer)
        theirs = offer.media[chosen]
        formats = self._formats_of(theirs)
        terms = self._terms(offer, theirs, formats, receives=formats, wish=self.wish)
        terms = replace(terms, srtp=self._keying.take(theirs))
        media = tuple(
            self._answer_media(m, terms) if i == chosen else _rejected(m)
            for i, m in enumerate(offer.media)
        )
        self._accept(terms, media)
        return terms, self._send(self._describe(media))

    def _choose(self, offer: SessionDescription) -> int:
        """Return which section is taken: a protected one where there is one."""
        able = [i for i, media in enumerate(offer.media) if self._can_do(offer, media)]
        if not able:
            raise sdp.NotAcceptable("no audio over RTP is offered in a codec of ours")
        return able[self._keying.choose([offer.media[i] for i in able])]

    def _accept(self, terms: StreamTerms, media: tuple[Media, ...]) -> None:
        self.terms = terms
        self.direction = Direction.of(sends=terms.sends, receives=terms.receives)
        self._layout = media

    def _can_do(self, description: SessionDescription, media: Media) -> bool:
        if not _is_audio(media) or not self._formats_of(media).audio:
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
        formats: Formats,
        *,
        receives: Formats,
        wish: Direction,
    ) -> StreamTerms:
        agreed = [(t, c) for t, c in formats.audio.items() if c in receives.audio.values()]
        if not agreed or not self._can_do(description, theirs):
            raise sdp.NotAcceptable("no common codec or no usable address")
        send_type, codec = min(agreed, key=lambda each: self._rank(each[1]))
        connection = description.connection_of(theirs)
        assert connection is not None
        direction = description.direction_of(theirs)
        event = formats.event_for(codec) if receives.events else None
        remote = None if connection.is_hold else (str(connection.ip), theirs.port)
        return StreamTerms(
            codec=codec,
            send_type=send_type,
            # Both sides' numbers: a packet under the other mapping may be under way.
            receive_types={**formats.audio, **receives.audio},
            remote=remote,
            remote_control=_control_address(theirs, remote),
            send_event_type=event[0] if event else None,
            receive_event_types={**formats.events, **receives.events} if event else {},
            has_comfort_noise=formats.has_comfort_noise,
            sends=wish.sends and direction.receives and remote is not None,
            receives=wish.receives and direction.sends,
            packet_frames=1 if codec is Codec.OPUS else _packet_frames(theirs),
        )

    def _rank(self, codec: Codec) -> int:
        ours = self.local.codecs
        alike = LAWS if codec in LAWS else (codec,)
        return min(ours.index(each) for each in alike if each in ours)

    def _answer_media(self, offered: Media, terms: StreamTerms) -> Media:
        direction = Direction.of(sends=terms.sends, receives=terms.receives)
        types = {terms.send_type: terms.codec}
        events: dict[int, int] = {}
        if terms.send_event_type is not None:
            events = {terms.send_event_type: terms.receive_event_types[terms.send_event_type]}
        audio = self._audio(types, events, direction)
        if terms.has_comfort_noise:
            # Nobody needs to send it; whoever likes to may, for we understand it (RFC 3389 4).
            audio = replace(audio, formats=(*audio.formats, str(COMFORT_NOISE)))
        return self._keying.answer(audio, offered.protocol)

    def _offer_media(self, wish: Direction) -> tuple[Media, ...]:
        terms = self.terms
        if terms is None:
            types = {_own_type(codec): codec for codec in self._offered_codecs}
            audio = self._audio(types, self._own_events({}), wish)
            return (self._keying.offer(audio),)
        types = {terms.send_type: terms.codec}
        for codec in self._offered_codecs:
            if codec is not terms.codec:
                types.setdefault(_own_type(codec), codec)
        audio = self._audio(types, self._own_events(terms.receive_event_types), wish)
        audio = self._keying.offer(audio)
        # Sections never disappear from a session; the rejected ones stay rejected.
        return tuple(audio if m.port else m for m in self._layout)

    @property
    def _offered_codecs(self) -> tuple[Codec, ...]:
        """Return what our offers name: up to the laws; what follows them is only accepted.

        Everybody speaks a law, and an INVITE that outgrows a datagram would have to go by TCP
        (RFC 3261 18.1.1).
        """
        ours = self.local.codecs
        last = max((index for index, codec in enumerate(ours) if codec in LAWS), default=len(ours))
        return ours[: last + 1]

    def _own_events(self, agreed: Mapping[int, int]) -> dict[int, int]:
        """Return the event types to offer: those of the session, else one for each clock."""
        events = dict(agreed)
        if SAMPLE_RATE not in events.values():
            events[OUR_EVENT_TYPE] = SAMPLE_RATE
        wide = Codec.OPUS.clock_rate
        if Codec.OPUS in self._offered_codecs and wide not in events.values():
            events[OUR_WIDE_EVENT_TYPE] = wide
        return events

    def _audio(
        self, types: Mapping[int, Codec], events: Mapping[int, int], direction: Direction
    ) -> Media:
        attributes = []
        for number, codec in types.items():
            attributes += audio_attributes(number, codec)
        for number, rate in events.items():
            attributes.append(Attribute("rtpmap", f"{number} telephone-event/{rate}"))
            attributes.append(Attribute("fmtp", f"{number} {_EVENTS}"))
        attributes += [Attribute("ptime", str(FRAME_MS)), Attribute(direction.value)]
        formats = tuple(str(number) for number in (*types, *events))
        return Media("audio", self.local.port, PLAIN, formats, (), tuple(attributes))

    def _formats_of(self, media: Media) -> Formats:
        return formats_of(media, self.local.codecs)

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
    return media.kind == "audio" and media.port > 0 and media.protocol in {PLAIN, SECURE}


def _audio_index(media: tuple[Media, ...]) -> int:
    return next(index for index, section in enumerate(media) if section.port)


def _rejected(media: Media) -> Media:
    return Media(media.kind, 0, media.protocol, media.formats)


def audio_attributes(number: int, codec: Codec) -> list[Attribute]:
    """Return the lines that describe a codec under a payload type."""
    if codec is not Codec.OPUS:
        return [Attribute("rtpmap", f"{number} {codec}/{SAMPLE_RATE}")]
    # RFC 7587 7: always two channels, whatever is sent.
    return [
        Attribute("rtpmap", f"{number} opus/{codec.clock_rate}/2"),
        Attribute("fmtp", f"{number} {OPUS_PARAMETERS}"),
    ]


def formats_of(media: Media, codecs: Sequence[Codec]) -> Formats:
    """Read the formats that we can do, in order; static types need no rtpmap (RFC 3551 6)."""
    maps = media.rtpmaps()
    static = {number: codec for codec, number in STATIC_PAYLOAD_TYPES.items()}
    audio: dict[int, Codec] = {}
    events: dict[int, int] = {}
    numbers = [
        int(text)
        for text in media.formats
        if text.isascii() and text.isdigit() and len(text) <= 3 and int(text) <= 127
    ]
    for number in numbers:
        entry = maps.get(number)
        codec = static.get(number) if entry is None else _codec_of(entry)
        if codec in codecs and codec is not None:
            audio[number] = codec
        elif entry is not None and entry.encoding == TELEPHONE_EVENT and entry.channels == 1:
            events[number] = entry.clock_rate
    # Phones that offer Opus alone often offer events that count 8,000 all the same.
    rates = {SAMPLE_RATE, *(codec.clock_rate for codec in audio.values())}
    events = {number: rate for number, rate in events.items() if rate in rates}
    return Formats(audio, events, COMFORT_NOISE in numbers)


def _codec_of(entry: RtpMap) -> Codec | None:
    codec = Codec.__members__.get(entry.encoding)
    if codec is None:
        return None
    channels = 2 if codec is Codec.OPUS else 1
    return codec if (entry.clock_rate, entry.channels) == (codec.clock_rate, channels) else None


def _own_type(codec: Codec) -> int:
    return STATIC_PAYLOAD_TYPES.get(codec, OUR_OPUS_TYPE)


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
