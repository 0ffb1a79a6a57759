"""Ten people and one matter: each is told once a round what is true, by the own way, and no other.

The whole house but the network: pages of citizens, seats and gateway, the jobs as workers run
them, calls as a voice process takes them from its orders.
"""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import select

from case_bridge.merging.model import CaseMergeRow
from case_bridge.merging.service import merge_cases, unmerge_case
from config.jobs import run_outbox_row
from config.roles.web import application
from config.runtime import Runtime
from hotline.callbacks.by_hand import take_answer
from hotline.callbacks.model import CallbackRow
from hotline.callbacks.policy import CallbackPolicy
from hotline.callbacks.states import CallbackState
from hotline.callbacks.untold import untold
from hotline.contacts.calls import orders
from hotline.contacts.calls import service as calls
from hotline.contacts.calls.states import CallResult
from hotline.contacts.contact import Channel, OutboundMessage, ReturnedLetter, trace_of
from hotline.contacts.messages import record_return
from hotline.kernel import outbox
from hotline.kernel.ids import CallbackId, CallId, CaseId, TicketId, new_id
from hotline.people.service import identify
from hotline.tickets import reading
from hotline.tickets import service as tickets
from hotline.tickets.states import TicketState
from hotline.tickets.ticket import TicketAmendment
from hotline.tickets.views import TicketView
from tests.conftest import FakeClock
from tests.fakes.web_house import form_token
from tests.integration.case_bridge.city import City, build_city

ALL = frozenset({Channel.VOICE, Channel.SMS, Channel.MAIL})
HOUSEHOLD = "13800000006"
WAYS: dict[str, tuple[Channel, str | None]] = {
    "phone": (Channel.VOICE, "13800000001"),
    "confidential": (Channel.VOICE, "13800000002"),
    "anonymous": (Channel.WEB, None),
    "hidden": (Channel.WEB, None),
    "changes": (Channel.MAIL, "changes@example.org"),
    "mother": (Channel.VOICE, HOUSEHOLD),
    "father": (Channel.VOICE, HOUSEHOLD),
    "bounces": (Channel.MAIL, "bounces@example.org"),
    "calls": (Channel.VOICE, "13800000009"),
    "says no": (Channel.SMS, "13800000010"),
    "withdraws": (Channel.VOICE, "13800000011"),
}


@dataclass
class Post:
    """Takes every letter and text message, and keeps it."""

    channels: frozenset[Channel] = ALL - {Channel.VOICE}
    sent: list[OutboundMessage] = field(default_factory=list)

    async def send(self, message: OutboundMessage, *, now: datetime) -> None:
        """Accept it."""
        self.sent.append(message)

    def outcomes(self) -> list[tuple[str, str]]:
        """Whom it told an outcome, in words that hold which link."""
        return [(each.to, each.body) for each in self.sent if each.key.startswith("callback:")]


@dataclass
class Story:
    """The house, and what the people of the story do."""

    runtime: Runtime
    city: City
    clock: FakeClock
    post: Post
    process_id: UUID
    tickets: dict[str, TicketId] = field(default_factory=dict)
    rung: list[tuple[str, str]] = field(default_factory=list)
    """Number and ticket of every call."""

    async def work(self) -> None:
        """Carry out everything that is owed, as the workers do."""
        while True:
            async with self.runtime.database.read() as session:
                due = await outbox.due(session, now=self.clock(), limit=1)
            if not due:
                return
            await run_outbox_row(self.runtime, due[0])

    async def view(self, who: str) -> TicketView:
        async with self.runtime.database.read() as session:
            return await reading.ticket_view(session, self.tickets[who])

    async def callbacks(self, who: str) -> list[CallbackRow]:
        async with self.runtime.database.read() as session:
            found = await session.scalars(
                select(CallbackRow)
                .where(CallbackRow.ticket_id == self.tickets[who])
                .order_by(CallbackRow.round)
            )
            return list(found)

    async def ring_all(self, answers: dict[str, dict[str, str]]) -> None:
        """Make every ordered call; who is not among `answers` by ticket does not take it."""
        while True:
            async with self.runtime.database.begin() as uow:
                order = await orders.claim_order(uow, process_id=self.process_id, now=self.clock())
            if order is None:
                return
            number = order.variables["ticket_number"]
            self.rung.append((order.to_number, number))
            named = {"process_id": self.process_id}
            async with self.runtime.database.begin() as uow:
                await orders.mark_dialling(
                    uow, order.order_id, call_id=CallId(new_id()), now=self.clock(), **named
                )
            async with self.runtime.database.begin() as uow:
                for question, keys in answers.get(number, {}).items():
                    await orders.keep_answer(
                        uow, order.order_id, question=question, keys=keys, **named
                    )
                result = CallResult.ANSWERED if number in answers else CallResult.NO_ANSWER
                await orders.finish_order(
                    uow, order.order_id, result=result, now=self.clock(), **named
                )
            await self.work()

    async def states(self) -> dict[str, tuple[TicketState, int]]:
        found = {who: await self.view(who) for who in self.tickets}
        return {who: (view.state, view.round) for who, view in found.items()}

    async def case_of(self, who: str) -> CaseId:
        return await self.city.case_of(self.tickets[who])


@pytest.fixture
async def story(runtime: Runtime, clock: FakeClock) -> Story:
    post = Post()
    options = replace(runtime.callbacks, policy=CallbackPolicy.for_demo(), channels=ALL)
    receipts = replace(runtime.receipts, channels=post.channels)
    runtime = replace(runtime, outbound=post, callbacks=options, receipts=receipts)
    city = await build_city(runtime.database, clock)
    async with runtime.database.begin() as uow:
        process_id = await calls.start_process(uow, "voice", now=clock())
    return Story(runtime, city, clock, post, process_id)


@asynccontextmanager
async def citizens(story: Story) -> AsyncIterator[TestClient[Any, Any]]:
    async with TestClient(TestServer(application(story.runtime))) as client:
        yield client


async def report(story: Story) -> None:
    """Ten tell of one cover, and one who soon wants to hear no more of it."""
    async with story.runtime.database.begin() as uow:
        household = await identify(
            uow,
            options=story.runtime.people,
            phone=HOUSEHOLD,
            mail="mother@example.org",
            now=story.clock(),
        )
    for who, (channel, address) in WAYS.items():
        story.tickets[who] = await story.city.transferred_ticket(
            channel=channel,
            body=f"人民路12号井盖不见了，{who}",
            reply_channel=channel,
            reply_to=address,
            anonymous=who == "anonymous",
            confidential=who == "confidential",
            citizen_id=household if address == HOUSEHOLD else None,
        )
    changes = {
        "changes": TicketAmendment(reply_channel=Channel.SMS, reply_to="13800000005"),
        "withdraws": TicketAmendment(reply_channel=Channel.WEB),
    }
    for who, change in changes.items():
        async with story.runtime.database.begin() as uow:
            await tickets.amend_ticket(
                uow, story.tickets[who], change, actor="user:x", now=story.clock()
            )
    await story.work()
    kept = await story.case_of("phone")
    for who in list(WAYS)[1:]:
        merged = await story.case_of(who)
        async with story.runtime.database.begin() as uow:
            await merge_cases(uow, merged, kept, actor=story.city.desk, now=story.clock())
    await story.work()


async def bounce(story: Story) -> None:
    """The newest letter to the mailbox that is none comes back."""
    letter = [each for each in story.post.sent if each.to == "bounces@example.org"][-1]
    returned = ReturnedLetter(trace_of(letter.key), frozenset({letter.to}), "5.1.1")
    async with story.runtime.database.begin() as uow:
        assert await record_return(uow, returned, now=story.clock())
    await story.work()


async def answer_link(client: TestClient[Any, Any], body: str, **answers: str) -> str:
    """Open the link of a message and answer; return the page."""
    found = re.search(r"(/callback/\S+)", body)
    assert found
    token = await form_token(client, found[1])
    answer = await client.post(found[1], data={"form_token": token, **answers})
    return await answer.text()


async def answer_status(story: Story, client: TestClient[Any, Any], who: str) -> str:
    """Look the ticket up by number and code, and answer "solved"."""
    async with story.runtime.database.read() as session:
        code = await reading.query_code_of(session, story.tickets[who], story.runtime.query_codes)
    data = {"number": (await story.view(who)).number, "code": code}
    token = await form_token(client, "/status")
    page = await (await client.post("/status", data={"form_token": token, **data})).text()
    return await answer_link(client, page.replace('"', " "), solved="1", satisfaction="2")


async def first_round(story: Story) -> None:
    """Everybody is told; half of them say yes in their own ways, one says no."""
    async with story.runtime.database.begin() as uow:
        (row,) = await story.callbacks("calls")
        await take_answer(
            uow, CallbackId(row.id), solved=1, satisfaction=1, login="wang", now=story.clock()
        )
    numbers = {who: (await story.view(who)).number for who in story.tickets}
    yes = {"solved": "1", "satisfaction": "3"}
    await story.ring_all({numbers[who]: yes for who in ("phone", "confidential", "mother")})
    await bounce(story)
    async with citizens(story) as client:
        assert "已确认问题解决" in await answer_status(story, client, "hidden")
        (text,) = [body for to, body in story.post.outcomes() if to == "13800000010"]
        page = await answer_link(client, text, solved="2", satisfaction="5", words="盖子又没了")
        assert "已退回重新办理" in page
    await story.work()


async def test_ten_complainants_each_hear_what_is_true_by_their_own_way(story: Story) -> None:
    """R69, R88: one own answer for each outcome; a "no" goes for all who were not content
    yet, and takes nothing back from those who were; nobody hears of anybody else."""
    await report(story)
    kept, apart = await story.case_of("phone"), await story.case_of("changes")
    await story.city.finish(kept)
    await story.work()
    await first_round(story)

    # Who said yes is done with; all others, whoever told them what, are at work again.
    content = {"phone", "confidential", "hidden", "mother", "calls"}
    closed, again = (TicketState.CLOSED, 1), (TicketState.TRANSFERRED, 2)
    assert await story.states() == {
        who: closed if who in content else again for who in story.tickets
    }
    async with story.runtime.database.read() as session:
        assert await untold(session) == [], "what could not be told is not true any more"

    # One of them turns out to have meant another cover, although it was told once.
    assert apart == kept
    merged = await merged_of(story, "changes")
    async with story.runtime.database.begin() as uow:
        await unmerge_case(
            uow, merged, reason="是另一个井盖", actor=story.city.desk, now=story.clock()
        )
    await story.work()
    await story.city.work_off(kept)
    await story.work()
    assert await story.states() == {
        who: closed if who in content else again if who == "changes" else (TicketState.RESOLVED, 2)
        for who in story.tickets
    }
    await story.city.finish(merged)
    await story.work()

    number = (await story.view("father")).number
    await story.ring_all({number: {"solved": "1"}})
    await bounce(story)
    async with citizens(story) as client:
        for address in ("13800000005", "13800000010"):
            texts = [body for to, body in story.post.outcomes() if to == address]
            # Whichever of the two messages they open, it asks about what is true now.
            assert "已确认问题解决" in await answer_link(client, texts[0], solved="1")
    await story.work()
    await everybody_heard_the_own_and_once(story)


async def merged_of(story: Story, who: str) -> CaseId:
    """The case that a ticket had before it went into another one."""
    async with story.runtime.database.read() as session:
        rows = await session.scalars(select(CaseMergeRow))
        (found,) = [
            row.merged_id for row in rows if str(story.tickets[who]) in row.moved["tickets"]
        ]
    return CaseId(found)


async def everybody_heard_the_own_and_once(story: Story) -> None:
    numbers = {(await story.view(who)).number: who for who in story.tickets}
    told: dict[str, list[str]] = {who: [] for who in story.tickets}
    for to, body in story.post.outcomes():
        (named,) = [number for number in numbers if number in body]
        told[numbers[named]].append(to)
    for to, number in story.rung:
        told[numbers[number]].append(to)
    for who, (_, address) in WAYS.items():
        wanted = {"changes": "13800000005", "withdraws": None}.get(who, address)
        assert set(told[who]) <= {wanted}, who
    twice = {"changes", "bounces", "says no", "father"}
    once = {"phone", "confidential", "mother"}
    assert {who: len(told[who]) for who in told} == {
        who: 2 if who in twice else 1 if who in once else 0 for who in told
    }
    for who in story.tickets:
        rounds = await story.callbacks(who)
        assert [row.round for row in rounds] == list(range(1, (await story.view(who)).round + 1))
    silent = {"anonymous", "withdraws"}
    ended = {who: (await story.callbacks(who))[-1] for who in story.tickets}
    assert {who for who, row in ended.items() if row.solved != 1} == silent | {"bounces"}
    assert {ended[who].state for who in silent} == {CallbackState.AWAITING}
    async with story.runtime.database.read() as session:
        (task,) = await untold(session)
    assert task.ticket_id == story.tickets["bounces"]
