"""Reports of voice processes replace each other; refused calls are kept one by one."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from hotline.contacts.calls import service as calls
from hotline.contacts.calls.states import CallDirection
from hotline.contacts.calls.values import CallDraft
from hotline.contacts.telephony import service as telephony
from hotline.contacts.telephony.model import VoiceReportRow
from hotline.contacts.telephony.values import (
    Figures,
    Lengths,
    LineReport,
    NoisySource,
    Refusal,
    RefusalReason,
    Report,
    TrunkReport,
)
from hotline.kernel.db import Database
from tests.conftest import FakeClock


def report(now: datetime, *, calls_now: int = 1) -> Report:
    return Report(
        lines=(
            LineReport(number="12345", calls=calls_now, limit=9, is_night=True, taken=4, refused=1),
        ),
        trunks=(
            TrunkReport(
                name="carrier",
                host="sip.example",
                transport="tls",
                is_up=False,
                changed_at=now,
                probe_status=408,
                registration="registered",
                registration_status=200,
                registered_at=now,
                calls=2,
                refusals=3,
            ),
        ),
        noisy=(NoisySource(host="198.51.100.7", kind="stranger", dropped=12),),
        figures=Figures(
            sip_requests={"INVITE": 5},
            sip_responses={"2xx": 4},
            over_rate=12,
            sound_work=Lengths(at_most={"0.01": 3}, count=4, seconds=0.05),
        ),
        certificate_ends_at=now + timedelta(days=90),
    )


def refusal(now: datetime, **more: object) -> Refusal:
    values: dict[str, object] = {
        "at": now,
        "direction": CallDirection.INBOUND,
        "place": "12345",
        "source": "192.0.2.1",
        "reason": RefusalReason.LINE_FULL,
        "status": 486,
    }
    return Refusal(**(values | more))  # type: ignore[arg-type]


async def start(database: Database, clock: FakeClock, name: str = "voice") -> UUID:
    async with database.begin() as uow:
        return await calls.start_process(uow, name, now=clock())


async def tell(
    database: Database, process_id: UUID, told: Report, clock: FakeClock, *refusals: Refusal
) -> None:
    async with database.begin() as uow:
        await telephony.report(uow, process_id, told, refusals, now=clock())


async def test_the_last_report_of_each_living_process_counts(
    database: Database, clock: FakeClock
) -> None:
    first, second = await start(database, clock, "a"), await start(database, clock, "b")
    await tell(database, first, report(clock()), clock)
    await tell(database, second, report(clock()), clock)
    clock.advance(timedelta(seconds=3))
    last = report(clock(), calls_now=7)
    await tell(database, second, last, clock)

    async with database.begin() as uow:
        before = await telephony.reports(uow.session)
        await calls.stop_process(uow, first, now=clock())
    async with database.read() as session:
        after = await telephony.reports(session)

    assert [each.name for each in before] == ["a", "b"]
    assert before[1].report == last
    assert before[1].reported_at == clock()
    assert [each.name for each in after] == ["b"]


async def test_refused_calls_are_found_by_their_line_or_trunk(
    database: Database, clock: FakeClock
) -> None:
    process_id = await start(database, clock)
    now = clock()
    outbound = refusal(
        now,
        direction=CallDirection.OUTBOUND,
        place="carrier",
        reason=RefusalReason.NO_WAY,
        status=503,
    )
    wrong = refusal(now, place="10086", reason=RefusalReason.NO_SUCH_LINE, status=404)
    old = refusal(now - timedelta(days=2))
    ours = refusal(now)
    await tell(database, process_id, report(now), clock, old, ours, outbound, wrong)

    since = now - timedelta(days=1)
    async with database.read() as session:
        of_line = await telephony.refusals_of(session, CallDirection.INBOUND, "12345", since=since)
        of_trunk = await telephony.refusals_of(
            session, CallDirection.OUTBOUND, "carrier", since=since
        )
        elsewhere = await telephony.refusals_elsewhere(session, ["12345"], since=since)

    assert (of_line, of_trunk, elsewhere) == ([ours], [outbound], [wrong])


async def test_old_refusals_are_forgotten(database: Database, clock: FakeClock) -> None:
    process_id = await start(database, clock)
    kept, gone = (refusal(clock() - timedelta(days=days)) for days in (89, 91))
    await tell(database, process_id, report(clock()), clock, kept, gone)

    async with database.begin() as uow:
        counts = [await telephony.forget(uow, now=clock()) for _ in range(2)]
    async with database.read() as session:
        left = await telephony.refusals_of(
            session, CallDirection.INBOUND, "12345", since=clock() - timedelta(days=365)
        )

    assert (counts, left) == ([1, 0], [kept])


async def test_the_report_of_a_process_that_has_ended_is_forgotten(
    database: Database, clock: FakeClock
) -> None:
    old, living = [await start(database, clock, name) for name in ("one", "other")]
    for process_id in (old, living):
        await tell(database, process_id, report(clock()), clock)
    async with database.begin() as uow:
        await calls.stop_process(uow, old, now=clock())

    async with database.begin() as uow:
        assert await telephony.forget(uow, now=clock()) == 1

    async with database.read() as session:
        left = await session.scalars(select(VoiceReportRow.process_id))
        assert left.all() == [living]


async def test_the_calls_of_a_line_are_those_that_have_not_ended(
    database: Database, clock: FakeClock
) -> None:
    process_id = await start(database, clock)
    draft = CallDraft(
        process_id=process_id,
        direction=CallDirection.INBOUND,
        line="12345",
        number="13800001234",
        number_hash=None,
        to_number="12345",
        sip_call_id="c",
        contact_id=None,
    )
    async with database.begin() as uow:
        goes_on = await calls.open_call(uow, draft, now=clock())
        await calls.open_call(uow, replace(draft, line="12319"), now=clock())
    async with database.read() as session:
        found = await telephony.calls_now(session, CallDirection.INBOUND, "12345")

    assert [each.call_id for each in found] == [goes_on]
