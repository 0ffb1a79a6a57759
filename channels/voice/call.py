"""One inbound call, from the INVITE to the last row about it."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

import structlog

from channels.voice.announcing import find_announcement, keep_choice
from channels.voice.attendance import Attendance
from channels.voice.endpoint import Endpoint
from channels.voice.exchange import Exchange
from channels.voice.flow_asks import connect_with, look_up, note_fact
from channels.voice.flow_walk import Announcing, FlowWalk
from channels.voice.leg import Leg
from channels.voice.life import ENDS, end_in_sql, say_goodbye, watch
from channels.voice.lines import Line
from channels.voice.media.engine import PortsExhausted
from channels.voice.options import NO_HOLIDAY
from channels.voice.seat_ring import Caller
from channels.voice.sip.errors import CallGone
from channels.voice.sip.events import CallOffered
from channels.voice.sip.identity import without_identity, without_keys
from channels.voice.sip.sdp import SdpError
from channels.voice.sip.uri import host_port
from channels.voice.voicemail import MessageTaking
from channels.voice.waiters import first_of, stop_tasks
from hotline.contacts import service as contacts
from hotline.contacts.calls import service as calls
from hotline.contacts.calls.states import CallDirection, CallEnd
from hotline.contacts.calls.values import CallDraft
from hotline.contacts.contact import Channel, InboundContact
from hotline.kernel.db import UnitOfWork
from hotline.kernel.errors import HotlineError
from hotline.kernel.ids import CallId
from hotline.kernel.privacy import blind_index
from hotline.kernel.tasks import spawn
from hotline.people.number import parse_number
from ivr.events import AnnouncementChoice, LeaveReason
from ivr.session import IvrSession
from ivr.verbs import Enqueue, Transfer, Voicemail

log = structlog.get_logger()

WRITE_SECONDS = 5.0
"""A caller who cannot be written down within this is refused: the network tries elsewhere."""

PARTING = frozenset({CallEnd.SHUTDOWN, CallEnd.FAILED, CallEnd.TIMED_OUT})
"""Ends that are our doing: whoever is still there hears a goodbye."""


class InboundCall:
    """A citizen who rings one of our lines; also what the line's flow does (`FlowActs`)."""

    def __init__(
        self, exchange: Exchange, line: Line, offered: CallOffered, leg: Leg, number: str | None
    ) -> None:
        self._exchange = exchange
        self._line = line
        self._offered = offered
        self._leg = leg
        self._number = number
        self._number_hash = number_hash(exchange, number)
        self._flow = line.flow(exchange.options.flows, exchange.clock())
        self._prompts = line.prompts(exchange.options.prompts)
        self._sdp = b""
        self._call_id: CallId | None = None
        self._walk: FlowWalk | None = None
        self._has_notice = False
        self._seat_hung_up = False
        self._talks = 0
        self._message: MessageTaking | None = None
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Say goodbye and end."""
        self._stopping.set()

    async def run(self) -> None:
        """Carry the call to its end; whatever happens, its rows say how it ended."""
        end = CallEnd.FAILED
        try:
            if await self._admit():
                end = await self._live()
        except HotlineError as error:
            log.warning("call_failed", call=str(self._call_id), reason=type(error).__name__)
        finally:
            await self._clean_up(end)

    async def _clean_up(self, end: CallEnd) -> None:
        if end in PARTING:
            await say_goodbye(self._exchange, self._leg, self._flow.language)
        await self._exchange.switchboard.drop(self._leg)
        if self._message is not None:
            await self._message.finish()
        if self._call_id is not None:
            await end_in_sql(self._exchange, self._call_id, end)
            log.info("call_ended", call=str(self._call_id), end=end.value)

    @property
    def _id(self) -> CallId:
        assert self._call_id is not None, "admitted calls have a row"
        return self._call_id

    # admission

    async def _admit(self) -> bool:
        """Open media, write down contact and call, and let it ring; or refuse it."""
        name = str(self._offered.call)
        media = self._exchange.media
        try:
            srtp = self._exchange.lines.srtp_of(self._offered)
            if self._offered.sdp:
                leg, self._sdp = await media.answer(name, self._offered.sdp, srtp=srtp)
            else:
                leg, self._sdp = await media.offer(name, srtp=srtp)
            self._leg.attach(leg)
            async with asyncio.timeout(WRITE_SECONDS):
                await self._write_down()
            self._exchange.switchboard.endpoint.ring(self._leg.key)
        except SdpError as error:
            refuse_sdp(self._exchange.switchboard.endpoint, self._leg, error)
        except CallGone:
            log.info("caller_gone_before_it_rang")
        except (HotlineError, TimeoutError) as error:
            reason = "ports" if isinstance(error, PortsExhausted) else type(error).__name__
            log.warning("call_refused", reason=reason)
            self._refuse(503)
        else:
            return True
        return False

    def _refuse(self, status: int) -> None:
        retry_after = self._exchange.options.limits.retry_after
        refuse(self._exchange.switchboard.endpoint, self._leg, status, retry_after)

    async def _write_down(self) -> None:
        now = self._exchange.clock()
        contact = InboundContact(
            channel=Channel.VOICE,
            provider_id=f"{self._offered.sip_call_id};{self._offered.call}",
            received_at=now,
            raw=_raw(self._offered),
            sender=self._number,
        )
        async with self._exchange.database.begin() as uow:
            contact_id, _ = await contacts.store_contact(uow, contact)
            draft = CallDraft(
                process_id=self._exchange.process_id,
                direction=CallDirection.INBOUND,
                line=self._line.options.number,
                number=self._number,
                number_hash=self._number_hash,
                to_number=self._line.options.number,
                sip_call_id=self._offered.sip_call_id,
                contact_id=contact_id,
                flow=self._flow.name,
                flow_digest=self._flow.digest,
            )
            call_id = await calls.open_call(uow, draft, now=now)
        self._call_id = call_id
        self._exchange.alive.add(call_id)
        log.info("call_rings", call=str(call_id), line=self._line.options.number)

    # life

    async def _live(self) -> CallEnd:
        """Walk the flow until it ends, the caller goes, the line dies, or we stop."""
        walking = spawn(self._follow_flow(), f"flow {self._call_id}")
        dead = spawn(watch(self._exchange, self._leg), f"watch {self._call_id}")
        try:
            await first_of(walking, self._leg.over, dead, self._stopping)
            if self._leg.is_over:
                return ENDS[self._leg.over.result()]
            if self._stopping.is_set():
                return CallEnd.SHUTDOWN
            if dead.done():
                died: CallEnd = dead.result()
                return died
            walking.result()
            return CallEnd.SEAT_HUNG_UP if self._seat_hung_up else CallEnd.FLOW_ENDED
        finally:
            await stop_tasks(walking, dead)

    async def _follow_flow(self) -> None:
        session = IvrSession(self._flow, self._variables())
        self._walk = FlowWalk(session, self._leg, self._prompts, self)
        await self._walk.run()

    def _variables(self) -> dict[str, str]:
        """Return what the flow asks of the moment: `night`, `holiday`, what kind of `day`."""
        now = self._exchange.clock()
        calendar = self._exchange.options.calendar
        variables: dict[str, str] = {}
        if "night" in self._flow.variables:
            variables["night"] = "1" if self._line.is_night(now) else "0"
        if "holiday" in self._flow.variables:
            holiday = self._line.holiday(now, calendar)
            variables["holiday"] = NO_HOLIDAY if holiday is None else holiday.value
        if "day" in self._flow.variables and calendar is not None:
            day = calendar.day(calendar.local(now).date(), allow_provisional=True)
            variables["day"] = day.kind.value
        return variables

    async def answer(self) -> None:
        """Take the call (a flow's `answer`); only a peer that has acknowledged hears anything."""
        try:
            self._exchange.switchboard.endpoint.answer(self._leg.key, self._sdp)
        except CallGone:
            log.info("caller_gone_before_the_answer", call=str(self._call_id))
        # The endpoint ends a call without ACK after 64*T1 (RFC 3261 13.3.1.4).
        await first_of(self._leg.answered, self._leg.over)
        now = self._exchange.clock()
        await self._exchange.ledger.write(
            self._id, "answered", lambda uow: calls.answer_call(uow, self._id, now=now)
        )

    async def note(self, name: str, value: str) -> None:
        """Keep a fact about the call; the recording notice allows recording from now on."""
        self._has_notice |= await note_fact(self._exchange, self._id, name, value)

    async def report(self, question: str, value: str) -> None:
        """Keep the answer to a question of the flow."""
        now = self._exchange.clock()

        async def write(uow: UnitOfWork) -> None:
            await calls.note_event(uow, self._id, "answer", now=now, question=question, value=value)

        await self._exchange.ledger.write(self._id, "answer", write)

    async def look_up(self, what: str, keys: Sequence[str]) -> Mapping[str, str] | None:
        """Ask the house what a caller may know, such as the status of a ticket."""
        return await look_up(self._exchange, self._id, what, keys)

    async def announcement(self, prompts: Path) -> Announcing | None:
        """Return what a shift leader has switched on for the line."""
        return await find_announcement(self._exchange, self._id, self._line.options.number, prompts)

    async def announced(self, choice: AnnouncementChoice) -> None:
        """Keep what the caller chose behind the announcement."""
        await keep_choice(self._exchange, self._id, choice)

    async def take_message(self, verb: Voicemail) -> Mapping[str, str] | None:
        """Record a message, and open its ticket."""
        self._talks += 1
        self._message = MessageTaking(self._exchange, self._id, self._leg, verb, part=self._talks)
        return await self._message.told()

    async def wait_in_queue(self, verb: Enqueue) -> LeaveReason:
        """Wait for a seat, and talk with it until it hangs up."""
        attendance = self._attendance()
        reason = await attendance.run(verb, self._line.queue(verb.queue))
        self._talks = attendance.talks
        self._seat_hung_up = reason is LeaveReason.ANSWERED
        return reason

    async def transfer(self, verb: Transfer) -> bool:
        """Connect the caller with whom the flow names, until they hang up."""
        attendance = self._attendance()
        self._seat_hung_up = await connect_with(attendance, verb, self._line.queue)
        self._talks = attendance.talks
        return self._seat_hung_up

    def _attendance(self) -> Attendance:
        assert self._walk is not None
        return Attendance(
            exchange=self._exchange,
            walk=self._walk,
            call_id=self._id,
            leg=self._leg,
            caller=Caller(self._line.options.number, self._number),
            number_hash=self._number_hash,
            has_notice=self._has_notice,
            talks=self._talks,
        )


def number_hash(exchange: Exchange, number: str | None) -> str | None:
    """Return the blind index under which `people` finds the number."""
    known = (
        None
        if number is None
        else parse_number(number, home_area_code=exchange.options.people.home_area_code)
    )
    return None if known is None else blind_index(exchange.options.people.index_key, known.identity)


def _raw(offered: CallOffered) -> bytes:
    """Return the INVITE as it is kept: without who calls, if the caller hides that."""
    request = without_identity(offered.request) if offered.wants_privacy else offered.request
    return without_keys(request).serialise()


def refuse(endpoint: Endpoint, leg: Leg, status: int, retry_after: int) -> None:
    """Refuse an offered call; 486 and 503 say when to try again (RFC 3261 20.33)."""
    headers = (("Retry-After", str(retry_after)),) if status in {486, 503} else ()
    try:
        endpoint.reject(leg.key, status, headers=headers)
    except CallGone:
        log.info("caller_gone_before_the_refusal")


def refuse_sdp(endpoint: Endpoint, leg: Leg, error: SdpError) -> None:
    """Refuse an offered call because of its SDP; Warning says why (RFC 3261 20.43)."""
    log.warning("offer_refused", call=leg.key, status=error.status, problem=str(error))
    warning = f'399 {host_port(*endpoint.address)} "{str(error)[:100]}"'
    try:
        endpoint.reject(leg.key, error.status, headers=(("Warning", warning),))
    except CallGone:
        log.info("caller_gone_before_the_refusal")
