"""More time, urging and responsibility through the pages, as people use them."""

import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from case_bridge.cases.states import CaseState
from hotline.accounts.roles import Role
from hotline.kernel.ids import CaseId
from tests.integration.case_bridge.city import City, shanghai
from tests.integration.case_bridge.web.test_pages import (  # noqa: F401 - `browse` is a fixture
    Client,
    asked,
    browse,
    page,
    press,
    told,
)

Browse = Callable[..., Awaitable[Client]]


async def dispatched(city: City) -> CaseId:
    case_id = await city.registered_case(condition="BROKEN")
    await city.file(case_id)
    await city.dispatch(case_id)
    return case_id


async def test_an_extension_from_the_application_to_the_new_deadline(
    city: City,
    browse: Browse,  # noqa: F811
) -> None:
    """R51, R52, R53, R54: every act on its page, and why not where it is not."""
    case_id = await dispatched(city)
    case = f"/cases/{case_id}"
    unit, leader = await browse(Role.UNIT, unit="drain"), await browse(Role.SHIFT_LEADER)
    head = await browse(Role.LEADER)

    await press(
        unit,
        f"{case}/later",
        case,
        kind="extension",
        extension="4wh",
        reason="管件定制",
        unit_leader="王处长",
    )
    html = await page(unit, case)
    assert "申请人及其单位不能审批本申请" in html
    assert "已有申请等待审批" in html
    assert "缓办由主管领导审批" in await page(head, "/cases/approvals")
    html = await page(leader, "/cases/approvals")
    assert "再延期一件将超过10%" in html
    approve = re.search(r"/cases/later/[0-9a-f-]{36}/approve", html)
    assert approve
    await press(leader, approve[0], "/cases/approvals", text="同意", back="/cases/approvals")

    told_now = await asked(unit, case)
    assert told_now["due_at"] == shanghai(12, 10).isoformat()
    assert [each["state"] for each in told_now["requests"]] == ["approved"]
    html = await page(unit, case)
    assert "8工作时" in html
    assert "已达到允许的次数" in html


async def test_a_deferral_is_signed_on_the_leaders_page(
    city: City,
    browse: Browse,  # noqa: F811
) -> None:
    """R55."""
    case_id = await dispatched(city)
    unit, head = await browse(Role.UNIT, unit="drain"), await browse(Role.LEADER)
    applied = await told(
        unit, f"/cases/{case_id}/later", kind="deferral", reason="待春季", unit_leader="王处长"
    )
    assert applied["state"] == "dispatched"
    (waiting,) = (await asked(head, "/cases/approvals"))["requests"]
    path = f"/cases/later/{waiting['request_id']}/approve"

    unsigned = await head.post(path, json={})
    assert (unsigned.status, (await unsigned.json())["fields"][0]["field"]) == (422, "signature")
    done = await told(head, path, signature="董国强")

    assert done["state"] == "deferred"
    assert "不计入年度考核" in await page(head, f"/cases/{case_id}")
    assert (await told(unit, f"/cases/{case_id}/resume", text="已到春季"))["state"] == "handling"


async def test_parking_through_verification_into_the_pool_and_out_again(
    city: City,
    browse: Browse,  # noqa: F811
) -> None:
    """R56."""
    case_id = await dispatched(city)
    unit, dispatcher = await browse(Role.UNIT, unit="drain"), await browse(Role.DISPATCHER)
    leader = await browse(Role.SHIFT_LEADER)
    await told(
        unit,
        f"/cases/{case_id}/later",
        kind="shelving",
        reason="产权诉讼",
        unit_leader="王处长",
        until="2026-04-01T09:00",
    )
    html = await page(dispatcher, "/cases/approvals")
    verify = re.search(r"/cases/later/[0-9a-f-]{36}/verify", html)
    assert verify
    await press(dispatcher, verify[0], "/cases/approvals", text="属实")
    await told(leader, verify[0].replace("verify", "approve"))

    (shelved,) = (await asked(leader, "/cases/pool"))["cases"]
    assert (shelved["reason"], shelved["until"]) == ("产权诉讼", "2026-04-01T01:00:00+00:00")
    assert "产权诉讼" in await page(leader, "/cases/pool")
    assert "缓办、挂账和协调中" in await page(unit, "/cases/unit")
    await press(dispatcher, f"/cases/{case_id}/resume", f"/cases/{case_id}", text="判决生效")
    assert (await asked(leader, "/cases/pool"))["cases"] == []


async def test_supervision_order_and_circulation_reach_the_unit(
    city: City,
    browse: Browse,  # noqa: F811
) -> None:
    """R48, R62, R37: on the leader's page, answered on the unit's, whose look is on record."""
    case_id = await dispatched(city)
    case = f"/cases/{case_id}"
    html = await page(await browse(Role.SHIFT_LEADER), case)
    assert "仅限超期或返工的案卷" in html
    assert f'action="{case}/order"' not in html
    city.clock.advance(timedelta(days=1))  # longer than a sign-in lasts
    head, leader = await browse(Role.LEADER), await browse(Role.SHIFT_LEADER)
    unit = await browse(Role.UNIT, unit="drain")

    html = await page(head, "/cases/supervision")
    assert (await city.case(case_id)).number in html
    assert "今日未查看" in html
    await press(leader, f"{case}/order", case, text="限期处置", reply_by="2026-03-13T18:00")
    await press(head, f"{case}/supervise", case, text="请说明原因")
    await press(head, f"{case}/circulate", case, ground="danger", text="危及行人")
    html = await page(unit, "/cases/unit")
    answer = re.search(r"/cases/notices/[0-9a-f-]{36}/answer", html)
    assert answer
    await press(unit, answer[0], "/cases/unit", text="今日完成")

    found = (await asked(head, case))["notices"]
    assert sorted(each["kind"] for each in found) == ["circulate", "order", "supervise"]
    assert [each["answer"] for each in found].count("今日完成") == 1
    assert "测试u-" in await page(head, "/cases/supervision")


async def test_a_dispute_is_settled_on_the_dispatchers_page(
    city: City,
    browse: Browse,  # noqa: F811
) -> None:
    """R49, R58, R60, R109."""
    case_id = await dispatched(city)
    case = f"/cases/{case_id}"
    unit, dispatcher = await browse(Role.UNIT, unit="drain"), await browse(Role.DISPATCHER)
    await press(unit, f"{case}/dispute", case, reason="非我单位资产")
    assert "争议协调中，请组织现场协调" in await page(dispatcher, "/cases/dispatch")
    clean = str(city.units["clean"])
    await press(dispatcher, f"{case}/meet", case, unit_1=clean, minutes="现场确认")
    await press(
        dispatcher, f"{case}/decide", case, decision="agreed", unit_id=clean, words="由环卫处负责"
    )

    now = await asked(dispatcher, case)
    assert (now["state"], now["unit"]) == ("dispatched", "环卫处")
    assert now["disputes"][0]["present"] == ["环卫处"]
    drain = str(city.units["drain"])
    await press(dispatcher, f"{case}/helper", case, unit_id=drain, task="排水配合")
    assert "排水配合" in await page(unit, "/cases/unit")
    await press(unit, f"{case}/help", case, text="已配合")
    await press(dispatcher, f"{case}/refer", case, body="公安局", facts="井盖被盗")
    receipt = re.search(r"/cases/referrals/[0-9a-f-]{36}/receipt", await page(dispatcher, case))
    assert receipt
    await press(dispatcher, receipt[0], case, receipt_number="17号", received_by="赵警官")
    now = await asked(dispatcher, case)
    assert now["helpers"][0]["result"] == "已配合"
    assert now["referrals"][0]["receipt_number"] == "17号"


async def test_an_inspector_settles_on_the_spot_and_a_leader_forces_an_end(
    city: City,
    browse: Browse,  # noqa: F811
) -> None:
    """R19: trivial matters; forced ends are the leader's alone."""
    trivial, stuck = await city.registered_case(), await dispatched(city)
    inspector, head = await browse(Role.INSPECTOR), await browse(Role.LEADER)
    leader = await browse(Role.SHIFT_LEADER)

    await press(inspector, f"/cases/{trivial}/settle", f"/cases/{trivial}", text="已扶正")
    refused = await leader.post(f"/cases/{stuck}/force-close", json={"reason": "拆迁"})
    await press(head, f"/cases/{stuck}/force-close", f"/cases/{stuck}", reason="整体拆迁")

    assert refused.status == 403
    assert (await city.case(trivial)).state is CaseState.SETTLED
    assert (await city.case(stuck)).state is CaseState.CLOSED


async def test_a_wrong_date_or_choice_is_answered_with_its_field(
    city: City,
    browse: Browse,  # noqa: F811
) -> None:
    """R48, R51: the form says which field."""
    case_id = await dispatched(city)
    leader, unit = await browse(Role.SHIFT_LEADER), await browse(Role.UNIT, unit="drain")

    async def field(client: Client, path: str, body: dict[str, Any]) -> str:
        answer = await client.post(f"/cases/{case_id}/{path}", json=body)
        assert answer.status == 422
        return str((await answer.json())["fields"][0]["field"])

    assert await field(leader, "order", {"text": "x", "reply_by": "morgen"}) == "reply_by"
    assert await field(leader, "order", {"text": "x"}) == "reply_by"
    assert await field(unit, "later", {"kind": "never"}) == "kind"
    assert await field(unit, "later", {"kind": "extension", "extension": "4"}) == "limit"


async def test_a_frontage_agreement_is_registered_on_its_page(
    city: City,
    browse: Browse,  # noqa: F811
) -> None:
    """R40."""
    dispatcher = await browse(Role.DISPATCHER)
    await press(
        dispatcher,
        "/cases/frontage",
        "/cases/frontage",
        number="WB-1",
        code="shop1",
        shop="莲香面馆",
        phone="2001",
        address="人民路3号",
        duties="包卫生",
        signed_on="2026-01-05",
    )

    (held,) = (await asked(dispatcher, "/cases/frontage"))["agreements"]
    assert (held["shop"], held["signed_on"]) == ("莲香面馆", "2026-01-05")
    assert "莲香面馆" in await page(dispatcher, "/cases/frontage")
