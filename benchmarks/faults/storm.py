"""One schedule: a quiet beginning, a storm of crashes, and calm until nothing is owed."""

import random
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

from sqlalchemy import exists, func, select

from benchmarks.faults.house import Ground, House, build_house
from benchmarks.faults.invariants import find_problems
from benchmarks.faults.people import Ledger, People
from hotline.contacts.calls.model import CallOrderRow
from hotline.contacts.calls.states import OrderState
from hotline.contacts.contact import ContactState, MessageState
from hotline.contacts.model import ContactRow, MessageRow
from hotline.kernel import outbox
from hotline.kernel.errors import HotlineError
from hotline.tickets.model import TicketRow
from hotline.tickets.states import TicketState
from tests.conftest import FakeClock
from tests.fakes.crashing import Fate

FIRST_DAY = datetime(2026, 2, 1, tzinfo=UTC)
STORM_TURNS = (40, 110)
LONGEST_CALM = 1500
"""Steps; a house that is still busy then will never be quiet."""
LONGEST_WAIT = 30
"""Minutes of virtual time for what has no date: an order in somebody's hands, a stuck message."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one schedule showed."""

    seed: int
    problems: Sequence[str]
    crashes: Counter[str] = field(default_factory=Counter)
    contacts: int = 0
    rings: int = 0
    letters: int = 0
    days: float = 0.0
    """Of virtual time."""


class Storm:
    """Plays one seed."""

    def __init__(self, house: House, *, unsafe: str = "") -> None:
        self.house = house
        self.chance = house.fate.chance
        self.ledger = Ledger()
        self.people = People(house, self.ledger, unsafe=unsafe)
        self.faults: list[str] = []
        self._idle: set[str] = set()
        """Who had nothing to do last time, and nothing has happened since."""
        self.is_dialling = False
        """Whether some order waits for the telephone side, although it may not have been told."""
        self.are_cases_open = True

    async def play(self, *, calm: bool = False) -> None:
        """Play the beginning, the storm (unless `calm`), and the end."""
        contacts = [self.people.write(n) for n in range(self.chance.choice((1, 1, 1, 2)))]
        begin: Callable[[], Awaitable[bool]] | None = self.chance.choice(
            (None, self._is_transferred, self._is_resolved, self._is_resolved)
        )
        if begin:
            await self.settle(until=begin)
        if not calm:
            await self._rage([] if begin else contacts)
        await self.settle()

    # the storm

    async def _rage(self, contacts: Sequence[object]) -> None:
        house = self.house
        house.fate.is_on = True
        lives: dict[str, Callable[[], Awaitable[bool]]] = {
            "worker-1": self.people.work,
            "worker-2": self.people.work,
            "sweeper": self.people.sweep,
            "voice": self.people.telephone,
            "city": self.people.work_on_cases,
            "letters": self.people.answer_letters,
        }
        for name, act in lives.items():
            house.turns.start(name, partial(self._live, name, act))
        for number, contact in enumerate(self.ledger.sent if contacts else ()):
            house.turns.start(f"citizen-{number}", partial(self.people.citizen, contact))
        for _ in range(self.chance.randint(*STORM_TURNS)):
            if not await self._let_time_pass():
                break
            name = self._whose_turn()
            crashes = sum(house.fate.crashes.values())
            is_over = await house.turns.give(name)
            if sum(house.fate.crashes.values()) > crashes:
                self._idle.discard(name)
                self.people.forget()
            if is_over and name in lives:
                if name == "voice":
                    self.people.lose_telephone_side()
                house.turns.start(name, partial(self._live, name, lives[name]))
        await house.turns.end()
        self.people.forget()
        self.people.lose_telephone_side()
        house.fate.is_on = False
        house.doorbell.rung.clear()

    async def _live(self, name: str, act: Callable[[], Awaitable[bool]]) -> None:
        """Act at each turn until a crash."""
        while True:
            try:
                if await act():
                    self._idle.clear()
                else:
                    self._idle.add(name)
            except HotlineError as error:
                # The roles log it and go on; it is no reason to stop.
                if name not in {"sweeper", "worker-1", "worker-2"}:
                    self.faults.append(f"{name}: {error}")
            await self.house.turns.pause(midway=False)

    def _whose_turn(self) -> str:
        turns = self.house.turns
        names = sorted(turns.waiting)
        weights = [self._weight(name) for name in names]
        return self.chance.choices(names, weights)[0]

    def _weight(self, name: str) -> float:
        if self.house.turns.is_midway(name):
            return 3.0
        if name in self._idle and not (name.startswith("worker") and self.house.doorbell.rung):
            return 0.02
        return 4.0 if name.startswith("worker") else 1.0

    async def _let_time_pass(self) -> bool:
        """Move the clock; False if all are idle, and nothing is owed at any later time."""
        luck = self.chance.random()
        turns = self.house.turns
        if any(map(turns.is_midway, turns.waiting)):
            # A machine may stand still: its leases run out, and then it goes on.
            seconds = self.chance.uniform(45, 240) if luck < 0.06 else self.chance.uniform(0, 3)
        elif self._idle.issuperset(turns.waiting) and not self.house.doorbell.rung:
            return await self._jump() or await self._wait_for_hands()
        elif luck < 0.80:
            seconds = self.chance.uniform(0, 2)
        elif luck < 0.94:
            seconds = self.chance.uniform(2, 30)
        elif luck < 0.98:
            seconds = self.chance.uniform(30, 200)
        else:
            await self._jump()
            return True
        self.house.clock.advance(timedelta(seconds=seconds))
        return True

    # the calm

    async def settle(self, *, until: Callable[[], Awaitable[bool]] | None = None) -> None:
        """Let everybody work without crashes until nothing is owed, or `until` holds."""
        waits, is_checked = 0, False
        for _ in range(LONGEST_CALM):
            if until and await until():
                return
            if await self._act_once():
                is_checked = False
            elif waits < LONGEST_WAIT and await self._wait_for_hands():
                waits += 1
                await self.people.make_rounds()
            elif await self._jump():
                waits = 0
            elif not is_checked:
                is_checked = True
                await self.people.make_rounds()
            else:
                return
        self.faults.append(f"the house is not quiet after {LONGEST_CALM} steps")

    async def _act_once(self) -> bool:
        people, house = self.people, self.house
        did = False
        for contact in self.ledger.sent:
            if contact.provider_id not in self.ledger.acknowledged:
                did |= await people.knock(contact)
        async with house.database.read() as session:
            house.doorbell.rung.update(await outbox.due(session, now=house.clock()))
        while await people.work():
            did = True
        if "orders" in house.doorbell.topics or self.is_dialling:
            did |= await people.telephone()
        if "ticket" in house.doorbell.topics or self.are_cases_open:
            while await people.work_on_cases():
                did = True
        return did | await people.answer_letters()

    async def _jump(self) -> bool:
        """Go to the next instant at which something is due; False if nothing is owed."""
        rows = await self.house.owed()
        instants = [max(row.due_at, row.lease_until or row.due_at) for row in rows]
        instants += [each[2] for each in self.house.database.memory or ()]
        instants += await self._leases()
        ahead = [at for at in instants if at > self.house.clock()]
        if not ahead:
            return False
        self.house.clock.now = min(ahead)
        self._idle.clear()
        return True

    async def _leases(self) -> Sequence[datetime]:
        """Return when orders that a voice process has claimed, and not dialled, are free again."""
        query = select(CallOrderRow.lease_until).where(CallOrderRow.state == OrderState.CLAIMED)
        async with self.house.database.read() as session:
            return [at for at in await session.scalars(query) if at]

    async def _wait_for_hands(self) -> bool:
        """Wait a minute if somebody holds what no outbox row speaks of; else False."""
        if not await self._is_in_somebodys_hands():
            return False
        self.house.clock.advance(timedelta(minutes=1))
        self._idle.clear()
        return True

    async def _is_in_somebodys_hands(self) -> bool:
        """Say whether something waits that no outbox row speaks of."""
        open_orders = (OrderState.QUEUED, OrderState.CLAIMED, OrderState.DIALLING)
        query = select(
            exists().where(MessageRow.state == MessageState.SENDING),
            exists().where(CallOrderRow.state.in_(open_orders)),
            exists().where(ContactRow.state == ContactState.STORED),
            exists().where(TicketRow.state.in_((TicketState.OPEN, TicketState.TRANSFERRED))),
        )
        async with self.house.database.read() as session:
            found = (await session.execute(query)).one()
        self.is_dialling, self.are_cases_open = found[1], found[3]
        return any(found)

    async def _is_transferred(self) -> bool:
        return await self._has_ticket(TicketState.TRANSFERRED)

    async def _is_resolved(self) -> bool:
        return await self._has_ticket(TicketState.RESOLVED)

    async def _has_ticket(self, state: TicketState) -> bool:
        async with self.house.database.read() as session:
            query = select(func.count()).where(TicketRow.state == state)
            return bool(await session.scalar(query))


async def play(
    ground: Ground, seed: int, *, unsafe: str = "", odds: float | None = None
) -> Verdict:
    """Play one seed on bare ground, and judge what is left; `odds` of a crash at each point."""
    chance = random.Random(seed)
    start = FIRST_DAY + timedelta(minutes=chance.randrange(200 * 24 * 60))
    drawn = chance.choice((0.03, 0.06, 0.12))
    fate = Fate(chance, odds=drawn if odds is None else odds)
    house = build_house(ground.engine, FakeClock(start), fate, ground.city)
    try:
        await ground.clear()
        storm = Storm(house, unsafe=unsafe)
        await storm.play(calm=odds == 0)
        problems = storm.faults + await find_problems(house, storm.ledger)
    finally:
        await house.turns.end()
    return Verdict(
        seed,
        problems,
        Counter(fate.crashes),
        contacts=len(storm.ledger.sent),
        rings=len(house.telephones.rings),
        letters=house.relay.accepted.total(),
        days=(house.clock() - start) / timedelta(days=1),
    )
