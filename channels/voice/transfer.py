"""One attempt to bring somebody into a talk: its ringing, its row, its result.

The row follows what happens, later if the database is away; see `Ledger`.
"""

from dataclasses import dataclass, field
from uuid import UUID

import structlog

from channels.voice.exchange import Exchange
from channels.voice.far_end import FarEnd
from channels.voice.leg import Leg
from channels.voice.talk import TransferWish
from hotline.kernel.db import UnitOfWork
from hotline.kernel.ids import CallId
from hotline.queues import phone_contacts, phone_transfers
from hotline.queues.control.states import (
    TRANSFER,
    TransferMode,
    TransferResult,
    TransferState,
    TransferTrigger,
)

log = structlog.get_logger()

STATUS = {
    TransferResult.CONNECTED: 200,
    TransferResult.QUEUED: 200,
    TransferResult.BUSY: 486,
    TransferResult.NO_ANSWER: 480,
    TransferResult.DECLINED: 603,
    TransferResult.NOT_ALLOWED: 403,
    TransferResult.OVER_BUDGET: 503,
    TransferResult.NO_TRUNK: 503,
    TransferResult.NOT_STAFFED: 480,
    TransferResult.TAKEN_BACK: 487,
}
"""What a desk phone is told; 480 for the rest."""


def status_of(result: TransferResult) -> int:
    """Return the SIP status that says how it went."""
    return STATUS.get(result, 480)


@dataclass(slots=True, eq=False)
class Transfer:
    """Somebody who is being brought in, or is in."""

    exchange: Exchange
    call_id: CallId
    wish: TransferWish
    transfer_id: UUID
    state: TransferState = TRANSFER.initial
    far: FarEnd | None = field(default=None)

    @classmethod
    async def begin(cls, exchange: Exchange, call_id: CallId, wish: TransferWish) -> "Transfer":
        """Write the wish down.

        Raises:
            Conflict: if another one is open for the call.
        """
        async with exchange.database.begin() as uow:
            transfer_id = await phone_transfers.begin_transfer(
                uow,
                call_id,
                seat_id=wish.seat_id,
                mode=wish.mode,
                target=wish.target,
                card=wish.card,
                now=exchange.clock(),
            )
        return cls(exchange, call_id, wish, transfer_id)

    @property
    def ear(self) -> Leg | None:
        """Where the seat consults, if that is not where it talks."""
        return self.wish.ear

    @property
    def keeps_citizen(self) -> bool:
        """Whether the citizen talks with the seat while the far end rings."""
        return self.state is TransferState.CALLING and self.wish.mode is TransferMode.JOIN

    async def move(self, trigger: TransferTrigger) -> None:
        """The far end has answered, or has joined."""
        self.state = TRANSFER.next(self.state, trigger)
        now = self.exchange.clock()
        await self.exchange.ledger.write(
            self.call_id,
            "transfer",
            lambda uow: phone_transfers.move_transfer(uow, self.transfer_id, trigger, now=now),
        )

    def tell(self, result: TransferResult) -> None:
        """Tell whoever asked; before a leg is hung up."""
        for each in self.wish.on_result:
            each(result)
        log.info("transfer_ended", call=str(self.call_id), result=result.value)

    async def write_end(self, result: TransferResult) -> None:
        """Write the result down; a far end that has not got the citizen is no contact any more."""
        now = self.exchange.clock()
        consulted = None if self.far is None else self.far.seat_id

        async def write(uow: UnitOfWork) -> None:
            await phone_transfers.end_transfer(uow, self.transfer_id, result, now=now)
            if consulted is not None and result is not TransferResult.CONNECTED:
                await phone_contacts.release_seat(uow, self.call_id, consulted, now=now)

        await self.exchange.ledger.write(self.call_id, "transfer", write)
