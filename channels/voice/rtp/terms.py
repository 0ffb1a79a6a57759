"""What both sides agreed on for one audio stream."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from channels.voice.rtp.g711 import Codec
from channels.voice.rtp.source import Address


@dataclass(frozen=True, slots=True)
class StreamTerms:
    """The outcome of one offer and answer, from our side.

    Payload types may differ by direction: each side names those that it wants to receive
    (RFC 3264 6.1).
    """

    codec: Codec
    """What we send, and what `RtpSession` gives out."""
    send_type: int
    receive_types: Mapping[int, Codec]
    remote: Address | None
    """Where to send; None for the null address of an RFC 2543 hold."""
    remote_control: Address | None = None
    send_event_type: int | None = None
    """The payload type of telephone-event/8000 towards the remote, None without it."""
    receive_event_types: frozenset[int] = field(default_factory=frozenset)
    sends: bool = True
    receives: bool = True
    packet_frames: int = 1
    """Frames of 20 ms in each packet that we send."""
