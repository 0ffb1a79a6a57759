"""A voice process tells the house how its lines and trunks stand, and whom it refused."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from channels.voice import process
from channels.voice.options import LineOptions, TrunkOptions
from channels.voice.phone_call import NotAnswered
from channels.voice.sockets import TlsOptions
from channels.voice.telling import MAX_REFUSALS, RefusalBook
from hotline.contacts.calls.states import CallDirection
from hotline.contacts.telephony import service as telephony
from hotline.contacts.telephony.values import ProcessReport, RefusalReason
from hotline.kernel.db import Database
from tests.fakes.certificates import make_certificates
from tests.integration.channels.voice.hall import Hall, eventually, open_hall

INBOUND = CallDirection.INBOUND


@pytest.fixture(autouse=True)
def _quick_hearts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "BEAT_SECONDS", 0.05)


async def told(hall: Hall) -> ProcessReport:
    """Wait for a report, and return the last one."""
    found: list[ProcessReport] = []

    async def is_there() -> bool:
        async with hall.database.read() as session:
            found[:] = await telephony.reports(session)
        return bool(found)

    await eventually(is_there, "a report is there")
    return found[0]


async def test_calls_and_refusals_of_a_line_are_told_with_the_heartbeat(
    live_database: Database, tmp_path: Path
) -> None:
    lines = (LineOptions(number="12319", max_calls=1), LineOptions(number="12345"))
    async with (
        open_hall(live_database, tmp_path, lines=lines) as hall,
        hall.phone() as citizen,
        hall.phone("13900001111") as other,
    ):
        await hall.sign_in("8001")
        call = await citizen.dial(hall.line())
        for number, status in (("12319", 486), ("10086", 404)):
            with pytest.raises(NotAnswered) as refused:
                await other.dial(hall.line(number))
            assert refused.value.status == status

        async def shown() -> bool:
            report = (await told(hall)).report
            first, _ = report.lines
            # A report may have been written between one call and the next.
            is_whole = report.figures.sip_requests.get("INVITE", 0) >= 3
            return is_whole and (first.calls, first.limit, first.taken, first.refused) == (
                1, 1, 1, 1,
            )  # fmt: skip

        await eventually(shown, "the full line is told")
        figures = (await told(hall)).report.figures
        since = datetime.now(UTC) - timedelta(hours=1)
        async with live_database.read() as session:
            of_line = await telephony.refusals_of(session, INBOUND, "12319", since=since)
            elsewhere = await telephony.refusals_elsewhere(session, ["12319", "12345"], since=since)
        await call.hang_up()

    assert figures.sip_requests["INVITE"] >= 3
    assert figures.sip_responses["4xx"] >= 2
    assert figures.sound_legs_now >= 1
    assert figures.sound_work.count >= 1
    assert figures.sound_late.count >= figures.sound_late.at_most["0.001"]
    assert [(each.reason, each.status) for each in of_line] == [(RefusalReason.LINE_FULL, 486)]
    assert [(each.place, each.reason) for each in elsewhere] == [
        ("10086", RefusalReason.NO_SUCH_LINE)
    ]


async def test_who_may_not_call_is_told_by_address(live_database: Database, tmp_path: Path) -> None:
    trunks = (TrunkOptions(name="carrier", host="192.0.2.10"),)
    async with open_hall(live_database, tmp_path, trunks=trunks) as hall, hall.phone() as citizen:
        with pytest.raises(NotAnswered):
            await citizen.dial(hall.line())

        async def shown() -> bool:
            report = (await told(hall)).report
            return report.figures.not_allowed >= 1 and bool(report.noisy)

        await eventually(shown, "the stranger is told")
        report = (await told(hall)).report

    assert (report.noisy[0].host, report.noisy[0].kind) == ("127.0.0.1", "stranger")
    assert (report.trunks[0].name, report.trunks[0].is_up) == ("carrier", True)


async def test_when_the_certificate_ends_is_told(live_database: Database, tmp_path: Path) -> None:
    made = make_certificates(tmp_path)
    tls = TlsOptions(certificate=made.certificate, key=made.key, port=0)
    async with open_hall(live_database, tmp_path, tls=tls) as hall:
        ends = (await told(hall)).report.certificate_ends_at

    assert ends is not None
    assert timedelta(0) < ends - datetime.now(UTC) <= timedelta(days=1)


async def test_a_storm_of_refusals_is_counted_and_written_down_only_in_part() -> None:
    book = RefusalBook(lambda: datetime(2026, 3, 11, tzinfo=UTC))
    for _ in range(MAX_REFUSALS + 50):
        book.note(INBOUND, "12345", "192.0.2.1", RefusalReason.LINE_FULL, 486)

    taken = book.take()
    book.note(INBOUND, "12345", "192.0.2.1", RefusalReason.LINE_FULL, 486)
    book.give_back(taken)
    await asyncio.sleep(0)

    assert len(taken) == MAX_REFUSALS
    assert book.count(INBOUND, "12345") == MAX_REFUSALS + 51
    assert len(book.take()) == MAX_REFUSALS
