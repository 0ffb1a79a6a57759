"""Lines 12345, 12319 and 12369 are one house: what is told on any of them is a case (R7)."""

from collections.abc import Awaitable, Callable

import pytest

from hotline.accounts.roles import Role
from hotline.contacts.calls.service import open_call, start_process
from hotline.contacts.calls.states import CallDirection
from hotline.contacts.calls.values import CallDraft
from hotline.contacts.contact import Channel
from hotline.kernel.ids import CallId
from tests.integration.case_bridge.city import City
from tests.integration.case_bridge.web.test_pages import (  # noqa: F401 - `browse` is a fixture
    Client,
    asked,
    browse,
    page,
)

LINES = ("12345", "12319", "12369")


async def ring(city: City, line: str) -> CallId:
    async with city.database.begin() as uow:
        process_id = await start_process(uow, f"voice-{line}", now=city.clock())
        draft = CallDraft(
            process_id=process_id,
            direction=CallDirection.INBOUND,
            line=line,
            number="13800001234",
            number_hash="h",
            to_number=line,
            sip_call_id=f"{line}@test",
            contact_id=None,
        )
        return await open_call(uow, draft, now=city.clock())


@pytest.mark.parametrize("line", LINES)
async def test_r7_what_is_told_on_any_line_is_a_case_that_names_the_line(
    city: City,
    browse: Callable[..., Awaitable[Client]],  # noqa: F811
    line: str,
) -> None:
    """R7, R8: 002i a6: the hotlines work with the digital system; the line stays with the case."""
    call_id = await ring(city, line)
    ticket_id = await city.transferred_ticket(channel=Channel.VOICE, call_id=call_id)
    await city.run_jobs()
    case_id = await city.case_of(ticket_id)
    seat = await browse(Role.SEAT)

    case = await asked(seat, f"/cases/{case_id}")
    html = await page(seat, f"/cases/{case_id}")

    assert (case["source"], case["channel"]) == ("hotline", f"voice:{line}")
    assert f'电话 · <span class="number">{line}</span>' in html
    await city.finish(case_id)
    await city.run_jobs()
    assert (await city.ticket(ticket_id)).result == "已补装井盖"
