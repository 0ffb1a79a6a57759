"""Who acts in a schedule: citizens, doors, workers, the sweeper, the telephone side, the city."""

import hashlib
from dataclasses import dataclass, field
from email.message import EmailMessage
from uuid import UUID

from sqlalchemy import select

from benchmarks.faults.house import House
from benchmarks.faults.outside import ACT, Mood
from case_bridge.bridge.repository import Links
from case_bridge.cases.states import CaseState
from config.jobs import JOBS, run_outbox_row
from config.schedule import SCHEDULE
from config.sweeper import sweep_outbox
from hotline.accounts import audit
from hotline.callbacks import service as callbacks
from hotline.callbacks.links import read_link_token
from hotline.callbacks.states import Question
from hotline.callbacks.steps import read_reference
from hotline.contacts.calls import orders
from hotline.contacts.calls import service as calls
from hotline.contacts.calls.states import CallDirection, CallEnd, CallResult
from hotline.contacts.calls.values import CallDraft, Order
from hotline.contacts.contact import Channel, InboundContact
from hotline.intake import service as intake
from hotline.intake.form import WebForm
from hotline.kernel import outbox
from hotline.kernel.errors import Conflict, Unavailable
from hotline.kernel.ids import CaseId, TicketId
from hotline.tickets import service as tickets
from hotline.tickets.model import TicketRow
from hotline.tickets.states import TicketState
from hotline.tickets.ticket import TicketAmendment
from tests.fakes.crashing import Crash
from tests.integration.case_bridge.city import COVER

ROUNDS = tuple(each for each in SCHEDULE if each.name not in {"recordings", "exports"})
"""Nothing is recorded or taken away here; all other rounds are the sweeper's own."""

ROUND_WEIGHTS = tuple(1.0 if each.name == "cases" else 2.0 for each in ROUNDS)

UNSAFE = ("ack-first", "no-outbox", "dial-first")
"""Ways of working that lose contacts or ring twice: the invariants must notice each."""


@dataclass
class Ledger:
    """What citizens know: sent, and acknowledged."""

    sent: list[InboundContact] = field(default_factory=list)
    acknowledged: set[str] = field(default_factory=set)
    """Provider ids."""


class People:
    """Everybody's acts over one house; `unsafe` is one of UNSAFE, or empty."""

    def __init__(self, house: House, ledger: Ledger, *, unsafe: str) -> None:
        self.house = house
        self.ledger = ledger
        self.unsafe = unsafe
        self._process: UUID | None = None
        self._declines: dict[CaseId, bool] = {}
        if unsafe == "no-outbox":
            house.database.memory = []

    # citizens

    def write(self, number: int) -> InboundContact:
        """Return a new contact: a form answered by phone, mail or page, or a mail."""
        chance, now = self.house.fate.chance, self.house.clock()
        identity = hashlib.sha256(chance.randbytes(8)).hexdigest()[:20]
        kind = chance.choice(("phone", "phone", "mail", "form-mail", "page"))
        address = f"citizen-{identity}@example.org"
        if kind == "mail":
            mail = _mail(address, identity)
            contact = InboundContact(Channel.MAIL, f"<{identity}@example.org>", now, mail)
        else:
            reply = {"phone": Channel.VOICE, "form-mail": Channel.MAIL, "page": Channel.WEB}[kind]
            contact = WebForm(
                nonce=identity,
                body=f"人民路{number}号门前的污水井盖不见了。",
                reply_channel=reply,
                phone=f"138{chance.randrange(10**8):08d}" if reply is Channel.VOICE else "",
                mail=address if reply is Channel.MAIL else "",
                category_code=COVER.key,
                condition="HAZARD",
                address=f"城东街道人民路{number}号",
            ).to_contact(now=now)
        self.ledger.sent.append(contact)
        return contact

    async def knock(self, contact: InboundContact) -> bool:
        """Hand a contact in; True once the citizen has been told that it is received."""
        house = self.house
        if self.unsafe == "ack-first":
            self.ledger.acknowledged.add(contact.provider_id)
        try:
            house.fate.may_strike("before the contact is stored", weight=ACT)
            if contact.channel is Channel.MAIL:
                await intake.store(house.database, contact)
            else:
                await intake.receive(
                    house.database, contact, options=house.runtime.intake, now=house.clock()
                )
            house.fate.may_strike("before the receipt", weight=ACT)
        except (Crash, Unavailable):
            self.forget()
            return contact.provider_id in self.ledger.acknowledged
        self.ledger.acknowledged.add(contact.provider_id)
        return True

    async def citizen(self, contact: InboundContact) -> None:
        """Knock until the receipt is there, and at times once more."""
        fate = self.house.fate
        while True:
            await self.house.turns.pause(midway=False)
            if await self.knock(contact) and fate.chance.random() > 0.15:
                return

    def forget(self) -> None:
        """Lose what only a dead process knew."""
        if self.house.database.memory is not None:
            self.house.database.memory.clear()

    async def answer_letters(self) -> bool:
        """Open one link that came by mail, and answer; some never do."""
        house = self.house
        if not house.relay.links:
            return False
        chance = house.fate.chance
        _, token = house.relay.links.popitem()
        if chance.random() < 0.3:
            return True
        callback_id = read_link_token(house.runtime.callbacks.links, token, now=house.clock())
        answer = int(house.telephones.verdict())
        async with house.database.begin() as uow:
            await callbacks.record_answer(
                uow,
                callback_id,
                question=Question.SOLVED,
                answer=answer,
                now=house.clock(),
                via="link",
            )
        return True

    # workers and the sweeper

    async def work(self) -> bool:
        """Carry out one row that was rung for; False if there is none."""
        house = self.house
        if house.database.memory is not None:
            return await self._work_from_memory()
        if not house.doorbell.rung:
            return False
        outbox_id = house.fate.chance.choice(sorted(house.doorbell.rung))
        house.doorbell.rung.discard(outbox_id)
        await run_outbox_row(house.runtime, outbox_id)
        return True

    async def _work_from_memory(self) -> bool:
        house = self.house
        assert house.database.memory is not None
        due = [each for each in house.database.memory if each[2] <= house.clock()]
        if not due:
            return False
        house.database.memory.remove(due[0])
        job, payload, _ = due[0]
        try:
            await JOBS[job](house.runtime, payload)
        except Unavailable:
            house.database.memory.append((job, payload, house.clock() + outbox.FIRST_GAP))
        return True

    async def sweep(self) -> bool:
        """Offer what is due, and at times make one of the rounds."""
        house = self.house
        found = await sweep_outbox(house.runtime, house.clock())
        if house.fate.chance.random() < 0.6:
            return bool(found)
        each = house.fate.chance.choices(ROUNDS, ROUND_WEIGHTS)[0]
        return bool(await each.make(house.runtime, house.clock()) or found)

    async def make_rounds(self) -> bool:
        """Make every round once."""
        house = self.house
        found = [await each.make(house.runtime, house.clock()) for each in ROUNDS]
        return any(found)

    # the telephone side

    def lose_telephone_side(self) -> None:
        """The voice process is dead; the next one knows nothing of it."""
        self._process = None

    async def telephone(self) -> bool:
        """Beat, claim one order and carry it out, in the order of channels.voice.outbound."""
        house = self.house
        now = house.clock()
        async with house.database.begin() as uow:
            if self._process is None or not await calls.beat(uow, self._process, now=now):
                self._process = await calls.start_process(uow, "voice", now=now)
            process_id = self._process
            order = await orders.claim_order(uow, process_id=process_id, now=now)
        if order is None:
            house.doorbell.topics.discard("orders")
            return False
        try:
            await self._carry_out(order, process_id)
        except Conflict:
            return True
        return True

    async def _carry_out(self, order: Order, process_id: UUID) -> None:
        house = self.house
        mood: Mood | None = None
        if self.unsafe == "dial-first":
            mood = await self._ring(order)
        async with house.database.begin() as uow:
            call_id = await calls.open_call(uow, _draft(order, process_id), now=house.clock())
            await orders.mark_dialling(
                uow, order.order_id, process_id=process_id, call_id=call_id, now=house.clock()
            )
        mood = mood or await self._ring(order)
        if mood.result == "answered":
            async with house.database.begin() as uow:
                await calls.answer_call(uow, call_id, now=house.clock())
            await self._ask(order, process_id, mood)
        async with house.database.begin() as uow:
            await calls.end_call(uow, call_id, end=CallEnd.FLOW_ENDED, now=house.clock())
        async with house.database.begin() as uow:
            await orders.finish_order(
                uow,
                order.order_id,
                process_id=process_id,
                result=CallResult(mood.result),
                now=house.clock(),
            )

    async def _ring(self, order: Order) -> Mood:
        house = self.house
        house.fate.may_strike("before the dial", weight=ACT)
        await house.turns.pause()
        mood = house.telephones.ring(order.reference, house.clock())
        house.fate.may_strike("after the dial", weight=ACT)
        return mood

    async def _ask(self, order: Order, process_id: UUID, mood: Mood) -> None:
        house = self.house
        named = read_reference(order.reference)
        assert named is not None
        answers = {Question.SOLVED: mood.solved, Question.SATISFACTION: mood.satisfaction}
        for question, key in answers.items():
            if key is None:
                return
            async with house.database.begin() as uow:
                await orders.keep_answer(
                    uow, order.order_id, process_id=process_id, question=question.value, keys=key
                )
            async with house.database.begin() as uow:
                await callbacks.record_answer(
                    uow, named[0], question=question, answer=int(key), now=house.clock()
                )
            if question is Question.SOLVED:
                house.telephones.heard_out.append(house.telephones.rings[-1])

    # the city

    async def work_on_cases(self) -> bool:
        """Do the next step of one ticket; False if there is nothing to do."""
        house = self.house
        async with house.database.read() as session:
            rows = await session.scalars(
                select(TicketRow)
                .where(TicketRow.state.in_((TicketState.OPEN, TicketState.TRANSFERRED)))
                .order_by(TicketRow.serial)
            )
            waiting = list(rows)
        house.fate.chance.shuffle(waiting)
        for ticket in waiting:
            if ticket.state is TicketState.OPEN:
                await self._transfer(TicketId(ticket.id))
                return True
            if await self._step(TicketId(ticket.id), ticket.round):
                return True
        house.doorbell.topics.discard("ticket")
        return False

    async def _transfer(self, ticket_id: TicketId) -> None:
        house, now = self.house, self.house.clock()
        async with house.database.begin() as uow:
            change = TicketAmendment(category_code=COVER.key, condition="HAZARD")
            await tickets.amend_ticket(uow, ticket_id, change, actor="user:seat", now=now)
            await tickets.transfer_ticket(uow, ticket_id, actor="user:seat", now=now)
            await audit.append(
                uow,
                actor="user:seat",
                action="ticket.transfer",
                target=f"ticket:{ticket_id}",
                detail={},
                now=now,
            )

    async def _step(self, ticket_id: TicketId, round_: int) -> bool:
        async with self.house.database.read() as session:
            link = await Links(session).find(ticket_id, round_)
        if link is None or link.case_key is None:
            return False
        case_id = CaseId(UUID(link.case_key))
        city = self.house.city
        case = await city.case(case_id)
        declines = self._declines.setdefault(case_id, self.house.fate.chance.random() < 0.7)
        match case.state:
            case CaseState.REGISTERED if declines:
                await city.decline(case_id)
            case CaseState.REGISTERED:
                await city.file(case_id)
            case CaseState.FILED:
                await city.dispatch(case_id)
            case CaseState.DISPATCHED:
                await city.handle(case_id)
            case CaseState.INSPECTING:
                await city.inspect(case_id, passed=True)
            case CaseState.READY_TO_CLOSE:
                await city.close(case_id)
            case _:
                return False
        return True


def _draft(order: Order, process_id: UUID) -> CallDraft:
    return CallDraft(
        process_id=process_id,
        direction=CallDirection.OUTBOUND,
        line="trunk",
        number=order.to_number,
        number_hash=None,
        to_number=order.to_number,
        sip_call_id="",
        contact_id=None,
    )


def _mail(address: str, identity: str) -> bytes:
    message = EmailMessage()
    message["From"], message["To"] = address, "hotline@city.example"
    message["Subject"], message["Message-ID"] = "井盖缺失", f"<{identity}@example.org>"
    message.set_content("人民路门前的污水井盖不见了，请尽快处理。")
    return message.as_bytes()
