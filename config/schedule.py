"""What is looked at again and again: each round finds work whose time has come."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from case_bridge.bridge.comparing import compare_sides
from case_bridge.bridge.polling import poll
from case_bridge.bridge.reconcile import reconcile
from case_bridge.cases.form_keys import forget_keys
from case_bridge.cases.notices import climb_ladders
from case_bridge.evaluation.service import fold_facts
from case_bridge.exchange.talking import talk
from case_bridge.field.roster import forget_tracks
from case_bridge.later.provisional import reckon_provisional
from case_bridge.later.service import resume_due
from case_bridge.standards.service import activate_due
from config.runtime import Runtime
from config.telephony import hall_queues
from config.wiring import queue_policy, recordings_folder, retention_policy
from hotline.accounts.service import forget_sessions
from hotline.callbacks.recovery import recover_callbacks
from hotline.contacts import messages
from hotline.contacts.calls import service as calls
from hotline.contacts.telephony import service as telephony
from hotline.intake import service as intake
from hotline.kernel import outbox
from hotline.kernel.clock import SHANGHAI
from hotline.queues import lost_callers
from hotline.queues import service as queues
from hotline.queues.returns import service as returns
from hotline.recordings import retention
from hotline.recordings import service as recordings
from hotline.reports import service as reports
from hotline.reports.exports import service as exports
from hotline.reports.processes import service as processes

FORGOTTEN_AT_ONCE = 5_000
"""Rows deleted in one transaction, so that none is held for long."""


@dataclass(frozen=True, slots=True)
class Round:
    """One thing to look at, and how often."""

    name: str
    every: timedelta
    make: Callable[[Runtime, datetime], Awaitable[int]]
    """Returns how much was found."""


async def _end_dead_calls(runtime: Runtime, now: datetime) -> int:
    async with runtime.database.begin() as uow:
        lost = await calls.sweep(uow, now)
    async with runtime.database.begin() as uow:
        lost += await queues.sweep(uow, now, queue_policy(runtime.settings))
    async with runtime.database.begin() as uow:
        return lost + await lost_callers.put_in_line(uow, hall_queues(runtime.settings), now=now)


async def _ring_back(runtime: Runtime, now: datetime) -> int:
    async with runtime.database.begin() as uow:
        return await returns.dial_due(uow, now, queue_policy=queue_policy(runtime.settings))


async def _parse_forgotten_contacts(runtime: Runtime, now: datetime) -> int:
    return await intake.parse_pending(runtime.database, now=now)


async def _settle_messages(runtime: Runtime, now: datetime) -> int:
    return await messages.recover_messages(runtime.database, now=now)


async def _recover_callbacks(runtime: Runtime, now: datetime) -> int:
    return await recover_callbacks(runtime.database, now=now)


async def _seal_recordings(runtime: Runtime, now: datetime) -> int:
    return await recordings.sweep(
        runtime.database, folder=recordings_folder(runtime.settings), now=now
    )


async def _dispose_recordings(runtime: Runtime, now: datetime) -> int:
    return await retention.dispose(
        runtime.database,
        folder=recordings_folder(runtime.settings),
        policy=retention_policy(runtime.settings),
        now=now,
    )


async def _fold_case_facts(runtime: Runtime, now: datetime) -> int:  # noqa: ARG001 - a round's shape
    async with runtime.database.begin() as uow:
        return await fold_facts(uow)


async def _reconcile(runtime: Runtime, now: datetime) -> int:
    return len(await reconcile(runtime.database, runtime.platform, now=now))


async def _poll_platform(runtime: Runtime, now: datetime) -> int:
    if runtime.settings.case_platform is None:
        return 0  # ours tells by events
    return await poll(runtime.database, runtime.platform, now=now)


async def _compare_sides(runtime: Runtime, now: datetime) -> int:
    if runtime.settings.case_platform is None:
        return 0  # ours lives in the same transactions; what was lost the round `cases` finds
    return await compare_sides(runtime.database, runtime.platform, now=now)


async def _talk(runtime: Runtime, now: datetime) -> int:
    return await talk(runtime.database, runtime.exchange, runtime.peers, now=now)


async def _climb_ladders(runtime: Runtime, now: datetime) -> int:
    return await climb_ladders(runtime.database, now=now)


async def _resume_cases(runtime: Runtime, now: datetime) -> int:
    return await resume_due(runtime.database, now=now)


async def _reckon_provisional(runtime: Runtime, now: datetime) -> int:
    return await reckon_provisional(runtime.database, now=now)


async def _activate_standard(runtime: Runtime, now: datetime) -> int:
    return await activate_due(runtime.database, now=now)


async def _forget_tracks(runtime: Runtime, now: datetime) -> int:
    async with runtime.database.begin() as uow:
        return await forget_tracks(uow, now=now)


async def _forget_exports(runtime: Runtime, now: datetime) -> int:
    return await exports.forget_exports(runtime.database, options=runtime.exports, now=now)


async def _forget_lines(runtime: Runtime, now: datetime) -> int:
    async with runtime.database.begin() as uow:
        return await telephony.forget(uow, now=now)


async def _forget_effects(runtime: Runtime, now: datetime) -> int:
    count = 0
    while True:
        async with runtime.database.begin() as uow:
            gone = await outbox.forget(uow.session, now=now, limit=FORGOTTEN_AT_ONCE)
        count += gone
        if gone < FORGOTTEN_AT_ONCE:
            return count


async def _forget_sessions(runtime: Runtime, now: datetime) -> int:
    async with runtime.database.begin() as uow:
        return await forget_sessions(uow, now=now)


async def _forget_form_keys(runtime: Runtime, now: datetime) -> int:
    async with runtime.database.begin() as uow:
        return await forget_keys(uow, now=now)


async def _forget_processes(runtime: Runtime, now: datetime) -> int:
    async with runtime.database.begin() as uow:
        return await processes.forget(uow, now=now)


async def _keep_service_levels(runtime: Runtime, now: datetime) -> int:
    yesterday = now.astimezone(SHANGHAI).date() - timedelta(days=1)
    async with runtime.database.begin() as uow:
        return await reports.keep_day(uow, yesterday, now=now)


SCHEDULE: tuple[Round, ...] = (
    Round("calls", timedelta(seconds=5), _end_dead_calls),
    Round("return_calls", timedelta(seconds=2), _ring_back),
    Round("contacts", timedelta(seconds=15), _parse_forgotten_contacts),
    Round("messages", timedelta(seconds=30), _settle_messages),
    Round("callbacks", timedelta(minutes=5), _recover_callbacks),
    Round("recordings", timedelta(minutes=1), _seal_recordings),
    Round("retention", timedelta(hours=1), _dispose_recordings),
    Round("service_levels", timedelta(minutes=10), _keep_service_levels),
    Round("case_facts", timedelta(minutes=1), _fold_case_facts),
    Round("exports", timedelta(hours=1), _forget_exports),
    Round("lines", timedelta(hours=1), _forget_lines),
    Round("effects", timedelta(hours=1), _forget_effects),
    Round("sessions", timedelta(hours=1), _forget_sessions),
    Round("form_keys", timedelta(hours=1), _forget_form_keys),
    Round("processes", timedelta(hours=1), _forget_processes),
    Round("tracks", timedelta(hours=1), _forget_tracks),
    Round("reminders", timedelta(minutes=1), _climb_ladders),  # 催办、督办
    Round("resumptions", timedelta(minutes=1), _resume_cases),  # 缓办、挂账到期
    Round("standards", timedelta(minutes=1), _activate_standard),  # 标准按期生效
    Round("provisional_deadlines", timedelta(minutes=10), _reckon_provisional),
)

ABROAD: tuple[Round, ...] = (
    Round("platform", timedelta(seconds=20), _poll_platform),
    Round("exchange", timedelta(seconds=5), _talk),
    Round("cases", timedelta(minutes=5), _reconcile),
    Round("comparison", timedelta(minutes=10), _compare_sides),
)
"""Rounds that wait for other houses: they go beside the others and keep none of them waiting."""
