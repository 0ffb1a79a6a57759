"""A city and a district, each a Hotline of its own, work on one case."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from case_bridge.cases.case import Attachment, CaseSource
from case_bridge.cases.levels import hand_down
from case_bridge.cases.model import CaseRow, EvidenceRow
from case_bridge.cases.reading import case_view, evidence_file
from case_bridge.cases.repository import Cases
from case_bridge.cases.states import CaseState
from case_bridge.evaluation.definition import ObjectKind
from case_bridge.evaluation.period import Period
from case_bridge.evaluation.service import Plan, publish
from case_bridge.exchange.client import PeerClient
from case_bridge.exchange.evaluations import told_evaluations
from case_bridge.exchange.files import PIECE
from case_bridge.exchange.forms import Dispatch, Filing, FormKind
from case_bridge.exchange.journal import Journal
from case_bridge.exchange.model import Direction, ExchangeFileRow, ExchangeMessageRow
from case_bridge.exchange.sending import report_to, write
from case_bridge.exchange.states import FileState, MessageState
from case_bridge.merging.service import merge_cases, unmerge_case
from case_bridge.signing import HEADER
from case_bridge.units.service import load_units
from case_bridge.units.unit import Unit, UnitClass
from hotline.kernel.ids import CaseId
from tests.fakes.people import user
from tests.integration.case_bridge.cases.two_levels import organise
from tests.integration.case_bridge.city import COVER
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
    told = (await region.district.messages(Direction.IN))[-1]
    assert (told.form, told.state, told.problem) == (
        FormKind.CLOSING,
        MessageState.APPLIED,
        "city已结案：已补装井盖",
    )


PHOTO = b"\xff\xd8\xff" + bytes(range(256)) * 6000
"""A photo of more than one piece."""


async def files_at(house: House, case_id: CaseId) -> list[tuple[str, str, bytes]]:
    """Origin, name and content of every file of a case."""
    async with house.city.database.read() as session:
        view = await case_view(session, case_id, now=house.city.clock())
        return [
            (each.origin.value, each.name, await content_of(session, case_id, each.evidence_id))
            for each in view.evidence
            if each.media_type == "image/jpeg"
        ]


async def content_of(session: AsyncSession, case_id: CaseId, evidence_id: UUID) -> bytes:
    return (await evidence_file(session, case_id, evidence_id))[1]


async def test_photos_travel_with_the_forms_both_ways(region: Region) -> None:
    """R93, R15: fetched in pieces by fingerprint; what broke off goes on where it stopped."""
    city, district = region.city.city, region.district.city
    photo = Attachment(name="井口.jpg", media_type="image/jpeg", content=PHOTO)
    case_id = await city.registered_case(attachments=(photo,))
    await city.file(case_id)
    await city.dispatch(case_id)
    await region.city.talk()
    region.city.serve_pieces = 1
    await region.district.talk()
    async with district.database.read() as session:
        (begun,) = await session.scalars(select(ExchangeFileRow))
    assert (begun.state, len(begun.content)) == (FileState.WANTED, PIECE)

    region.city.serve_pieces = None
    district.clock.advance(timedelta(minutes=10))
    await region.talk()

    below = CaseId((await case_there(region.district)).id)
    assert await files_at(region.district, below) == [("report", "井口.jpg", PHOTO)]
    done = Attachment(name="处置后.jpg", media_type="image/jpeg", content=PHOTO[:5000])
    await district.dispatch(below)
    await district.handle(below, attachments=(done,))
    await district.inspect(below, passed=True)
    await district.close(below)
    await region.talk()
    assert ("unit", "处置后.jpg", PHOTO[:5000]) in await files_at(region.city, case_id)


async def test_a_file_that_is_not_what_the_form_said_is_refused(region: Region) -> None:
    """R15: a fingerprint that does not fit, or a file that no form named, is no evidence."""
    city = region.city.city
    photo = Attachment(name="井口.jpg", media_type="image/jpeg", content=PHOTO[:900])
    case_id = await city.registered_case(attachments=(photo,))
    await city.file(case_id)
    await city.dispatch(case_id)
    await region.city.talk()
    async with city.database.begin() as uow:
        # Of the same size and under the same name, but changed since.
        forged = b"\xff\xd8\xff" + bytes(897)
        await uow.session.execute(
            update(EvidenceRow).where(EvidenceRow.media_type == "image/jpeg").values(content=forged)
        )
    await region.talk()

    async with region.district.city.database.read() as session:
        (row,) = await session.scalars(select(ExchangeFileRow))
    assert (row.state, row.problem) == (FileState.REFUSED, "the content has another fingerprint")
    below = CaseId((await case_there(region.district)).id)
    assert await files_at(region.district, below) == []
    client = PeerClient("district", region.city.session, clock=city.clock)
    peer = region.district.options.peer("city")
    link = await region.city.link()
    assert await client.piece(peer, link.case_ref, "0" * 64, 0) is None
    assert await client.piece(peer, "city:no case", row.sha256, 0) is None


async def test_an_answer_that_the_peer_did_not_sign_counts_for_nothing(region: Region) -> None:
    """R95: a box on the way that says 200 has taken nothing."""
    await dispatched(region)
    region.district.signs_answers = False
    await region.city.talk()
    assert {state for _, state in await region.city.forms(Direction.OUT)} == {"waiting"}
    assert "not signed" in ((await region.city.talk_row()).problem or "")

    region.district.signs_answers = True
    region.city.city.clock.advance(timedelta(minutes=10))
    await region.talk()

    assert {state for _, state in await region.city.forms(Direction.OUT)} == {"delivered"}
    assert (await case_there(region.district)).state is CaseState.FILED


async def test_what_is_handed_down_to_a_district_crosses_and_comes_back(region: Region) -> None:
    """R28, R43, R93: a second-level platform of its own house dispatches, feeds back, gives up."""
    city = region.city.city
    await organise(city, "qinzhou")
    platform = Unit(code="drain", name="排水区", unit_class=UnitClass.FIRST, district_code="drain")
    async with city.database.begin() as uow:
        await load_units(uow, (platform,), ())
    given, refused = await city.registered_case(), await city.registered_case()
    for case_id in (given, refused):
        await city.file(case_id)
        async with city.database.begin() as uow:
            await hand_down(
                uow,
                case_id,
                district_id=city.units["drain"],
                order="请本区派遣",
                actor=city.dispatcher,
                now=city.clock(),
            )
    await region.talk()
    below = await cases_there(region.district)
    assert [row.order_text for row in below] == ["请本区派遣"] * 2
    numbers = [(await city.case(each)).number for each in (given, refused)]
    first, second = (
        next(row.id for row in below if (row.channel or "").endswith(number)) for number in numbers
    )
    district = region.district.city

    await district.work_off(CaseId(first))
    await district.void(CaseId(second), reason="不在本区")
    await region.talk()

    done = await city.case(given)
    assert (done.result, done.unit_id) == ("已补装井盖", city.units["drain"])
    assert done.state is CaseState.READY_TO_CLOSE
    back = await city.case(refused)
    assert (back.state, back.district_id) == (CaseState.RETURNED, None)


async def test_a_subordinate_orders_and_files_nothing_at_its_superior(region: Region) -> None:
    """R93: who reported a matter up may tell of it; orders go downward only."""
    district = region.district.city
    case_id = await district.registered_case(subject="跨区河道污染")
    async with district.database.begin() as uow:
        await report_to(
            uow,
            region.district.options,
            "city",
            case_id,
            verify=True,
            text="请市级核实",
            actor=district.desk,
            now=district.clock(),
        )
    await region.talk()
    async with district.database.begin() as uow:
        link = await Journal(uow.session).link(
            "city", (await region.district.link()).case_ref, is_ours=True, now=district.clock()
        )
        filing = Filing(category=COVER.key, limit="2uh", filed_at=district.clock())
        order = Dispatch(order="请办理", due_at=None, dispatched_at=district.clock())
        for form, body in ((FormKind.FILING, filing), (FormKind.DISPATCH, order)):
            await write(uow, region.district.options, link, form, body, now=district.clock())
    await region.talk()

    assert await region.city.forms(Direction.IN) == [
        ("registration", "applied"),
        ("verify_order", "refused"),
        ("filing", "refused"),
        ("dispatch", "refused"),
    ]
    assert (await case_there(region.city)).state is CaseState.REGISTERED


async def test_a_case_that_went_into_another_one_is_answered_by_that_one(region: Region) -> None:
    """R69, R93: a superior's report and a citizen's are one matter; the superior hears its end."""
    case_id = await dispatched(region)
    district = region.district.city
    earlier = await district.registered_case()
    await district.file(earlier)
    await district.dispatch(earlier)
    await region.talk()
    (theirs,) = [row for row in await cases_there(region.district) if row.id != earlier]
    async with district.database.begin() as uow:
        await merge_cases(
            uow, CaseId(theirs.id), earlier, actor=district.desk, now=district.clock()
        )
    await region.talk()
    await district.handle(earlier)
    await district.inspect(earlier, passed=True)
    await district.close(earlier)
    await region.talk()

    assert (await region.city.city.case(case_id)).result == "已补装井盖"


async def test_what_leaves_a_case_takes_along_what_it_took_in(region: Region) -> None:
    """R69, R93: A in B, B in C; once B is out of C, the superior hears of B alone, and at once."""
    case_id = await dispatched(region)
    district = region.district.city
    own, other = await district.registered_case(), await district.registered_case()
    for each in (own, other):
        await district.file(each)
        await district.dispatch(each)
    await region.talk()
    (theirs,) = [row for row in await cases_there(region.district) if row.id not in {own, other}]
    for merged, kept in ((CaseId(theirs.id), own), (own, other)):
        async with district.database.begin() as uow:
            await merge_cases(uow, merged, kept, actor=district.desk, now=district.clock())
        await region.talk()
    assert (await region.district.link()).case_id == other
    async with district.database.begin() as uow:
        await unmerge_case(uow, own, reason="两处井盖", actor=district.desk, now=district.clock())
    await district.dispatch(own)
    await district.handle(own, "已补装人民路的井盖")
    await district.inspect(own, passed=True)
    await district.close(own)
    await region.talk()

    assert (await region.city.city.case(case_id)).result == "已补装人民路的井盖"
    link = await region.district.link()
    assert (link.case_id, link.merged_id) == (own, theirs.id)


async def test_what_happens_before_the_next_round_is_told_too(region: Region) -> None:
    """R93: taken out of another case and voided at once, the superior gets it back."""
    case_id = await dispatched(region)
    district = region.district.city
    own = await district.registered_case()
    await region.talk()
    (theirs,) = [row for row in await cases_there(region.district) if row.id != own]
    theirs_id = CaseId(theirs.id)
    async with district.database.begin() as uow:
        await merge_cases(uow, theirs_id, own, actor=district.desk, now=district.clock())
    await region.talk()
    async with district.database.begin() as uow:
        await unmerge_case(
            uow, theirs_id, reason="两处井盖", actor=district.desk, now=district.clock()
        )
    await district.void(theirs_id, "不在本区")
    await region.talk()

    assert await state(region.city, case_id) is CaseState.RETURNED
    assert (await region.city.city.history(case_id))[-1].text == "不在本区"


async def test_published_evaluations_go_upward_once(region: Region) -> None:
    """R96: what the district publishes of its units, the city reads; of persons nothing."""
    district = region.district.city
    await district.finish(await district.registered_case())
    district.clock.advance(timedelta(days=25))
    for kind in (ObjectKind.UNIT, ObjectKind.INSPECTOR):
        plan = Plan.usual(kind, Period.parse("2026-03"))
        async with district.database.begin() as uow:
            await publish(uow, plan, actor=user("考核员"), now=district.clock())
    await region.talk()
    await region.talk()

    async with region.city.city.database.read() as session:
        (told,) = await told_evaluations(session, region.city.options, before=None, limit=9)
    assert (told.peer, told.report.period, told.report.kind) == ("district", "2026-03", "unit")
    (only,) = told.report.objects
    assert (only.name, only.filed, only.closed) == ("排水公司", 1, 1)


async def cases_there(house: House) -> list[CaseRow]:
    async with house.city.database.read() as session:
        return list(await session.scalars(select(CaseRow).order_by(CaseRow.number)))


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
