"""What workers do: the job for each name in the outbox, and how one row is carried out."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from uuid import UUID

import structlog
from sqlalchemy.exc import DBAPIError

from case_bridge.bridge.service import SUBMIT_JOB, reopen_case, submit_case
from case_bridge.merging.service import (
    COMPANIONS_JOB,
    PROPOSE_JOB,
    propose_merges,
    reopen_companions,
)
from case_bridge.platforms.local import record_event
from config import wiring
from hotline.callbacks import attempts, telling, untold
from hotline.callbacks import service as callbacks
from hotline.contacts import messages
from hotline.contacts.calls.events import CallOrderFinished
from hotline.contacts.events import MessageFailed, MessageSent
from hotline.intake import rang_in_vain, receipts, voicemail
from hotline.intake import service as intake
from hotline.kernel import outbox
from hotline.kernel.errors import Unavailable
from hotline.kernel.ids import CallbackId, CaseId, ContactId, TicketId
from hotline.queues.returns import service as returns
from hotline.reports.exports import service as exports

if TYPE_CHECKING:
    from config.runtime import Runtime

log = structlog.get_logger()

Payload = Mapping[str, Any]
Job = Callable[["Runtime", Payload], Awaitable[None]]
"""Idempotent: a second run with the same payload changes nothing."""

JOB_LIMIT = outbox.LEASE - timedelta(seconds=10)
"""A job ends before its lease does, so that no two workers run it at once."""


async def _parse_contact(runtime: "Runtime", payload: Payload) -> None:
    await intake.parse_contact(
        runtime.database,
        ContactId(UUID(payload["contact_id"])),
        options=runtime.intake,
        now=runtime.clock(),
    )


async def _open_voicemail(runtime: "Runtime", payload: Payload) -> None:
    await voicemail.open_voicemail(
        runtime.database,
        UUID(payload["recording_id"]),
        folder=wiring.recordings_folder(runtime.settings),
        people=runtime.people,
        now=runtime.clock(),
    )


async def _send_receipt(runtime: "Runtime", payload: Payload) -> None:
    async with runtime.database.begin() as uow:
        await receipts.send_receipt(
            uow, _ticket_id(payload), options=runtime.receipts, now=runtime.clock()
        )


async def _tell_answer(runtime: "Runtime", payload: Payload) -> None:
    async with runtime.database.begin() as uow:
        await telling.tell_answer(
            uow, _ticket_id(payload), options=runtime.callbacks, now=runtime.clock()
        )


async def _tell_cancellation(runtime: "Runtime", payload: Payload) -> None:
    async with runtime.database.begin() as uow:
        await telling.tell_cancellation(
            uow, _ticket_id(payload), options=runtime.callbacks, now=runtime.clock()
        )


async def _send_message(runtime: "Runtime", payload: Payload) -> None:
    await messages.send_message(
        runtime.database, runtime.outbound, UUID(payload["message_id"]), now=runtime.clock()
    )


async def _submit_case(runtime: "Runtime", payload: Payload) -> None:
    await submit_case(
        runtime.database,
        runtime.platform,
        _ticket_id(payload),
        payload["round"],
        now=runtime.clock(),
    )


async def _reopen_case(runtime: "Runtime", payload: Payload) -> None:
    await reopen_case(
        runtime.database,
        runtime.platform,
        _ticket_id(payload),
        payload["round"],
        now=runtime.clock(),
    )


async def _reopen_companions(runtime: "Runtime", payload: Payload) -> None:
    async with runtime.database.begin() as uow:
        await reopen_companions(uow, _ticket_id(payload), payload["round"], now=runtime.clock())


async def _propose_merges(runtime: "Runtime", payload: Payload) -> None:
    async with runtime.database.begin() as uow:
        await propose_merges(uow, CaseId(UUID(payload["case_id"])), now=runtime.clock())


async def _record_case_progress(runtime: "Runtime", payload: Payload) -> None:
    await record_event(runtime.database, payload, now=runtime.clock())


async def _write_export(runtime: "Runtime", payload: Payload) -> None:
    await exports.write_export(
        runtime.database,
        UUID(payload["export_id"]),
        options=runtime.exports,
        now=runtime.clock(),
    )


async def _schedule_callbacks(runtime: "Runtime", payload: Payload) -> None:
    async with runtime.database.begin() as uow:
        await callbacks.schedule_callbacks(
            uow,
            _ticket_id(payload),
            in_round=payload["round"],
            options=runtime.callbacks,
            now=runtime.clock(),
        )


async def _attempt_callback(runtime: "Runtime", payload: Payload) -> None:
    await attempts.attempt(
        runtime.database,
        _callback_id(payload),
        attempt_no=payload["attempt_no"],
        options=runtime.callbacks,
        now=runtime.clock(),
    )


async def _review_callback(runtime: "Runtime", payload: Payload) -> None:
    async with runtime.database.begin() as uow:
        await callbacks.review_callback(
            uow,
            _callback_id(payload),
            attempt_no=payload["attempt_no"],
            now=runtime.clock(),
        )


async def _record_call_end(runtime: "Runtime", payload: Payload) -> None:
    event = CallOrderFinished.from_payload(payload)
    async with runtime.database.begin() as uow:
        await callbacks.record_call_end(
            uow,
            reference=event.reference,
            result=event.result,
            answers=dict(event.answers),
            now=runtime.clock(),
        )


async def _record_return_end(runtime: "Runtime", payload: Payload) -> None:
    event = CallOrderFinished.from_payload(payload)
    async with runtime.database.begin() as uow:
        await returns.record_end(
            uow,
            reference=event.reference,
            order_id=event.order_id,
            result=event.result,
            now=runtime.clock(),
        )


async def _tell_not_reached(runtime: "Runtime", payload: Payload) -> None:
    async with runtime.database.begin() as uow:
        await rang_in_vain.tell_not_reached(
            uow, UUID(payload["return_id"]), options=runtime.receipts, now=runtime.clock()
        )


async def _record_message_sent(runtime: "Runtime", payload: Payload) -> None:
    event = MessageSent.from_payload(payload)
    async with runtime.database.begin() as uow:
        await callbacks.record_message_end(
            uow, reference=event.reference, is_sent=True, now=runtime.clock()
        )
        await returns.record_told(uow, reference=event.reference, is_sent=True, now=runtime.clock())


async def _record_message_failed(runtime: "Runtime", payload: Payload) -> None:
    event = MessageFailed.from_payload(payload)
    async with runtime.database.begin() as uow:
        await callbacks.record_message_end(
            uow, reference=event.reference, is_sent=False, now=runtime.clock()
        )
        await untold.note_failed_letter(
            uow, reference=event.reference, key=event.key, now=runtime.clock()
        )
        await returns.record_told(
            uow, reference=event.reference, is_sent=False, now=runtime.clock()
        )


def _ticket_id(payload: Payload) -> TicketId:
    return TicketId(UUID(payload["ticket_id"]))


def _callback_id(payload: Payload) -> CallbackId:
    return CallbackId(UUID(payload["callback_id"]))


JOBS: Mapping[str, Job] = MappingProxyType(
    {
        "parse_contact": _parse_contact,
        voicemail.JOB: _open_voicemail,
        "send_receipt": _send_receipt,
        "tell_answer": _tell_answer,
        "tell_cancellation": _tell_cancellation,
        "send_message": _send_message,
        SUBMIT_JOB: _submit_case,
        "reopen_case": _reopen_case,
        COMPANIONS_JOB: _reopen_companions,
        PROPOSE_JOB: _propose_merges,
        "record_case_progress": _record_case_progress,
        exports.JOB: _write_export,
        "schedule_callbacks": _schedule_callbacks,
        "attempt_callback": _attempt_callback,
        "review_callback": _review_callback,
        "record_call_end": _record_call_end,
        "record_return_end": _record_return_end,
        returns.TELL_JOB: _tell_not_reached,
        "record_message_sent": _record_message_sent,
        "record_message_failed": _record_message_failed,
    }
)


async def run_outbox_row(runtime: "Runtime", outbox_id: int) -> None:
    """Carry out one row of the outbox, if it is due and nobody has it.

    `Unavailable` and lost races of the database put the row back; anything else is a bug, and
    buries it where a person sees it.
    """
    async with runtime.database.begin() as uow:
        held = await outbox.claim(uow.session, outbox_id, now=runtime.clock())
    if held is None:
        return
    error, gap, final = await _attempt(runtime, held)
    async with runtime.database.begin() as uow:
        now = runtime.clock()
        if error is None:
            kept = await outbox.complete(uow.session, held, now=now)
        elif final:
            kept = await outbox.bury(uow.session, held, error=error)
        else:
            kept = await outbox.put_back(uow.session, held, error=error, gap=gap, now=now)
    if not kept:
        log.warning("lease_lost", job=held.job, outbox_id=outbox_id, attempt=held.attempt)


async def _attempt(
    runtime: "Runtime", held: outbox.Claim
) -> tuple[str | None, timedelta | None, bool]:
    """Run the job; return what went wrong, when to try again, and whether that is the end."""
    fields = {"job": held.job, "outbox_id": held.outbox_id, "attempt": held.attempt}
    job = JOBS.get(held.job)
    if job is None:
        log.error("job_unknown", **fields)
        return f"no job is named {held.job}", None, True
    try:
        async with asyncio.timeout(JOB_LIMIT.total_seconds()):
            await job(runtime, held.payload)
    except Unavailable as error:
        log.warning("job_put_back", reason=str(error), **fields)
        return (
            str(error),
            max(error.retry_after, outbox.FIRST_GAP * 2 ** min(held.attempt, 9)),
            False,
        )
    except TimeoutError:
        log.warning("job_put_back", reason="it took too long", **fields)
        return "it took too long", None, False
    except Exception as error:
        # Exception texts may carry personal data: the row keeps the type, the log the trace.
        reason = type(error).__name__
        if isinstance(error, DBAPIError) and str(getattr(error.orig, "sqlstate", ""))[:2] == "40":
            log.warning("job_put_back", reason=reason, **fields)
            return reason, None, False
        log.exception("job_failed", **fields)
        return reason, None, True
    return None, None, False
