"""What may be asked of a talk and of a parked call; who carries them out is elsewhere."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from channels.voice.leg import Leg
from channels.voice.webrtc.leg import PageAttempt, PageLeg
from hotline.kernel.ids import SeatId, UserId
from hotline.queues.control.states import TransferMode, TransferResult
from hotline.queues.phone_directory import Target
from hotline.queues.values import Offer


class TalkEnd(StrEnum):
    """How a conversation ended; the citizen's own end cancels it instead."""

    SEAT_HUNG_UP = "seat_hung_up"
    SEAT_LOST = "seat_lost"
    """Nobody is there who meant to end the call: the citizen is next again."""
    PARKED = "parked"
    TO_QUEUE = "to_queue"


class Listening(StrEnum):
    """How a supervisor takes part."""

    LISTEN = "listen"
    WHISPER = "whisper"
    BARGE = "barge"


@dataclass(slots=True, kw_only=True)
class TransferWish:
    """Whom a seat wants to bring in, and how."""

    target: Target
    mode: TransferMode
    seat_id: SeatId
    card: Mapping[str, Any] = field(default_factory=dict)
    """What emergency services are told."""
    ear: Leg | None = None
    """Where the seat consults on a second call of its desk phone."""
    on_answer: Callable[[], None] | None = None
    on_result: list[Callable[[TransferResult], None]] = field(default_factory=list)
    """Told before any leg is hung up."""


class Talk(Protocol):
    """A citizen and a seat, as pages and desk phones see it."""

    is_held: bool
    is_recording_paused: bool

    def speaks(self, seat_id: SeatId) -> bool:
        """Whether this seat is the one who talks with the citizen."""

    async def hold(self, *, held: bool) -> None:
        """Play music to the citizen, or let both talk again."""

    def hang_up(self, seat_id: SeatId | None) -> None:
        """A seat ends its part of the talk; None: whoever speaks."""

    def page_of(self, user_id: UserId, seat_id: SeatId | None) -> PageLeg:
        """Return the leg of a page that is back; without a seat, of who has taken over."""

    async def pause_recording(self, user_id: UserId, reason: str) -> None:
        """Write silence."""

    async def resume_recording(self) -> None:
        """Write sound again."""

    async def admit(self, user_id: UserId, attempt: PageAttempt) -> None:
        """Let a supervisor listen."""

    async def set_listening(self, user_id: UserId, listening: Listening) -> None:
        """Whisper, join in, or only listen."""

    async def dismiss(self, user_id: UserId) -> None:
        """A supervisor leaves."""

    async def take_over(self, user_id: UserId) -> None:
        """A supervisor goes on in the seat's place."""

    async def transfer(self, wish: TransferWish) -> None:
        """Begin to bring somebody in."""

    async def join(self, seat_id: SeatId) -> None:
        """Let all three talk."""

    async def complete(self, seat_id: SeatId) -> None:
        """The seat leaves the citizen and the far end to each other."""

    async def take_back(self, seat_id: SeatId) -> None:
        """The far end leaves."""

    async def park(self, seat_id: SeatId) -> None:
        """The seat leaves the citizen to music, until somebody picks the call up."""


class Parked(Protocol):
    """A parked caller."""

    async def pick_up(self, seat_id: SeatId, open_leg: Callable[[Offer], Awaitable[Leg]]) -> None:
        """Let a seat talk with the caller."""

    async def ring(self, seat_id: SeatId) -> None:
        """Ring a seat's own telephone, and let it talk with the caller."""
