import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from pathlib import Path

import pytest

from channels.voice.flow_walk import Announcing, FlowWalk
from channels.voice.leg import Leg
from channels.voice.sip.events import CallKey
from ivr.events import AnnouncementChoice, LeaveReason
from ivr.loader import load_flow
from ivr.session import IvrSession
from ivr.verbs import Enqueue, Transfer, Voicemail
from tests.fakes.telephone import FakeMediaLeg, FakeSip

PROMPTS = frozenset({"notice", "ask", "code", "found", "unknown", "bye", "music"}) | frozenset(
    f"digit_{digit}" for digit in range(10)
) | frozenset(
    {"digit_1_yao", "ten", "hundred", "thousand", "position_next", "position_many",
     "position_before", "position_after", "two", "ten_thousand", "wait_about", "wait_more",
     "minutes"}
)  # fmt: skip

FLOW = """
name: whole
version: "1"
language: zh-CN
start: pick_up
steps:
  pick_up: {answer: yes, next: notice}
  notice: {play: [notice], interruptible: no, next: noted}
  noted: {note: recording_notice, value: "1", next: choose}
  choose:
    menu: [ask]
    report: choice
    keys: {1: person, 2: number}
    timeout: 1
    repeats: 1
    failed: bye
  number:
    collect: [code]
    variable: ticket_number
    max_digits: 6
    finish_on: "#"
    timeout: 1
    repeats: 0
    next: look
    failed: bye
  look: {lookup: ticket, by: ticket_number, found: found, not_found: unknown}
  found: {play: [found], next: bye}
  unknown: {play: [unknown], next: bye}
  person: {enqueue: main, answered: bye, no_seats: bye, overflow: bye}
  bye: {play: [bye], next: done}
  done: {hangup: yes}
"""


class Acts:
    """Remembers what the flow did."""

    def __init__(self, known: Mapping[str, Mapping[str, str]] | None = None) -> None:
        self.done: list[str] = []
        self._known = known or {}

    async def answer(self) -> None:
        self.done.append("answer")

    async def note(self, name: str, value: str) -> None:
        self.done.append(f"note {name}={value}")

    async def report(self, question: str, value: str) -> None:
        self.done.append(f"report {question}={value}")

    async def look_up(self, what: str, keys: Sequence[str]) -> Mapping[str, str] | None:
        self.done.append(f"look up {what} {' '.join(keys)}")
        return self._known.get(keys[0])

    async def announcement(self, prompts: Path) -> Announcing | None:
        return None

    async def announced(self, choice: AnnouncementChoice) -> None:
        self.done.append(f"announced {choice}")

    async def take_message(self, verb: Voicemail) -> Mapping[str, str] | None:
        self.done.append(f"message of {verb.limit.total_seconds():g} s")
        return self._known.get("message")

    async def transfer(self, verb: Transfer) -> bool:
        self.done.append(f"transfer to {verb.to} {verb.key}")
        return "reached" in self._known

    async def wait_in_queue(self, verb: Enqueue) -> LeaveReason:
        self.done.append(f"queue {verb.queue} with {verb.music}")
        return LeaveReason.ANSWERED


@pytest.fixture
async def media() -> FakeMediaLeg:
    return FakeMediaLeg()


@pytest.fixture
async def leg(media: FakeMediaLeg) -> AsyncGenerator[Leg, None]:
    leg = Leg(FakeSip(), CallKey("call-1"), media)
    yield leg
    await leg.close()


def walk(leg: Leg, acts: Acts) -> FlowWalk:
    session = IvrSession(load_flow(FLOW, "test", PROMPTS))
    return FlowWalk(session, leg, Path("prompts"), acts)


async def until(holds: object) -> None:
    async with asyncio.timeout(30):
        while not holds():  # type: ignore[operator]
            await asyncio.sleep(0.005)


async def test_a_key_leads_to_a_person(leg: Leg, media: FakeMediaLeg) -> None:
    acts = Acts()
    walking = asyncio.ensure_future(walk(leg, acts).run())
    await until(lambda: ["ask"] in media.played)
    media.press("1")
    await walking

    assert acts.done == [
        "answer", "note recording_notice=1", "report choice=1", "queue main with music",
    ]  # fmt: skip
    assert media.played == [["notice"], ["ask"], ["bye"]]


async def test_a_key_stops_the_question_and_counts(leg: Leg, media: FakeMediaLeg) -> None:
    acts = Acts()
    walking = asyncio.ensure_future(walk(leg, acts).run())
    await until(lambda: media.played)
    media.is_instant = False
    await until(lambda: ["ask"] in media.played)
    media.press("1")
    await until(lambda: ["bye"] in media.played)
    media.finish()
    await walking

    assert "report choice=1" in acts.done


async def test_keys_pressed_during_the_notice_do_not_count(leg: Leg, media: FakeMediaLeg) -> None:
    acts = Acts()
    media.is_instant = False
    walking = asyncio.ensure_future(walk(leg, acts).run())
    await until(lambda: media.played)
    media.press("1")
    media.is_instant = True
    media.finish()
    await walking

    assert not any(done.startswith("report") for done in acts.done)


async def test_several_keys_are_collected_up_to_the_hash(leg: Leg, media: FakeMediaLeg) -> None:
    acts = Acts({"4711": {}})
    walking = asyncio.ensure_future(walk(leg, acts).run())
    await until(lambda: ["ask"] in media.played)
    media.press("2")
    await until(lambda: ["code"] in media.played)
    media.press("4711#")
    await walking

    assert "look up ticket 4711" in acts.done
    assert ["found"] in media.played


async def test_an_unknown_number_is_said_to_be_unknown(leg: Leg, media: FakeMediaLeg) -> None:
    acts = Acts()
    walking = asyncio.ensure_future(walk(leg, acts).run())
    await until(lambda: ["ask"] in media.played)
    media.press("2")
    await until(lambda: ["code"] in media.played)
    media.press("471234")
    await walking

    assert "look up ticket 471234" in acts.done
    assert ["unknown"] in media.played


async def test_silence_is_asked_again_and_then_given_up(leg: Leg, media: FakeMediaLeg) -> None:
    acts = Acts()

    await walk(leg, acts).run()

    assert media.played == [["notice"], ["ask"], ["ask"], ["bye"]]


async def test_a_hash_alone_is_silence(leg: Leg, media: FakeMediaLeg) -> None:
    acts = Acts()
    walking = asyncio.ensure_future(walk(leg, acts).run())
    await until(lambda: ["ask"] in media.played)
    media.press("2")
    await until(lambda: ["code"] in media.played)
    media.press("#")
    await walking

    assert not any(done.startswith("look up") for done in acts.done)


async def test_a_prompt_that_cannot_be_played_costs_its_words_and_not_the_call() -> None:
    media = FakeMediaLeg(unusable=frozenset({"notice"}))
    leg = Leg(FakeSip(), CallKey("call-1"), media)
    acts = Acts()

    await walk(leg, acts).run()
    await leg.close()

    assert media.played == [["ask"], ["ask"], ["bye"]]
    assert acts.done[0] == "answer"
