"""A city and a district, each a Hotline of its own, work on one case."""

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from case_bridge.cases.case import CaseSource
from case_bridge.cases.model import CaseRow
from case_bridge.cases.repository import Cases
from case_bridge.cases.states import CaseState
from case_bridge.exchange.model import Direction, ExchangeMessageRow
from case_bridge.exchange.sending import report_to
from case_bridge.exchange.states import MessageState
from case_bridge.signing import HEADER
from hotline.kernel.ids import CaseId
from tests.integration.case_bridge.exchange.houses import House, Region, introduce

FIRST = ["registration", "filing", "dispatch"]


async def dispatched(region: Region) -> CaseId:
    """The city files a case and dispatches it to the unit that is the district."""
    case_id = await region.city.city.registered_case(place="人民路12号")
    await region.city.city.file(case_id)
    await region.city.city.dispatch(case_id)
    return case_id


async def case_there(house: House) -> CaseRow:
    async with house.city.database.read() as session:
        (row,) = await session.scalars(select(CaseRow))
        return row


async def state(house: House, case_id: CaseId) -> CaseState:
    return (await house.city.case(case_id)).state


async def test_what_the_city_dispatches_the_district_handles_and_feeds_back(
    region: Region,
) -> None:
    """R92, R93: domain 2.5: registration, filing, dispatch down; feedback and check answer up."""
    case_id = await dispatched(region)
    await region.talk()

    below = await case_there(region.district)
    assert (below.source, below.state) == (CaseSource.SUPERIOR, CaseState.FILED)
    assert below.order_text is not None
    assert below.order_text.startswith("补装井盖并设置警示（2026-03-11 12:00前反馈）")
    await region.district.city.work_off(CaseId(below.id))
    await region.talk()

    above = await region.city.city.case(case_id)
    assert (above.state, above.result) == (CaseState.READY_TO_CLOSE, "已补装井盖")
    assert [form for form, _ in await region.city.forms(Direction.OUT)] == [*FIRST, "check_order"]
    assert [form for form, _ in await region.city.forms(Direction.IN)] == [
        "feedback",
        "check_answer",
    ]
    assert {each.state for each in await region.city.messages()} == {
        MessageState.DELIVERED,
        MessageState.APPLIED,
    }
    await region.city.city.close(case_id)
    await region.talk()
    assert await state(region.city, case_id) is CaseState.CLOSED


async def test_a_rework_of_the_city_reopens_the_districts_case(region: Region) -> None:
    """R93: the order to do it again is a dispatch; the district's second round feeds back."""
    case_id = await dispatched(region)
    await region.talk()
    below = CaseId((await case_there(region.district)).id)
    await region.district.city.work_off(below)
    await region.talk()
    from case_bridge.cases.checking import rework_case

    async with region.city.city.database.begin() as uow:
        await rework_case(
            uow,
            case_id,
            text="井盖松动",
            actor=region.city.city.desk,
            now=region.city.city.clock(),
        )
    await region.talk()

    again = await region.district.city.case(below)
    assert (again.state, again.round) == (CaseState.FILED, 2)
    assert "返工：井盖松动" in (again.order_text or "")
    await region.district.city.work_off(below)
    await region.talk()
    assert await state(region.city, case_id) is CaseState.READY_TO_CLOSE


async def test_the_city_has_a_report_verified_by_the_districts_inspector(region: Region) -> None:
    """R93: 问题核实单 down, 问题反馈单 up; our own open task is answered with it."""
    city = region.city.city
    case_id = await city.registered_case()
    async with city.database.begin() as uow:
        await report_to(
            uow,
            region.city.options,
            "district",
            case_id,
            verify=True,
            text="请到现场核实",
            actor=city.desk,
            now=city.clock(),
        )
    await region.talk()
    below = CaseId((await case_there(region.district)).id)
    assert await state(region.district, below) is CaseState.VERIFYING
    await region.district.city.inspect(below, passed=False, text="现场没有井盖问题")
    await region.talk()

    assert await state(region.city, case_id) is CaseState.REFUTED
    assert [form for form, _ in await region.city.forms(Direction.IN)] == ["verify_answer"]
    (task,) = await city.tasks(case_id)
    assert task.passed is False


async def test_the_district_reports_up_and_hears_that_it_was_filed(region: Region) -> None:
    """R93, R95: 问题登记单 and 问题立案单 the other way; the outcome comes back in plain words."""
    district = region.district.city
    case_id = await district.registered_case(subject="跨区河道污染")
    async with district.database.begin() as uow:
        await report_to(
            uow,
            region.district.options,
            "city",
            case_id,
            verify=False,
            text="跨区，请市级办理",
            actor=district.desk,
            now=district.clock(),
        )
    await region.talk()
    above = await case_there(region.city)
    assert (above.source, above.subject) == (CaseSource.TRANSFER, "跨区河道污染")
    await region.city.city.file(CaseId(above.id))
    await region.talk()

    assert await region.district.forms(Direction.IN) == [("filing", "applied")]


async def test_a_district_that_gives_back_a_case_returns_it_to_the_citys_dispatcher(
    region: Region,
) -> None:
    """R50, R93: a refusal with its reason goes up as feedback."""
    case_id = await dispatched(region)
    await region.talk()
    below = CaseId((await case_there(region.district)).id)
    await region.district.city.void(below, reason="不在本区")
    await region.talk()

    history = await region.city.city.history(case_id)
    assert (history[-1].state, history[-1].text) == (CaseState.RETURNED, "不在本区")


async def test_a_message_sent_twice_is_one(region: Region) -> None:
    """R93: idempotent by message id."""
    await dispatched(region)
    await region.talk()
    (first, *_) = await region.city.messages(Direction.OUT)
    client = await send_raw(region, first.raw)
    assert client == (200, 3)

    assert [s for _, s in await region.district.forms(Direction.IN)] == [
        "applied",
        "applied",
        "applied",
        "duplicate",
    ]
    await case_there(region.district)


async def send_raw(region: Region, raw: bytes, **changes: Any) -> tuple[int, int]:
    """Send bytes to the district as the city would."""
    from case_bridge.exchange.client import PeerClient

    client = PeerClient("city", region.city.session, clock=region.city.city.clock)
    answer, _ = await client.send(region.city.options.peer("district"), raw)
    return answer.status, answer.received


async def written(region: Region) -> list[ExchangeMessageRow]:
    """The city's first three messages, written but not sent."""
    from case_bridge.exchange.sending import write_due

    await dispatched(region)
    await write_due(region.city.city.database, region.city.options, now=region.city.city.clock())
    return await region.city.messages(Direction.OUT)


async def test_messages_out_of_order_wait_and_are_applied_in_order(region: Region) -> None:
    """R93: ordered per case."""
    first, second, third = await written(region)

    answers = [await send_raw(region, row.raw) for row in (third, second, first)]

    assert answers == [(200, 0), (200, 0), (200, 3)]
    assert (await case_there(region.district)).state is CaseState.FILED
    assert (await region.district.link()).gap_since is None


async def test_a_gap_is_asked_for_again_after_a_while(region: Region) -> None:
    """R93: what was lost on the way is sent again at the receiver's wish."""
    *_, third = await written(region)
    await send_raw(region, third.raw)
    async with region.city.city.database.begin() as uow:
        for row in await region.city.messages(Direction.OUT):
            (await uow.session.merge(row)).state = MessageState.DELIVERED
    region.city.city.clock.advance(timedelta(seconds=90))

    await region.district.talk()
    await region.city.talk()

    assert (await region.district.link()).received == 3
    assert (await case_there(region.district)).state is CaseState.FILED


@pytest.mark.parametrize("trouble", ["secret", "body", "nonce", "late", "nobody"])
async def test_what_is_not_signed_rightly_leaves_no_trace(region: Region, trouble: str) -> None:
    """R93, R95: a wrong key, a changed body, a nonce twice, an old stamp, a stranger."""
    first, *_ = await written(region)
    peer = region.city.options.peer("district")
    now = region.city.city.clock()
    sender = "stranger" if trouble == "nobody" else "city"
    target = f"/exchange/v1/{sender}/messages"
    if trouble == "secret":
        import base64

        from case_bridge.signing import KeyRing

        keys = KeyRing.of("k1:hmac:" + base64.b64encode(b"x" * 32).decode())
    else:
        keys = peer.keys
    stamp = now - timedelta(minutes=6) if trouble == "late" else now
    header = keys.header("POST", target, first.raw, nonce="n" * 20, now=stamp)
    body = first.raw + b" " if trouble == "body" else first.raw
    statuses = []
    for _ in range(2):
        async with region.city.session.post(
            peer.url + target, data=body, headers={HEADER: header, "Accept": "application/json"}
        ) as answer:
            statuses.append(answer.status)

    came = await region.district.messages(Direction.IN)
    if trouble == "nonce":
        assert (statuses, len(came)) == ([200, 403], 1)
    else:
        assert (statuses, came) == ([403, 403], [])


async def test_a_peer_that_is_down_for_hours_gets_everything_once_it_is_back(
    region: Region,
) -> None:
    """R93: nothing is given up, the gaps between attempts grow, and the order stands."""
    await region.district.close()
    await dispatched(region)
    attempts = 0
    for _ in range(36):
        region.city.city.clock.advance(timedelta(minutes=10))
        await region.city.talk()
        attempts = (await region.city.talk_row()).failures
    assert attempts == 36
    assert {s for _, s in await region.city.forms(Direction.OUT)} == {"waiting"}

    await region.district.open()
    region.city.city.clock.advance(timedelta(minutes=10))
    await region.talk()

    assert await region.district.forms(Direction.IN) == [(form, "applied") for form in FIRST]
    row = await region.city.talk_row()
    assert (row.failures, row.problem) == (0, None)


async def test_a_receiver_restored_from_backup_gets_again_what_it_lost(region: Region) -> None:
    """R93: replayable: the sender's journal fills what the receiver's backup lacks."""
    await region.backup(region.district)
    await dispatched(region)
    await region.talk()
    await region.restore(region.district)
    region.city.city.clock.advance(timedelta(hours=25))

    await region.talk()

    assert (await case_there(region.district)).state is CaseState.FILED
    assert (await region.district.link()).received == 3


async def test_a_sender_restored_from_backup_goes_on_behind_its_old_numbers(
    region: Region,
) -> None:
    """R93: a number that was used before is refused, and the message gets the next one."""
    case_id = await dispatched(region)
    await region.talk()
    below = CaseId((await case_there(region.district)).id)
    await region.backup(region.city)
    await region.district.city.work_off(below)
    await region.talk()
    assert (await region.district.link()).received == 4  # the check order
    await region.restore(region.city)
    # The city knows nothing of the feedback; its dispatcher gives the order again.
    city = region.city.city
    async with city.database.begin() as uow:
        from case_bridge.cases.handling import return_case

        await return_case(uow, case_id, reason="重新派遣", actor=city.unit, now=city.clock())
    await city.dispatch(case_id, order="补装井盖，恢复后重发")
    await region.talk()

    below_case = await region.district.city.case(below)
    assert (below_case.round, below_case.state) == (2, CaseState.FILED)
    assert "恢复后重发" in (below_case.order_text or "")
    received = (await region.district.link()).received
    assert received == (await region.city.link()).sent >= 5
    # What the district had told is told again, in order, and fits where it fits.
    city.clock.advance(timedelta(hours=25))
    await region.talk()
    assert (await region.city.link()).received == (await region.district.link()).sent


async def test_a_form_that_does_not_fit_is_refused_kept_and_applied_after_mending(
    region: Region,
) -> None:
    """R93, R96: nothing is forced; the raw message is replayed once a person has mended."""
    city = region.city.city
    case_id = await dispatched(region)
    await region.talk()
    below = CaseId((await case_there(region.district)).id)
    async with city.database.begin() as uow:
        case = await Cases(uow.session).get(case_id, lock=True)
        case.unit_id, unit = city.units["clean"], case.unit_id
        case.state = CaseState.RETURNED
    await region.district.city.work_off(below)
    await region.talk()

    (refused,) = [
        row for row in await region.city.messages(Direction.IN) if row.state is MessageState.REFUSED
    ]
    assert refused.problem
    assert json.loads(refused.raw)["body"]["text"] == "已补装井盖"
    async with city.database.begin() as uow:
        case = await Cases(uow.session).get(case_id, lock=True)
        case.unit_id, case.state = unit, CaseState.HANDLING
    from case_bridge.exchange.receiving import replay

    await replay(city.database, region.city.options, refused.id, now=city.clock())

    assert (await city.case(case_id)).result == "已补装井盖"


async def test_what_cannot_be_read_is_kept_as_it_came(region: Region) -> None:
    """R96: raw before parsing."""
    status, _ = await send_raw(region, b'{"format": "hotline-exchange/1"}')

    assert status == 422
    (row,) = await region.district.messages()
    assert (row.state, row.raw) == (MessageState.UNREADABLE, b'{"format": "hotline-exchange/1"}')
    assert row.problem


async def test_a_wrong_key_keeps_everything_waiting_until_it_is_mended(region: Region) -> None:
    """R93: a key is the operator's to mend; no message is lost by it."""
    import base64

    wrong = "k1:hmac:" + base64.b64encode(b"y" * 32).decode()
    await introduce(region.city, region.district, secret=wrong)
    await dispatched(region)
    await region.city.talk()
    assert "403" in ((await region.city.talk_row()).problem or "")

    await introduce(region.city, region.district)
    region.city.city.clock.advance(timedelta(minutes=10))
    await region.talk()

    assert (await case_there(region.district)).state is CaseState.FILED
