"""A small floor in a real database: seats with phones, callers with calls."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from hotline.contacts.calls import service as calls
from hotline.contacts.calls.states import CallDirection
from hotline.contacts.calls.values import CallDraft
from hotline.kernel.db import Database
from hotline.kernel.ids import CallId, SeatId, UserId, new_id
from hotline.queues import phones, service
from hotline.queues.values import Offer, PhoneBinding, SeatDraft

QUEUE = "main"


@dataclass
class SmallFloor:
    """Makes seats and callers with one line each."""

    database: Database
    now: datetime
    process_id: UUID

    async def seat(self, extension: str, *, idle: int = 0, phone: bool = True) -> SeatId:
        """A signed-in seat that has been idle for some seconds."""
        async with self.database.begin() as uow:
            seat_id = await service.put_seat(
                uow,
                SeatDraft(
                    name=f"坐席{extension}",
                    extension=extension,
                    queue=QUEUE,
                    sip_ha1_md5="0" * 32,
                    sip_ha1_sha256="0" * 64,
                ),
                now=self.now,
            )
            since = self.now - timedelta(seconds=idle)
            await service.sign_in(uow, seat_id, UserId(new_id()), since)
            if phone:
                await phones.register_phone(uow, seat_id, self.binding(extension), now=self.now)
        return seat_id

    def binding(self, extension: str, *, cseq: int = 1, lifetime: int = 3600) -> PhoneBinding:
        """Where the phone of a seat is."""
        return PhoneBinding(
            contact_uri=f"sip:{extension}@192.0.2.7:5062",
            source_host="192.0.2.7",
            source_port=5062,
            transport="udp",
            sip_call_id=f"register-{extension}",
            cseq=cseq,
            expires_at=self.now + timedelta(seconds=lifetime),
        )

    async def call(self, number: str | None = "01000001234") -> CallId:
        """A call that has been answered and walks through its flow."""
        async with self.database.begin() as uow:
            call_id = await calls.open_call(
                uow,
                CallDraft(
                    process_id=self.process_id,
                    direction=CallDirection.INBOUND,
                    line="12345",
                    number=number,
                    number_hash=number,
                    to_number="12345",
                    sip_call_id=str(new_id()),
                    contact_id=None,
                ),
                now=self.now,
            )
            await calls.answer_call(uow, call_id, now=self.now)
        return call_id

    async def caller(self) -> CallId:
        """A caller who waits."""
        call_id = await self.call()
        async with self.database.begin() as uow:
            await service.enqueue(uow, call_id=call_id, queue=QUEUE, number_hash="h", now=self.now)
        self.now += timedelta(milliseconds=1)
        return call_id

    async def offer(self) -> Offer | None:
        """Run the distributor once."""
        async with self.database.begin() as uow:
            made = await service.deal(uow, QUEUE, self.now, most=1)
        return made.offers[0] if made.offers else None

    async def ringing(self) -> Offer:
        """The one offer that rings once the distributor has run."""
        offer = await self.offer()
        assert offer is not None
        return offer
