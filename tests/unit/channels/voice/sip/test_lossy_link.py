"""Two user agents over a link that loses, repeats and reorders."""

from heapq import heappop, heappush
from itertools import count
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.voice.sip.address import Hop, Transport
from channels.voice.sip.errors import CallGone
from channels.voice.sip.events import (
    CallAnswered,
    CallCancelled,
    CallConfirmed,
    CallEnded,
    CallFailed,
    CallKey,
    CallOffered,
    CallProgressed,
    CallReoffered,
    CoreEvent,
    ReofferAnswered,
    ReofferRefused,
)
from tests.unit.channels.voice.sip.wire import ANSWER, OFFER, make_agent

LEFT = Hop(Transport.UDP, "192.0.2.1", 5060)
RIGHT = Hop(Transport.UDP, "192.0.2.2", 5060)

LAST = (CallCancelled, CallFailed, CallEnded)


class Link:
    """Both ends, the messages under way, and two applications that act by chance."""

    def __init__(self, seed: int, loss: float) -> None:
        self.random = Random(seed)
        self.loss = loss
        self.now = 0.0
        self.ends = {LEFT: make_agent(LEFT, "l"), RIGHT: make_agent(RIGHT, "r")}
        self.answered: set[tuple[Hop, CallKey]] = set()
        self.stories: dict[tuple[Hop, CallKey], list[CoreEvent]] = {}
        self._order = count()
        self._under_way: list[tuple[float, int, Hop, Hop, bytes]] = []
        self._acts: list[tuple[float, int, Hop, CallKey, str]] = []

    def plan(self, end: Hop, call: CallKey, act: str, longest: float) -> None:
        at = self.now + self.random.uniform(0, longest)
        heappush(self._acts, (at, next(self._order), end, call, act))

    def call(self, caller: Hop, callee: Hop) -> None:
        key = self.ends[caller].invite(f"sip:1@{callee.host}", OFFER, self.now)
        self.stories[caller, key] = []
        self.plan(caller, key, "hang_up", 60)
        if self.random.random() < 0.5:
            self.plan(caller, key, "reoffer", 20)
        self.settle()

    def run(self, until: float = 2000.0) -> None:
        while self.now < until:
            timers = [(end.next_timer(), hop) for hop, end in self.ends.items()]
            due = [at for at, _ in timers if at is not None]
            due += [queue[0][0] for queue in (self._under_way, self._acts) if queue]
            if not due:
                return
            self.now = max(self.now, min(due))
            self.step()
            self.settle()

    def step(self) -> None:
        for agent in self.ends.values():
            agent.handle_timer(self.now)
        while self._under_way and self._under_way[0][0] <= self.now:
            _, _, source, destination, data = heappop(self._under_way)
            self.ends[destination].receive(data, source, self.now)
        while self._acts and self._acts[0][0] <= self.now:
            _, _, end, call, act = heappop(self._acts)
            self.act(end, call, act)

    def settle(self) -> None:
        for hop, end in self.ends.items():
            for message in end.messages_to_send():
                self.transmit(hop, message.hop, message.data)
            for event in end.events():
                self.take(hop, event)

    def transmit(self, source: Hop, destination: Hop, data: bytes) -> None:
        copies = 0 if self.random.random() < self.loss else 1
        copies += self.random.random() < self.loss / 2
        for _ in range(copies):
            at = self.now + self.random.choice((0.01, 0.05, 0.2, 0.9))
            heappush(self._under_way, (at, next(self._order), source, destination, data))

    def take(self, hop: Hop, event: CoreEvent) -> None:
        call = getattr(event, "call")  # noqa: B009 - every event of this link is of a call
        self.stories.setdefault((hop, call), []).append(event)
        match event:
            case CallOffered():
                self.plan(hop, call, "ring", 1)
                self.plan(hop, call, self.random.choice(("answer", "answer", "reject")), 10)
                self.plan(hop, call, "hang_up", 90)
                if self.random.random() < 0.5:
                    self.plan(hop, call, "reoffer", 40)
            case CallReoffered():
                self.plan(hop, call, self.random.choice(("accept", "refuse")), 2)

    def act(self, hop: Hop, call: CallKey, act: str) -> None:
        end, story = self.ends[hop], self.stories[hop, call]
        is_up = any(isinstance(e, CallAnswered | CallConfirmed) for e in story)
        try:
            if act == "ring" and (hop, call) not in self.answered:
                end.ring(call, self.now)
            elif act == "answer":
                self.answered.add((hop, call))
                end.answer(call, ANSWER, self.now)
            elif act == "reject":
                end.reject(call, 486, self.now)
            elif act == "hang_up":
                end.hang_up(call, self.now)
            elif act == "reoffer" and is_up:
                end.reoffer(call, OFFER, self.now)
            elif act == "accept":
                end.answer_reoffer(call, ANSWER, self.now)
            elif act == "refuse":
                end.reject_reoffer(call, self.now)
        except CallGone:
            pass


def is_a_whole_story(events: list[CoreEvent]) -> bool:
    """A call has one end at most, and nothing after it."""
    ends = [index for index, event in enumerate(events) if isinstance(event, LAST)]
    return len(ends) <= 1 and (not ends or ends[0] == len(events) - 1)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from((0.0, 0.1, 0.3, 0.5)))
def test_every_call_comes_to_one_end_whatever_the_link_does(seed: int, loss: float) -> None:
    link = Link(seed, loss)
    for _ in range(3):
        link.call(LEFT, RIGHT)
        link.call(RIGHT, LEFT)

    link.run()

    assert all(is_a_whole_story(story) for story in link.stories.values())
    assert [end.load.calls for end in link.ends.values()] == [0, 0]
    assert [end.load.transactions for end in link.ends.values()] == [0, 0]
    assert [end.next_timer() for end in link.ends.values()] == [None, None]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from((0.0, 0.2, 0.4)))
def test_no_call_is_offered_twice(seed: int, loss: float) -> None:
    link = Link(seed, loss)
    for _ in range(4):
        link.call(LEFT, RIGHT)

    link.run()

    offers = [e for story in link.stories.values() for e in story if isinstance(e, CallOffered)]
    assert len({offer.sip_call_id for offer in offers}) == len(offers) <= 4


@pytest.mark.parametrize("seed", range(20))
def test_an_answered_call_is_answered_on_both_sides_over_a_good_link(seed: int) -> None:
    link = Link(seed, loss=0.0)
    link.call(LEFT, RIGHT)

    link.run()

    sides = {hop: [type(e) for e in story] for (hop, _), story in link.stories.items()}
    assert (CallAnswered in sides[LEFT]) == (CallConfirmed in sides[RIGHT])
    assert not {CallProgressed, ReofferAnswered, ReofferRefused}.isdisjoint(sides[LEFT]) or (
        CallFailed in sides[LEFT]
    )
