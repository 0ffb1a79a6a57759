"""线路: what supervisors see of lines and trunks, and what the monitoring reads."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from aiohttp.test_utils import TestClient

from hotline.accounts.roles import Role
from hotline.contacts.calls import service as calls
from hotline.contacts.calls.states import CallDirection
from hotline.contacts.calls.values import CallDraft
from hotline.contacts.telephony import service as telephony
from hotline.contacts.telephony.values import RefusalReason
from hotline.web.supervision.handlers import PART
from hotline.web.supervision.lines import ALARMS, KINDS, REASONS, REGISTRATIONS
from tests.conftest import FakeClock
from tests.fakes.web_house import WebHouse
from tests.integration.hotline.contacts.telephony.test_service import refusal, report
from tests.unit.hotline.web.test_catalogue import ENGLISH

Browse = Callable[..., Awaitable[TestClient[Any, Any]]]


@pytest.fixture
async def process_id(house: WebHouse, clock: FakeClock) -> UUID:
    """A voice process that has told how it is."""
    house.parts = (*house.parts, PART)
    async with house.database.begin() as uow:
        process_id = await calls.start_process(uow, "voice-7", now=clock())
        refused = (
            refusal(clock()),
            refusal(clock(), place="10086", reason=RefusalReason.NO_SUCH_LINE, status=404),
            refusal(
                clock(),
                direction=CallDirection.OUTBOUND,
                place="carrier",
                reason=RefusalReason.NO_WAY,
                status=503,
            ),
        )
        await telephony.report(uow, process_id, report(clock()), refused, now=clock())
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
        await calls.open_call(uow, draft, now=clock())
    return process_id


async def text(client: TestClient[Any, Any], path: str) -> str:
    answer = await client.get(path)
    assert answer.status == 200, path
    return await answer.text()


@pytest.mark.usefixtures("process_id")
async def test_every_line_and_trunk_is_shown_with_what_is_wrong(
    house: WebHouse, browse: Browse
) -> None:
    await house.user("boss", Role.SUPERVISOR)
    client = await browse("boss")

    page = await text(client, "/lines")

    assert "1 / 9" in page
    assert "夜间" in page
    assert "中继没有应答" in page
    assert "已注册" in page
    assert "198.51.100.7" in page
    assert "10086" in page
    assert 'href="/lines"' in page  # in the menu


@pytest.mark.usefixtures("process_id")
async def test_every_number_opens_its_rows(house: WebHouse, browse: Browse) -> None:
    await house.user("boss", Role.SHIFT_LEADER)
    client = await browse("boss")

    line, trunk = await text(client, "/lines/12345"), await text(client, "/trunks/carrier")

    assert "138****1234" in line
    assert "13800001234" not in line
    assert "线路已满" in line
    assert "中继无法接续" in trunk
    assert (await client.get("/lines/99999")).status == 404
    assert (await client.get("/trunks/none")).status == 404


async def test_without_a_voice_process_the_page_says_so(house: WebHouse, browse: Browse) -> None:
    house.parts = (*house.parts, PART)
    await house.user("admin", Role.SYSTEM_ADMIN)
    client = await browse("admin")

    assert "没有运行中的语音进程" in await text(client, "/lines")


@pytest.mark.usefixtures("process_id")
async def test_seats_do_not_mind_lines(house: WebHouse, browse: Browse) -> None:
    await house.user("wang", Role.SEAT)
    client = await browse("wang")

    for path in ("/lines", "/lines/12345", "/trunks/carrier"):
        assert (await client.get(path)).status == 403


@pytest.mark.usefixtures("process_id")
async def test_the_monitoring_reads_the_figures_of_every_voice_process(
    browse: Browse, clock: FakeClock
) -> None:
    client = await browse()
    clock.advance(timedelta(seconds=60))

    figures = await text(client, "/metrics")

    for line in (
        'hotline_line_calls{line="12345",process="voice-7"} 1.0',
        'hotline_line_limit{line="12345",process="voice-7"} 9.0',
        'hotline_line_refused_total{line="12345",process="voice-7"} 1.0',
        'hotline_trunk_up{process="voice-7",trunk="carrier"} 0.0',
        'hotline_trunk_registered{process="voice-7",trunk="carrier"} 1.0',
        'hotline_sip_requests_total{method="INVITE",process="voice-7"} 5.0',
        'hotline_sip_responses_total{class="2xx",process="voice-7"} 4.0',
        'hotline_sip_messages_unread_total{process="voice-7"} 12.0',
        'hotline_rtp_packets_lost_total{process="voice-7"} 0.0',
        'hotline_rtp_work_seconds_bucket{le="0.01",process="voice-7"} 3.0',
        'hotline_rtp_work_seconds_bucket{le="+Inf",process="voice-7"} 4.0',
        'hotline_rtp_work_seconds_sum{process="voice-7"} 0.05',
        'hotline_rtp_late_seconds_count{process="voice-7"} 0.0',
        'hotline_voice_report_age_seconds{process="voice-7"} 60.0',
        'hotline_line_alarms{kind="trunk_down",where="carrier"} 1.0',
        'hotline_line_alarms{kind="process_silent",where="voice-7"} 1.0',
    ):
        assert line in figures


def test_the_words_of_the_page_have_an_english() -> None:
    words = {*REASONS.values(), *ALARMS.values(), *REGISTRATIONS.values(), *KINDS.values()}

    assert {word for word in words if word not in ENGLISH} == set()
    assert set(REASONS) == set(RefusalReason)


async def test_a_process_that_has_ended_tells_nothing_more(
    house: WebHouse, browse: Browse, clock: FakeClock, process_id: UUID
) -> None:
    async with house.database.begin() as uow:
        await calls.stop_process(uow, process_id, now=clock() + timedelta(seconds=1))
    client = await browse()

    assert "voice-7" not in await text(client, "/metrics")
