"""What both sides agreed on for one audio stream."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from channels.voice.rtp.codec import Codec
from channels.voice.rtp.source import Address
from channels.voice.rtp.srtp import SrtpKeys


@dataclass(frozen=True, slots=True)
class StreamTerms:
    """The outcome of one offer and answer, from our side.

    Payload types may differ by direction: each side names those that it wants to receive
    (RFC 3264 6.1).
    """

    codec: Codec
    """What we send; its form is what `RtpSession` takes and gives out."""
    send_type: int
    receive_types: Mapping[int, Codec]
    remote: Address | None
    """Where to send; None for the null address of an RFC 2543 hold."""
    remote_control: Address | None = None
    send_event_type: int | None = None
    """The payload type of telephone-event towards the remote, None without it."""
    receive_event_types: Mapping[int, int] = field(default_factory=dict)
    """Payload types of telephone-event and the clock rate of each: 8,000, beside Opus 48,000."""
    has_comfort_noise: bool = False
    """Whether the remote spoke of comfort noise (RFC 3389); understood in any case."""
    sends: bool = True
    receives: bool = True
    packet_frames: int = 1
    """Frames of 20 ms in each packet that we send."""
    srtp: SrtpKeys | None = None
    """The keys under which packets travel; None: plain, or protected by the path (DTLS)."""
