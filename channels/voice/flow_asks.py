"""What flows ask of the hotline that inbound and ordered calls carry out alike."""

from collections.abc import Callable, Mapping, Sequence

import structlog

from channels.voice.attendance import Attendance
from channels.voice.exchange import Exchange
from channels.voice.far_end import FarEnd, reach
from channels.voice.hold_music import HoldMusic
from hotline.contacts.calls import service as calls
from hotline.kernel.db import UnitOfWork
from hotline.kernel.errors import HotlineError
from hotline.kernel.ids import CallId
from hotline.queues import phone_directory, phone_transfers
from hotline.queues.control.states import TargetKind, TransferMode, TransferResult
from hotline.queues.phone_directory import Target
from ivr.events import LeaveReason
from ivr.verbs import RECORDING_NOTICE, Enqueue, Transfer, TransferTo

log = structlog.get_logger()


async def note_fact(exchange: Exchange, call_id: CallId, name: str, value: str) -> bool:
    """Keep a fact about the call; True if it is the recording notice, which allows recording."""
    is_notice = name == RECORDING_NOTICE
    now = exchange.clock()

    async def write(uow: UnitOfWork) -> None:
        if is_notice:
            await calls.play_notice(uow, call_id, version=value, now=now)
        else:
            await calls.note_event(uow, call_id, "note", now=now, name=name, value=value)

    await exchange.ledger.write(call_id, "note", write)
    return is_notice


async def look_up(
    exchange: Exchange, call_id: CallId, what: str, keys: Sequence[str]
) -> Mapping[str, str] | None:
    """Return what the house knows under the keys; None if nothing, or it may not say so now."""
    ask = exchange.options.lookups.get(what)
    if ask is None:
        log.error("no_such_lookup", call=str(call_id), what=what)
        return None
    try:
        found = await ask(exchange.database, keys, exchange.clock())
    except HotlineError as error:
        log.warning("look_up_failed", call=str(call_id), what=what, reason=type(error).__name__)
        return None
    log.info("looked_up", call=str(call_id), what=what, found=found is not None)
    return found


async def connect_with(
    attendance: Attendance, verb: Transfer, queue_of: Callable[[str], str]
) -> bool:
    """Connect a caller with a queue, a seat or an entry of the directory, until they hang up.

    False if nobody was reached. No other number can be dialled from here: what a flow names is
    looked up in the directory, and what a caller keys in never comes here.
    """
    if verb.to is TransferTo.QUEUE:
        wait = Enqueue(verb.key, verb.music)
        return await attendance.run(wait, queue_of(verb.key)) is LeaveReason.ANSWERED
    exchange, call_id = attendance.exchange, attendance.call_id
    try:
        async with exchange.database.read() as session:
            target = await phone_directory.find_target(session, TargetKind(verb.to), verb.key)
    except HotlineError as error:
        log.error("transfer_target_unknown", call=str(call_id), reason=type(error).__name__)
        return False
    files = attendance.walk.files([verb.music])
    tune = HoldMusic(attendance.leg, files)
    tune.play()
    try:
        found = await _reach(attendance, target)
    finally:
        await tune.stop()
    return False if found is None else await attendance.talk_with(found, files)


async def _reach(attendance: Attendance, target: Target) -> FarEnd | None:
    """Ring whom the flow names; the attempt is written down, and counts in the budgets."""
    exchange, call_id = attendance.exchange, attendance.call_id
    async with exchange.database.begin() as uow:
        transfer_id = await phone_transfers.begin_transfer(
            uow,
            call_id,
            seat_id=None,
            mode=TransferMode.BLIND,
            target=target,
            card={},
            now=exchange.clock(),
        )
    result = TransferResult.CITIZEN_LEFT
    try:
        found = await reach(exchange, call_id, target, attendance.caller)
        result = TransferResult.CONNECTED if isinstance(found, FarEnd) else found
    finally:
        async with exchange.database.begin() as uow:
            await phone_transfers.end_transfer(uow, transfer_id, result, now=exchange.clock())
    if not isinstance(found, FarEnd):
        return None
    try:
        await _write_talk(exchange, call_id, found)
    except BaseException:
        await exchange.switchboard.drop(found.leg)
        raise
    return found


async def _write_talk(exchange: Exchange, call_id: CallId, found: FarEnd) -> None:
    now = exchange.clock()
    async with exchange.database.begin() as uow:
        if found.seat_id is None:
            await calls.hand_over(uow, call_id, seat_id=None, now=now)
        else:
            await calls.connect_call(uow, call_id, seat_id=found.seat_id, now=now)
