"""The case system through its pages: by forms as people use it, by JSON as programs do."""

import re
from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest
from aiohttp import FormData, web
from aiohttp.test_utils import TestClient
from sqlalchemy import select

from case_bridge.cases.case import Attachment
from case_bridge.cases.states import CaseState
from case_bridge.field.service import enlist_inspector
from case_bridge.web.routes import PART
from hotline.accounts import audit
from hotline.accounts import service as accounts
from hotline.accounts.model import AuditRow
from hotline.accounts.roles import Role
from hotline.kernel.clock import SHANGHAI
from hotline.kernel.ids import CaseId, UnitId, UserId
from hotline.tickets.states import TicketState
from hotline.web.app import make_app
from hotline.web.desk.handlers import TICKET_ROLES
from hotline.web.keys import WebOptions
from tests.fakes.memory_signals import MemorySignals
from tests.integration.case_bridge.cases.two_levels import organise
from tests.integration.case_bridge.city import City

Client = TestClient[web.Request, web.Application]
PASSWORD = "an invented password"
PHOTO = b"\xff\xd8\xff\xe0 a photo of a cover"


@pytest.fixture
async def browse(city: City, aiohttp_client: Any) -> Callable[..., Awaitable[Client]]:
    """Open a browser of a person who holds the given roles and has just signed in."""
    options = WebOptions(b"a secret of thirty-two bytes, at least")

    async def open_client(*roles: Role, unit: str | None = None) -> Client:
        app = make_app(city.database, (PART,), options, clock=city.clock, signals=MemorySignals())
        client: Client = await aiohttp_client(app)
        if roles:
            login = f"u-{uuid4().hex[:8]}"
            await make_user(city, login, roles, city.units[unit] if unit else None)
            answer = await client.post("/login", json={"login": login, "password": PASSWORD})
            assert answer.status == 200
        return client

    return open_client


async def make_user(
    city: City, login: str, roles: tuple[Role, ...], unit_id: UnitId | None
) -> UserId:
    async with city.database.begin() as uow:
        user_id = await accounts.create_user(
            uow,
            login=login,
            password=PASSWORD,
            display_name=f"测试{login}",
            roles=roles,
            unit_id=unit_id,
            actor="test",
            now=city.clock(),
        )
        if Role.INSPECTOR in roles:
            assert city.inspector.user_id is not None
            await enlist_inspector(uow, city.inspector.user_id, name="休息", on_duty=False)
            await enlist_inspector(uow, user_id, name=f"测试{login}", trained_on=date(2026, 1, 5))
    return user_id


async def page(client: Client, path: str, status: int = 200) -> str:
    answer = await client.get(path, headers={"Accept": "text/html"})
    assert answer.status == status, await answer.text()
    return await answer.text()


async def press(client: Client, path: str, on: str, **fields: str) -> str:
    """Send a form of the page `on`; return where the browser is sent."""
    html = await page(client, on)
    assert f'action="{path}"' in html
    found = re.search(r'name="form_token" value="([0-9a-f]+)"', html)
    assert found
    answer = await client.post(path, data={"form_token": found[1]} | fields, allow_redirects=False)
    assert answer.status == 303, await answer.text()
    return answer.headers["Location"]


async def told(client: Client, path: str, **body: Any) -> Any:
    """Do an act as a program does; return the JSON answer."""
    answer = await client.post(path, json=body)
    assert answer.status == 200, await answer.text()
    return await answer.json()


async def asked(client: Client, path: str) -> Any:
    answer = await client.get(path, headers={"Accept": "application/json"})
    assert answer.status == 200, await answer.text()
    return await answer.json()


async def test_the_whole_story_through_the_forms_of_the_pages(
    city: City, browse: Callable[..., Awaitable[Client]]
) -> None:
    ticket_id = await city.transferred_ticket()
    await city.run_jobs()
    case_id = await city.case_of(ticket_id)
    number = (await city.case(case_id)).number
    case = f"/cases/{case_id}"
    leader = await browse(Role.SHIFT_LEADER)
    dispatcher = await browse(Role.DISPATCHER)
    unit = await browse(Role.UNIT, unit="drain")
    inspector = await browse(Role.INSPECTOR)

    assert number in await page(leader, "/cases/desk")
    await press(
        leader,
        f"{case}/file",
        case,
        category="Yuncheng-GB30428.2:facility:0102",
        condition="HAZARD|2uh",
    )

    html = await page(dispatcher, "/cases/dispatch")
    assert "派遣至排水公司" in html
    assert "责任矩阵：类别 01 × 全域" in html
    back = await press(
        dispatcher,
        f"{case}/dispatch",
        "/cases/dispatch",
        unit_id=str(city.units["drain"]),
        reason="责任矩阵",
        back="/cases/dispatch",
    )
    assert back == "/cases/dispatch"

    assert number in await page(unit, "/cases/unit")
    html = await page(unit, case)
    assert "截止时间如何算出" in html
    assert "紧急工作时" in html
    await press(unit, f"{case}/accept", case)
    await press(unit, f"{case}/handle", case, text="已补装井盖")

    html = await page(inspector, "/field/tasks")
    task = re.search(r"/field/tasks/[0-9a-f-]{36}", html)
    assert task
    html = await page(inspector, task[0])
    key = re.search(r'name="key" value="([0-9a-f-]+)"', html)
    assert key
    await press(
        inspector, f"{task[0]}/result", task[0], key=key[1], passed="true", text="与派遣要求一致"
    )

    await press(leader, f"{case}/close", case, matches_order="true", text="井盖已补装")
    html = await page(leader, case)
    assert "已结案" in html
    await city.run_jobs()
    ticket = await city.ticket(ticket_id)
    assert (ticket.state, ticket.result) == (TicketState.RESOLVED, "井盖已补装")


async def test_r26_the_desks_say_until_when_the_next_step_has_to_be_taken(
    city: City, browse: Callable[..., Awaitable[Client]]
) -> None:
    """R26, R76: not yet filed or dispatched, a case has no deadline but that of the centre."""
    await city.registered_case()
    await city.file(await city.registered_case())
    desks = (
        (Role.SHIFT_LEADER, "/cases/desk", "to_decide"),
        (Role.DISPATCHER, "/cases/dispatch", "to_dispatch"),
    )
    for role, path, name in desks:
        client = await browse(role)
        (line,) = (await asked(client, path))[name]
        assert (line["due_at"], line["is_stage_late"]) == (None, False)
        until = datetime.fromisoformat(line["stage_due_at"]).astimezone(SHANGHAI)
        assert f"{until:%Y-%m-%d %H:%M}" in await page(client, path)

    city.clock.advance(timedelta(days=4))

    for role, path, name in desks:
        client = await browse(role)
        (line,) = (await asked(client, path))[name]
        assert line["is_stage_late"]
        assert f'<a href="/cases/{line["case_id"]}#stages"' in await page(client, path)
        assert "超期</a>" in await page(client, path)
        assert 'id="stages"' in await page(client, f"/cases/{line['case_id']}")


async def test_whoever_dispatches_goes_on_at_the_next_case_of_the_same_page(
    city: City, browse: Callable[..., Awaitable[Client]]
) -> None:
    """R26: two hundred in the morning, by keyboard."""
    for _ in range(3):
        await city.file(await city.registered_case())
    dispatcher = await browse(Role.DISPATCHER)
    waiting = (await asked(dispatcher, "/cases/dispatch"))["to_dispatch"]
    numbers = [line["number"] for line in waiting]
    assert len(numbers) == 3

    where = []
    for line in waiting:
        html = await page(dispatcher, "/cases/dispatch?x=1")
        assert f'<a id="case-{line["number"]}"' in html
        form = html[html.index(f'action="/cases/{line["case_id"]}/dispatch"') :]
        back = re.findall(r'name="back" value="([^"]+)"', form)[0]
        where.append(
            await press(
                dispatcher,
                f"/cases/{line['case_id']}/dispatch",
                "/cases/dispatch",
                unit_id=line["suggested_unit_id"],
                reason=line["suggestion_reason"],
                back=back,
            )
        )

    assert where == [
        f"/cases/dispatch?x=1#case-{numbers[1]}",
        f"/cases/dispatch?x=1#case-{numbers[2]}",
        "/cases/dispatch?x=1#list",
    ]


async def test_what_is_refused_changes_nothing_and_is_on_record(
    city: City, browse: Callable[..., Awaitable[Client]]
) -> None:
    """R110, R111: not the person's act, or not the case's time: a row of the audit each."""
    case_id = await city.registered_case()
    case = f"/cases/{case_id}"
    leader, unit = await browse(Role.SHIFT_LEADER), await browse(Role.UNIT, unit="drain")
    async with city.database.read() as session:
        before = (await audit.head(session)).seq

    statuses = [
        (await who.post(f"{case}/{act}", json=words)).status
        for who, act, words in (
            (leader, "close", {"matches_order": True, "text": "已处置"}),
            (unit, "handle", {"text": "已处置"}),
            (leader, "void", {"reason": " "}),
        )
    ]

    assert statuses == [409, 403, 422]
    async with city.database.read() as session:
        found = await session.scalars(select(AuditRow).where(AuditRow.seq > before))
        rows = [(row.action, row.target) for row in found]
    # What was merely not filled in is no act.
    assert rows == [("case.refused", f"{case}/close"), ("case.refused", f"{case}/handle")]
    assert (await city.case(case_id)).state is CaseState.REGISTERED
    assert await city.history(case_id) == []


async def test_the_whole_story_as_a_program_plays_it(
    city: City, browse: Callable[..., Awaitable[Client]]
) -> None:
    ticket_id = await city.transferred_ticket()
    await city.run_jobs()
    leader = await browse(Role.SHIFT_LEADER)
    dispatcher = await browse(Role.DISPATCHER)
    unit = await browse(Role.UNIT, unit="drain")
    inspector = await browse(Role.INSPECTOR)

    (link,) = (await asked(leader, f"/cases/of-ticket/{ticket_id}"))["links"]
    case = f"/cases/{link['case_id']}"
    (line,) = (await asked(leader, "/cases/desk"))["to_decide"]
    assert line["number"] == link["number"]
    assert (await told(leader, f"{case}/file"))["state"] == "filed"
    (line,) = (await asked(dispatcher, "/cases/dispatch"))["to_dispatch"]
    assert line["suggested_unit"] == "排水公司"
    sent = await told(
        dispatcher,
        f"{case}/dispatch",
        unit_id=line["suggested_unit_id"],
        order="补装井盖",
        reason=line["suggestion_reason"],
    )
    assert sent["due_at"] is not None
    (line,) = (await asked(unit, "/cases/unit"))["to_handle"]
    assert line["case_id"] == link["case_id"]
    await told(unit, f"{case}/handle", text="已补装井盖")
    (task,) = (await asked(inspector, "/field/tasks"))["tasks"]
    assert (task["kind"], task["order"]) == ("inspect", "补装井盖")
    result = f"/field/tasks/{task['task_id']}/result"
    for _ in range(2):  # a telephone with a bad network sends it twice
        done = await told(inspector, result, key="k1", passed=True, text="一致")
        assert done["state"] == "done"
    closed = await told(leader, f"{case}/close", matches_order=True)

    assert closed["state"] == "closed"
    assert [step["trigger"] for step in closed["history"]][-1] == "close"


async def test_r17_a_refusal_without_words_is_answered_with_its_field(
    city: City, browse: Callable[..., Awaitable[Client]]
) -> None:
    case_id = await city.registered_case()
    leader = await browse(Role.SHIFT_LEADER)

    answer = await leader.post(
        f"/cases/{case_id}/decline", json={"reason": "out_of_scope", "text": ""}
    )

    assert answer.status == 422
    (refused,) = (await answer.json())["fields"]
    assert (refused["field"], refused["problem"]) == ("text", "is empty")


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("decline", {"reason": "because", "text": "不办"}, "reason"),
        ("close", {"text": "好了"}, "matches_order"),
        ("file", {"category": "no such", "condition": "HAZARD"}, "category_code"),
    ],
)
async def test_a_wrong_value_is_answered_with_its_field(
    city: City,
    browse: Callable[..., Awaitable[Client]],
    path: str,
    body: dict[str, str],
    field: str,
) -> None:
    case_id = await city.registered_case()
    leader = await browse(Role.SHIFT_LEADER)

    answer = await leader.post(f"/cases/{case_id}/{path}", json=body)

    assert answer.status == 422
    assert (await answer.json())["fields"][0]["field"] == field


async def test_the_second_of_two_dispatchers_is_told_that_it_is_done(
    city: City, browse: Callable[..., Awaitable[Client]]
) -> None:
    case_id = await city.registered_case()
    await city.file(case_id)
    first, second = await browse(Role.DISPATCHER), await browse(Role.DISPATCHER)
    body = {"unit_id": str(city.units["drain"])}

    answers = [
        await client.post(f"/cases/{case_id}/dispatch", json=body) for client in (first, second)
    ]

    assert [answer.status for answer in answers] == [200, 409]


async def test_a_unit_does_not_see_the_cases_of_another(
    city: City, browse: Callable[..., Awaitable[Client]]
) -> None:
    case_id = await city.registered_case()
    await city.file(case_id)
    await city.dispatch(case_id)
    other = await browse(Role.UNIT, unit="clean")

    assert (await asked(other, "/cases/unit"))["to_handle"] == []
    await page(other, f"/cases/{case_id}", status=403)


async def test_a_unit_may_still_read_a_case_it_returned(
    city: City, browse: Callable[..., Awaitable[Client]]
) -> None:
    case_id = await city.registered_case()
    await city.file(case_id)
    await city.dispatch(case_id)
    await city.return_by_unit(case_id)
    await city.dispatch(case_id, "clean")
    unit = await browse(Role.UNIT, unit="drain")

    html = await page(unit, f"/cases/{case_id}")
    assert f'action="/cases/{case_id}/handle"' not in html


async def test_r50_the_unit_that_returned_a_case_is_not_suggested_for_it_again(
    city: City, browse: Callable[..., Awaitable[Client]]
) -> None:
    """R50: nor by one click from the list; a unit that only has others' returned cases still is."""
    returned, other = await city.registered_case(), await city.registered_case()
    for case_id in (returned, other):
        await city.file(case_id)
    await city.dispatch(returned)
    await city.return_by_unit(returned)
    dispatcher = await browse(Role.DISPATCHER)

    listed = (await asked(dispatcher, "/cases/dispatch"))["to_dispatch"]
    html = await page(dispatcher, "/cases/dispatch")

    assert {each["case_id"]: each["suggested_unit"] for each in listed} == {
        str(returned): None,
        str(other): "排水公司",
    }
    assert "责任矩阵没有列明其他单位" in html
    assert f'action="/cases/{returned}/dispatch"' not in html


async def test_a_unit_sees_first_what_is_due_first(
    city: City, browse: Callable[..., Awaitable[Client]]
) -> None:
    """R26, R73: by the deadline, whichever was registered first."""
    early = await city.registered_case()
    city.clock.advance(timedelta(minutes=10))
    late = await city.registered_case()
    for case_id in (late, early):
        await city.file(case_id)
        await city.dispatch(case_id)
        city.clock.advance(timedelta(minutes=10))

    unit = await browse(Role.UNIT, unit="drain")

    listed = (await asked(unit, "/cases/unit"))["to_handle"]
    assert [line["case_id"] for line in listed] == [str(late), str(early)]
    html = await page(unit, "/cases/unit")
    assert html.index(listed[0]["number"]) < html.index(listed[1]["number"])


async def test_someone_of_no_unit_has_no_unit_page(
    browse: Callable[..., Awaitable[Client]],
) -> None:
    await page(await browse(Role.UNIT), "/cases/unit", status=403)


async def test_r15_a_photo_handed_in_is_given_back_unchanged(
    city: City, browse: Callable[..., Awaitable[Client]]
) -> None:
    case_id = await city.registered_case()
    await city.file(case_id)
    await city.dispatch(case_id)
    unit = await browse(Role.UNIT, unit="drain")
    html = await page(unit, f"/cases/{case_id}")
    found = re.search(r'name="form_token" value="([0-9a-f]+)"', html)
    assert found
    form = FormData({"form_token": found[1], "text": "已补装"}, quote_fields=False)
    form.add_field("photo", PHOTO, filename="处置后.jpg", content_type="image/jpeg")
    answer = await unit.post(
        f"/cases/{case_id}/handle", data=form, headers={"Accept": "application/json"}
    )
    assert answer.status == 200, await answer.text()
    photo = next(e for e in (await answer.json())["evidence"] if e["media_type"] == "image/jpeg")

    kept = await unit.get(f"/cases/{case_id}/evidence/{photo['evidence_id']}")

    assert photo["name"] == "处置后.jpg"
    assert await kept.read() == PHOTO
    assert kept.headers["X-Content-Type-Options"] == "nosniff"


async def test_a_case_is_found_by_the_number_that_people_say(
    city: City, browse: Callable[..., Awaitable[Client]]
) -> None:
    case_id = await city.registered_case()
    leader = await browse(Role.LEADER)

    assert (await asked(leader, "/cases/all?number=26031100001"))["case_id"] == str(case_id)
    await page(leader, "/cases/all?number=1", status=404)


async def test_all_cases_are_listed_by_state_page_by_page(
    city: City, browse: Callable[..., Awaitable[Client]]
) -> None:
    declined = await city.registered_case()
    for _ in range(51):
        await city.registered_case()
    await city.decline(declined)
    leader = await browse(Role.SUPERVISOR)

    (line,) = (await asked(leader, "/cases/all?state=declined"))["cases"]
    first = await asked(leader, "/cases/all")
    rest = await asked(leader, f"/cases/all?after={quote(first['next'])}")

    assert line["case_id"] == str(declined)
    assert (len(first["cases"]), len(rest["cases"]), rest["next"]) == (50, 2, None)
    assert "下一页" in await page(leader, "/cases/all")
    await page(leader, "/cases/all?state=nowhere", status=422)
    await page(leader, "/cases/all?after=nowhere", status=422)


async def test_a_person_is_led_from_a_ticket_to_its_case(
    city: City, browse: Callable[..., Awaitable[Client]]
) -> None:
    ticket_id = await city.transferred_ticket()
    leader = await browse(Role.SHIFT_LEADER)
    await page(leader, f"/cases/of-ticket/{ticket_id}", status=404)
    await city.run_jobs()

    html = await page(leader, f"/cases/of-ticket/{ticket_id}")

    assert (await city.case(await city.case_of(ticket_id))).number in html


async def test_alarms_and_refusals_are_on_the_shift_leaders_desk(
    city: City, browse: Callable[..., Awaitable[Client]]
) -> None:
    ticket_id = await city.transferred_ticket(subject="井盖 <b>缺失</b>")
    await city.run_jobs()
    async with city.database.begin() as uow:
        from case_bridge.bridge.repository import Links, Messages
        from case_bridge.bridge.states import CrossingState

        link = await Links(uow.session).get(ticket_id, 1, lock=True)
        link.state, link.problem = CrossingState.FAILED, "类别停用"
        await Messages(uow.session).raise_alarm(
            key="k",
            problem="消息矛盾",
            ticket_id=ticket_id,
            round_=1,
            case_key=None,
            now=city.clock(),
        )
    leader = await browse(Role.SHIFT_LEADER)

    html = await page(leader, "/cases/desk")
    assert "消息矛盾" in html
    assert "类别停用" in html
    assert "<b>缺失" not in html
    alarm = re.search(r"/cases/alarms/[0-9a-f-]{36}/settle", html)
    assert alarm
    await press(leader, alarm[0], "/cases/desk")
    await press(leader, f"/cases/links/{ticket_id}/1/retry", "/cases/desk")
    assert await city.alarms() == []
    assert (await city.link(ticket_id)).state is CrossingState.PENDING


async def test_the_conditions_of_a_chosen_category_are_offered(
    browse: Callable[..., Awaitable[Client]],
) -> None:
    leader = await browse(Role.SHIFT_LEADER)

    known = await page(leader, "/cases/conditions?category=Yuncheng-GB30428.2:facility:0102")
    unknown = await page(leader, "/cases/conditions?category=x")

    assert '<option value="HAZARD|2uh">缺失、移位或破裂（2紧急工作时）</option>' in known
    assert "请在下方填写" in unknown


async def test_a_task_that_waits_for_anybody_is_taken(
    city: City, browse: Callable[..., Awaitable[Client]]
) -> None:
    async with city.database.begin() as uow:
        assert city.inspector.user_id is not None
        await enlist_inspector(uow, city.inspector.user_id, name="丙", on_duty=False)
    case_id = await city.registered_case()
    await city.file(case_id)
    await city.dispatch(case_id)
    await city.handle(case_id)
    task_id = await city.open_task(case_id)
    inspector = await browse(Role.INSPECTOR)

    assert "待领取" in await page(inspector, "/field/tasks")
    await press(inspector, f"/field/tasks/{task_id}/take", f"/field/tasks/{task_id}")
    await told(inspector, f"/field/tasks/{task_id}/result", key="k", passed=False, text="松动")

    assert (await city.case(case_id)).state is CaseState.DISPATCHED


async def test_an_inspector_reads_until_when_and_what_the_unit_reports_as_done(
    city: City, browse: Callable[..., Awaitable[Client]]
) -> None:
    """R63, R64, R76: the check has a clock, and is held against the feedback and its photos."""
    case_id = await city.registered_case()
    await city.file(case_id)
    await city.dispatch(case_id)
    await city.handle(case_id, "先放了警示牌", attachments=(photo("first.jpg"),))
    await city.inspect(case_id, passed=False)
    inspector = await browse(Role.INSPECTOR)
    city.clock.advance(timedelta(minutes=1))
    await city.handle(case_id, "换了新井盖", attachments=(photo("second.jpg"),))
    path = f"/field/tasks/{await city.open_task(case_id)}"
    due_at = datetime.fromisoformat((await asked(inspector, path))["due_at"])
    due = due_at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")

    html, listed = await page(inspector, path), await page(inspector, "/field/tasks")
    assert "换了新井盖" in html
    assert "先放了警示牌" not in html
    assert "second.jpg" in html
    assert "first.jpg" not in html
    assert due in html
    assert due in listed
    assert "超期" not in html + listed
    file = re.search(rf"/cases/{case_id}/evidence/[0-9a-f-]+", html)
    assert file
    assert (await inspector.get(file[0])).status == 200

    city.clock.advance(due_at - city.clock() + timedelta(minutes=1))
    assert "超期" in await page(inspector, path)
    assert "超期" in await page(inspector, "/field/tasks")


def photo(name: str) -> Attachment:
    return Attachment(name=name, media_type="image/jpeg", content=PHOTO + name.encode())


async def test_the_pages_speak_english_too(
    city: City, browse: Callable[..., Awaitable[Client]]
) -> None:
    case_id = await city.registered_case()
    leader = await browse(Role.SHIFT_LEADER)
    leader.session.cookie_jar.update_cookies({"hotline_language": "en"})

    html = await page(leader, f"/cases/{case_id}")

    assert "Registered" in html
    assert "登记时间" not in html


async def test_an_id_that_is_none_is_a_422_not_a_500(
    browse: Callable[..., Awaitable[Client]],
) -> None:
    leader = await browse(Role.SHIFT_LEADER)

    await page(leader, "/cases/not-an-id", status=422)
    await page(leader, f"/cases/{CaseId(uuid4())}", status=404)


async def test_the_page_of_a_ticket_is_told_where_its_case_stands(
    city: City, browse: Callable[..., Awaitable[Client]]
) -> None:
    """R69: who asks what became of a report hears the case, its unit and its last step."""
    ticket_id = await city.transferred_ticket()
    card = f"/cases/of-ticket/{ticket_id}/card"
    seat = await browse(Role.SEAT)
    assert "案卷正在生成" in await page(seat, card)

    await city.run_jobs()
    case = await city.case(await city.case_of(ticket_id))

    for role in Role:
        if role in TICKET_ROLES | {Role.INSPECTOR}:
            html = await page(await browse(role), card)
            assert case.number in html
            assert "已登记" in html
            assert "尚未派遣" in html
        else:
            await page(await browse(role), card, status=403)


async def test_a_district_hears_of_another_platforms_case_that_it_is_not_theirs(
    city: City, browse: Callable[..., Awaitable[Client]]
) -> None:
    """R28: the ticket's page has one short line, not the case of another and no page of errors."""
    await organise(city, "chongqing")
    ticket_id = await city.transferred_ticket()
    await city.run_jobs()
    case = await city.case(await city.case_of(ticket_id))

    html = await page(await browse(Role.SEAT, unit="east"), f"/cases/of-ticket/{ticket_id}/card")

    assert "其他平台" in html
    assert case.number not in html


@pytest.mark.parametrize(
    ("role", "home"),
    [
        (Role.DISPATCHER, "/cases/dispatch"),
        (Role.INSPECTOR, "/field/tasks"),
        (Role.SUPERVISOR, "/evaluation"),
    ],
)
async def test_everybody_begins_at_their_own_work(
    city: City, browse: Callable[..., Awaitable[Client]], role: Role, home: str
) -> None:
    client = await browse()
    await make_user(city, "somebody", (role,), None)
    token = re.search(r'name="form_token" value="([^"]+)"', await page(client, "/login"))
    assert token
    fields = {"login": "somebody", "password": PASSWORD, "form_token": token[1]}

    answer = await client.post("/login", data=fields, allow_redirects=False)

    assert answer.headers["Location"] == home
