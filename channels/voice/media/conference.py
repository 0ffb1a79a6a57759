"""A conference of the embedded engine: a room whose members come and go by verbs."""

from channels.voice.media.engine import MAX_MEMBERS, ConferenceFull, LegClosed, MediaLeg
from channels.voice.media.leg import EmbeddedLeg, Owner
from channels.voice.media.line import Line
from channels.voice.media.room import Room


class EmbeddedConference:
    """The embedded `Conference`."""

    def __init__(self, owner: Owner) -> None:
        self._owner = owner
        self._room: Room[Line] = Room()
        self._legs: dict[Line, EmbeddedLeg] = {}

    @property
    def members(self) -> tuple[EmbeddedLeg, ...]:
        """Return who is in it, in the order of joining."""
        return tuple(self._legs[line] for line in self._room.members)

    async def join(self, leg: MediaLeg) -> None:
        """Let a leg in."""
        if not isinstance(leg, EmbeddedLeg) or leg.owner is not self._owner:
            raise ValueError("only legs of the same engine can join")
        if leg.line.is_closed:
            raise LegClosed(f"leg of call {leg.call_id} is closed")
        if leg.line.room is self._room:
            return
        if len(self._room.members) >= MAX_MEMBERS:
            raise ConferenceFull(f"{MAX_MEMBERS} members are in it already")
        leg.line.enter(self._room)
        present = {line: self._legs.get(line, leg) for line in self._room.members}
        self._legs = present

    async def leave(self, leg: MediaLeg) -> None:
        """Let a leg out."""
        if isinstance(leg, EmbeddedLeg) and leg.line.room is self._room:
            leg.line.part()

    async def end(self) -> None:
        """Let everybody out."""
        for line in self._room.members:
            line.part()
