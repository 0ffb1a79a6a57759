"""A conference of legs that rtpengine carries; the mix is this process's."""

from collections.abc import Sequence

from channels.voice.media.engine import MAX_MEMBERS, ConferenceFull, LegClosed, MediaLeg
from channels.voice.rtpengine.wiring import Party, Room, Wiring


class RtpengineConference:
    """The `Conference` of this engine."""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring
        self._room = Room()

    @property
    def members(self) -> Sequence[MediaLeg]:
        """Return who is in it, in the order of joining."""
        return tuple(leg for leg in self._room.members if not leg.is_closed)  # type: ignore[misc]

    async def join(self, leg: MediaLeg) -> None:
        """Let a leg in."""
        if not isinstance(leg, Party) or leg.wiring is not self._wiring:
            raise ValueError("only legs of the same engine can join")
        if leg.is_closed:
            raise LegClosed(f"leg of call {leg.call_id} is closed")
        if leg.room is self._room:
            return
        if len(self._room.members) >= MAX_MEMBERS:
            raise ConferenceFull(f"{MAX_MEMBERS} members are in it already")
        await self._wiring.enter(leg, self._room)

    async def leave(self, leg: MediaLeg) -> None:
        """Let a leg out."""
        if isinstance(leg, Party) and leg.room is self._room:
            await self._wiring.part(leg)

    async def end(self) -> None:
        """Let everybody out."""
        for leg in tuple(self._room.members):
            await self._wiring.part(leg)
