"""A shift leader listens, whispers, joins in, takes over; who hears whom is verified by sound."""

from pathlib import Path

import pytest
from sqlalchemy import select

from hotline.accounts.model import AuditRow
from hotline.queues.states import SeatState
from tests.e2e.voice.conftest import CITIZEN_HZ, SEAT_HZ, SUPERVISOR_HZ, TalkHouse
from tests.integration.channels.voice.hall import eventually, heard_now, latest_share


@pytest.mark.audio
async def test_a_whisper_reaches_the_seat_only_and_a_barge_everybody(
    house: TalkHouse, citizen_voice: Path
) -> None:
    """Listen, whisper (the seat alone hears it), barge, take over, reload; acts are audited."""
    seat = await house.seat()
    leader = await house.supervisor()
    async with house.hall.phone(microphone=citizen_voice) as phone:
        call = await phone.dial(house.hall.line())
        await seat.page.wait_for_selector(".phone button:has-text('接听')")
        await seat.page.keyboard.press("Alt+a")
        await seat.hears(CITIZEN_HZ)

        board = leader.page
        await board.click("button[aria-label='监听 801']")
        await board.wait_for_selector("#supervise-state:text('正在监听')")
        await leader.hears(CITIZEN_HZ, share=0.3)
        await leader.hears(SEAT_HZ, share=0.3)
        await leader.picture("supervise_listen")
        assert await seat.share_of(SUPERVISOR_HZ) < 0.05

        await board.click("button:has-text('耳语')")
        await seat.hears(SUPERVISOR_HZ, share=0.3)
        await heard_now(call.heard, SEAT_HZ)
        assert latest_share(call.heard, SUPERVISOR_HZ) < 0.01

        await board.click("button:has-text('强插')")

        async def citizen_hears_the_leader() -> bool:
            return latest_share(call.heard, SUPERVISOR_HZ) > 0.3

        await eventually(citizen_hears_the_leader, "the citizen hears the supervisor")

        await board.click("button:has-text('接管通话')")

        async def citizen_hears_the_leader_alone() -> bool:
            return latest_share(call.heard, SUPERVISOR_HZ) > 0.8

        await eventually(citizen_hears_the_leader_alone, "the supervisor has taken over")
        await house.hall.seat_is("801", SeatState.WRAP_UP)
        await leader.hears(CITIZEN_HZ)

        await board.reload()
        await board.wait_for_selector("#supervise-state:text('您已接管通话')")
        await leader.hears(CITIZEN_HZ)
        await eventually(citizen_hears_the_leader_alone, "both talk again after the reload")
        await leader.picture("supervise_taken_over")

        await board.click(".supervise button:has-text('退出')")
        await call.wait_over()
    async with house.database.read() as session:
        acts = list(await session.scalars(select(AuditRow.action).order_by(AuditRow.seq)))
    wanted = ["call.listen", "call.whisper", "call.barge", "call.take_over"]
    assert [act for act in acts if act.startswith("call.")] == wanted


async def test_a_leader_forces_a_state_with_a_reason_and_sees_alarms(house: TalkHouse) -> None:
    """A seat's state is forced with a reason kept in the audit log."""
    seat = await house.seat()
    leader = await house.supervisor()
    board = leader.page
    await board.click("button[aria-label='强制状态 801']")
    await board.select_option("select[name=state]", "on_break")
    await board.fill("input[name=reason]", "临时培训")
    await board.click(".force button:has-text('确定')")

    await house.hall.seat_is("801", SeatState.ON_BREAK)
    await seat.page.wait_for_selector("#seat-state:text('班长指定')")
    await leader.picture("board_forced")
    async with house.database.read() as session:
        row = await session.scalar(select(AuditRow).where(AuditRow.action == "seat.force"))
    assert row is not None
    assert row.detail is not None
    assert (row.target, row.detail["to"], row.detail["reason"]) == (
        "seat:801",
        "on_break",
        "临时培训",
    )
