"""What is written down of a talk while it lasts; see `Ledger`."""

from functools import partial

from channels.voice.exchange import Exchange
from hotline.contacts.calls import service as calls
from hotline.kernel.ids import CallId, SeatId
from hotline.queues import phone_contacts
from hotline.queues import service as queues


class TalkBook:
    """Writes about one call."""

    def __init__(self, exchange: Exchange, call_id: CallId) -> None:
        self._exchange = exchange
        self._call_id = call_id
        self._write = partial(exchange.ledger.write, call_id)

    async def note(self, kind: str) -> None:
        """Write down what happened."""
        now = self._exchange.clock()
        await self._write(kind, lambda uow: calls.note_event(uow, self._call_id, kind, now=now))

    async def release(self, seat_id: SeatId | None) -> None:
        """Let a seat that has left wrap up."""
        if seat_id is None:
            return
        now = self._exchange.clock()
        await self._write(
            "release",
            lambda uow: phone_contacts.release_seat(uow, self._call_id, seat_id, now=now),
        )

    async def hand_over(self, seat_id: SeatId | None) -> None:
        """Another seat attends, or somebody outside."""
        now = self._exchange.clock()
        await self._write(
            "hand_over", lambda uow: calls.hand_over(uow, self._call_id, seat_id=seat_id, now=now)
        )

    async def take_over(self) -> None:
        """A supervisor attends: the call is no seat's contact any more."""
        now = self._exchange.clock()
        await self._write("release", lambda uow: queues.end_contact(uow, self._call_id, now=now))
        await self.note("taken_over")
