"""Who hears whom: two by rtpengine alone, more by a mix in this process.

rtpengine 10.5 has no mixer. Two legs are joined by pointing their inner ends at each other, and no
packet comes here. As soon as a third is to be heard, a page takes part, or keys are tones, each leg
of the group gets a twin in the embedded engine, the inner ends point at the twins, and those are
bridged. A hotline of sixty conversations has two or three of them, so the cost stays small.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from contextlib import suppress

from channels.voice.media.embedded import EmbeddedMediaEngine
from channels.voice.media.engine import Conference, LegClosed, MediaError, MediaLeg
from channels.voice.rtp.source import Address


class Party(ABC):
    """A leg as the wiring sees it."""

    def __init__(self, call_id: str, wiring: "Wiring") -> None:
        self.call_id = call_id
        self.wiring = wiring
        self.is_closed = False
        self.partner: Party | None = None
        self.hears: tuple[Party, ...] = ()
        """Whom it hears beside its partner."""
        self.room: Room | None = None
        self.presses_keys = 0
        """How many keys are being pressed towards it."""

    @property
    @abstractmethod
    def is_local(self) -> bool:
        """Whether its sound is in this process anyway."""

    @property
    @abstractmethod
    def event_type(self) -> int | None:
        """The number of its keys, None without any."""

    @property
    @abstractmethod
    def needs_ear(self) -> bool:
        """Whether its keys come as tones, which only this process hears."""

    @property
    @abstractmethod
    def entrance(self) -> Address:
        """Where a partner sends to."""

    @abstractmethod
    async def make_twin(self, mixer: EmbeddedMediaEngine) -> tuple[MediaLeg, Address]:
        """Return a leg of the mixer that stands for this one, and where it receives."""

    @abstractmethod
    async def steer(self, to: Address | None, *, passes_keys: bool = False) -> None:
        """Send what is heard there, and let what comes from there be heard."""

    @abstractmethod
    async def close(self) -> None:
        """End everything of this leg."""

    async def bridge(self, other: MediaLeg) -> None:
        """Connect with another leg of the same engine."""
        partner = self._of_this_engine(other, "only two legs of one engine can be bridged")
        for leg in (self, partner):
            _require_open(leg)
        await self.wiring.bridge(self, partner)

    async def unbridge(self) -> None:
        """Part from the partner, or leave the conference."""
        await self.wiring.part(self)

    async def also_hear(self, others: Sequence[MediaLeg]) -> None:
        """Hear further legs beside the partner."""
        _require_open(self)
        reason = "only other legs of the same engine can be heard"
        await self.wiring.listen(self, [self._of_this_engine(leg, reason) for leg in others])

    def _of_this_engine(self, other: MediaLeg, reason: str) -> "Party":
        if not isinstance(other, Party) or other is self or other.wiring is not self.wiring:
            raise ValueError(reason)
        return other


class Room:
    """Who is in one conference."""

    def __init__(self) -> None:
        self.members: list[Party] = []
        self.mixed: Conference | None = None
        """The conference of the twins."""


class Twin:
    """The leg of the mixer that stands for a party."""

    def __init__(self, leg: MediaLeg, address: Address) -> None:
        self.leg = leg
        self.address = address
        self.partner: Twin | None = None
        self.room: Room | None = None
        self.hears: tuple[Twin, ...] = ()


class Wiring:
    """The picture of one engine, and the one place that carries it out."""

    def __init__(self, mixer: EmbeddedMediaEngine) -> None:
        self._mixer = mixer
        self._twins: dict[Party, Twin] = {}
        self._listeners: set[Party] = set()
        self._lock = asyncio.Lock()

    def is_mixed(self, party: Party) -> bool:
        """Say whether this process mixes what the party hears."""
        return party in self._twins

    async def bridge(self, one: Party, other: Party) -> None:
        """Let two parties hear each other, and nobody else."""
        async with self._lock:
            touched = self._leave(one) | self._leave(other)
            one.partner, other.partner = other, one
            await self._carry_out(touched)

    async def part(self, party: Party) -> None:
        """Take a party out of its bridge or conference."""
        async with self._lock:
            await self._carry_out(self._leave(party))

    async def listen(self, party: Party, others: Iterable[Party]) -> None:
        """Let a party hear others, who do not hear it."""
        async with self._lock:
            touched = self._group(party)
            party.hears = tuple(other for other in others if not other.is_closed)
            if party.hears:
                self._listeners.add(party)
            else:
                self._listeners.discard(party)
            await self._carry_out(touched | {party})

    async def enter(self, party: Party, room: Room) -> None:
        """Let a party into a conference."""
        async with self._lock:
            touched = self._leave(party)
            room.members.append(party)
            party.room = room
            await self._carry_out(touched)

    async def press(self, party: Party, key: str, duration_ms: int) -> None:
        """Press a key towards a party, through its twin, and wait until it is sent."""
        party.presses_keys += 1
        try:
            await self.settle(party)
            twin = self._twins.get(party)
            if twin is None:
                raise LegClosed(f"leg of call {party.call_id} is closed")
            await twin.leg.send_digit(key, duration_ms)
        finally:
            party.presses_keys -= 1
            await self.settle(party)

    async def remove(self, party: Party) -> None:
        """Forget a party that is closed."""
        async with self._lock:
            touched = self._leave(party)
            for listener in tuple(self._listeners):
                if listener is party or party in listener.hears:
                    touched |= self._group(listener)
                    listener.hears = tuple(leg for leg in listener.hears if leg is not party)
            party.hears = ()
            self._listeners.discard(party)
            await self._carry_out(touched)
            await self._drop_twin(party)

    async def settle(self, party: Party) -> None:
        """Carry out what has changed about a party."""
        async with self._lock:
            await self._carry_out({party})

    # inside

    def _leave(self, party: Party) -> set[Party]:
        """Take a party out of what it is in; return everybody whom that may touch."""
        touched = self._group(party)
        partner, party.partner = party.partner, None
        if partner is not None:
            partner.partner = None
        room, party.room = party.room, None
        if room is not None:
            room.members.remove(party)
        return touched

    def _group(self, party: Party) -> set[Party]:
        """Return everybody whose sound can reach, or be reached by, this party's."""
        found: set[Party] = set()
        waiting = [party]
        while waiting:
            each = waiting.pop()
            if each in found:
                continue
            found.add(each)
            waiting += self._neighbours(each)
        return found

    def _neighbours(self, party: Party) -> list[Party]:
        members = party.room.members if party.room is not None else []
        partner = [party.partner] if party.partner is not None else []
        listeners = [each for each in self._listeners if party in each.hears]
        return [*partner, *party.hears, *members, *listeners]

    async def _carry_out(self, touched: set[Party]) -> None:
        """Make it so for the groups of all these parties."""
        done: set[Party] = set()
        for party in touched:
            if party in done:
                continue
            group = self._group(party)
            done |= group
            await self._carry_out_group([each for each in group if not each.is_closed])

    async def _carry_out_group(self, group: list[Party]) -> None:
        if any(_needs_mix(party) for party in group):
            await self._mix(group)
            return
        await asyncio.gather(
            *(each.steer(each.partner.entrance if each.partner else None) for each in group)
        )
        for each in group:
            await self._drop_twin(each)

    async def _mix(self, group: list[Party]) -> None:
        for party in group:
            if party not in self._twins:
                self._twins[party] = Twin(*await party.make_twin(self._mixer))
        for party in group:
            with suppress(LegClosed):
                await self._join(party, self._twins[party])
        await asyncio.gather(
            *(
                each.steer(self._twins[each].address, passes_keys=each.presses_keys > 0)
                for each in group
            )
        )

    async def _join(self, party: Party, twin: Twin) -> None:
        """Let the twins hear each other as the parties are to."""
        partner = self._twins[party.partner] if party.partner is not None else None
        if twin.partner is not partner or twin.room is not party.room:
            if partner is not None:
                await twin.leg.bridge(partner.leg)
                partner.partner, partner.room = twin, None
            elif party.room is not None:
                await self._enter_room(party.room, twin)
            else:
                await twin.leg.unbridge()
            if twin.partner is not None and twin.partner is not partner:
                twin.partner.partner = None
            twin.partner, twin.room = partner, party.room
        hears = tuple(self._twins[each] for each in party.hears if not each.is_closed)
        if hears != twin.hears:
            await twin.leg.also_hear([each.leg for each in hears])
            twin.hears = hears

    async def _enter_room(self, room: Room, twin: Twin) -> None:
        if room.mixed is None:
            room.mixed = await self._mixer.confer()
        await room.mixed.join(twin.leg)

    async def _drop_twin(self, party: Party) -> None:
        twin = self._twins.pop(party, None)
        if twin is None:
            return
        if twin.partner is not None:
            twin.partner.partner = None
        if not party.is_local:
            await twin.leg.close()
        elif not party.is_closed:
            with suppress(LegClosed, MediaError):
                await twin.leg.unbridge()
                await twin.leg.also_hear([])


def _needs_mix(party: Party) -> bool:
    if party.is_local or party.needs_ear or party.hears or party.room or party.presses_keys:
        return True
    # rtpengine 10.5 passes keys on under the number that they came with.
    types = {party.event_type, party.partner.event_type if party.partner else None} - {None}
    return len(types) > 1


def _require_open(leg: Party) -> None:
    if leg.is_closed:
        raise LegClosed(f"leg of call {leg.call_id} is closed")
