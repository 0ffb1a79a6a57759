"""The standard through its page, and two cases side by side, as people use them."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import replace

from aiohttp import FormData

from case_bridge.standards import service
from case_bridge.standards.standard import Standard
from case_bridge.standards.writing import write_xlsx
from hotline.accounts.roles import Role
from tests.integration.case_bridge.cases.two_levels import organise
from tests.integration.case_bridge.city import City
from tests.integration.case_bridge.standards.test_service import SHIPPED, newer
from tests.integration.case_bridge.web.test_pages import (  # noqa: F401 - `browse` is a fixture
    Client,
    asked,
    browse,
    page,
    press,
    told,
)

Browse = Callable[..., Awaitable[Client]]


async def upload(client: Client, standard: Standard) -> tuple[int, str, str]:
    """Send a workbook by the form; return status, page and where the browser is sent."""
    html = await page(client, "/standards")
    token = re.search(r'name="form_token" value="([0-9a-f]+)"', html)
    assert token
    form = FormData()
    form.add_field("form_token", token[1])
    form.add_field("file", write_xlsx(standard), filename="标准.xlsx")
    answer = await client.post(
        "/standards", data=form, headers={"Accept": "text/html"}, allow_redirects=False
    )
    return answer.status, await answer.text(), answer.headers.get("Location", "")


async def test_a_standard_from_the_upload_to_the_roll_back(
    city: City,
    browse: Browse,  # noqa: F811
) -> None:
    """R22, R25: mistakes at once, the difference before the day, one act in force, one back."""
    async with city.database.begin() as uow:
        await service.load_shipped(uow, SHIPPED, now=city.clock())
    staff = await browse(Role.SYSTEM_ADMIN)

    cover = newer().items[0]
    first, second = cover.conditions
    wrong = replace(
        newer(), items=(replace(cover, conditions=(first, replace(first, limit="2wd"))),)
    )
    status, html, _ = await upload(staff, wrong)
    assert status == 422
    assert "立案条件 第3行 “处置时限”列" in html
    assert "请只保留一个时限" in html

    status, _, preview = await upload(staff, newer())
    assert status == 303
    html = await page(staff, preview)
    assert "1紧急工作时" in html
    assert "暴露生活垃圾" in html
    await press(staff, f"{preview}/activate", preview, effective_on="2026-03-01")
    found = await asked(staff, "/standards")
    assert found["in_force"] == "2026.1"
    await press(staff, "/standards/roll-back", "/standards", reason="时限有误")
    assert (await asked(staff, "/standards"))["in_force"] == "demo.1"
    assert "时限有误" in await page(staff, "/standards")
    assert second.words == "破损"


async def test_what_is_downloaded_is_what_was_imported(
    city: City,
    browse: Browse,  # noqa: F811
) -> None:
    async with city.database.begin() as uow:
        await service.load_shipped(uow, SHIPPED, now=city.clock())
    staff, seat = await browse(Role.SYSTEM_ADMIN), await browse(Role.SEAT)
    link = re.search(
        r'href="(/standards/[0-9a-f-]{36}/file\?format=csv)"', await page(staff, "/standards")
    )
    assert link

    answer = await staff.get(link[1])

    assert (await answer.read()).decode("utf-8-sig").splitlines()[1].startswith("标准,")
    assert (await seat.get("/standards", headers={"Accept": "text/html"})).status == 403


async def test_the_filing_desk_sees_what_a_case_is_filed_and_closed_by(
    city: City,
    browse: Browse,  # noqa: F811
) -> None:
    """R20, R25: filing conditions are shown while deciding."""
    async with city.database.begin() as uow:
        await service.load_shipped(uow, newer(), now=city.clock())
    case_id = await city.registered_case(category="Yuncheng-GB30428.2@2026.1:facility:0102")
    leader = await browse(Role.SHIFT_LEADER)

    html = await page(leader, f"/cases/{case_id}")

    assert "井盖缺失" in html
    assert "井盖复位" in html
    options = await page(
        leader, "/cases/conditions?category=Yuncheng-GB30428.2@2026.1:facility:0102"
    )
    assert "HAZARD|1uh" in options
    assert 'hx-swap-oob="true"' in options


async def test_two_reports_are_compared_merged_and_taken_apart(
    city: City,
    browse: Browse,  # noqa: F811
) -> None:
    """R69: proposals with reasons on the desk, side by side, and back."""
    kept = await city.registered_case()
    merged = await city.registered_case(subject="井盖丢失", body="人民路12号的井没有盖子")
    await city.run_jobs()
    leader = await browse(Role.SHIFT_LEADER)

    html = await page(leader, "/cases/desk")
    side_by_side = f"/cases/{merged}/merge/{kept}"
    assert f'href="{side_by_side}"' in html
    assert "同一门牌（12号）" in html
    assert 'accesskey="m"' in await page(leader, side_by_side)
    back = await press(
        leader, f"/cases/{merged}/merge", side_by_side, into=str(kept), back=f"/cases/{kept}"
    )
    assert back == f"/cases/{kept}"
    html = await page(leader, f"/cases/{kept}")
    assert "并入本案卷的" in html
    assert (await asked(leader, f"/cases/{merged}"))["state"] == "merged"

    await press(leader, f"/cases/{merged}/unmerge", f"/cases/{kept}", reason="是两口井")

    assert "已拆案" in await page(leader, f"/cases/{kept}")
    assert (await asked(leader, f"/cases/{merged}"))["state"] == "registered"
    assert (await asked(leader, "/cases/desk"))["proposals"] == []


async def test_two_matters_are_not_proposed_again(
    city: City,
    browse: Browse,  # noqa: F811
) -> None:
    kept = await city.registered_case()
    other = await city.registered_case()
    await city.run_jobs()
    seat = await browse(Role.SEAT)
    assert (await asked(seat, f"/cases/{other}"))["proposals"]

    await told(seat, f"/cases/{other}/apart", other=str(kept))

    assert (await asked(seat, f"/cases/{other}"))["proposals"] == []
    wrong = await seat.post(f"/cases/{other}/merge", json={"into": "no id"})
    assert wrong.status == 422


async def test_a_leader_reads_no_pair_of_another_district(
    city: City,
    browse: Browse,  # noqa: F811
) -> None:
    """R28: two cases side by side show as little of another district as either of them alone."""
    await organise(city, "qinzhou")
    kept, merged = await city.registered_case(), await city.registered_case()
    leader = await browse(Role.SHIFT_LEADER)
    elsewhere = await browse(Role.SHIFT_LEADER, unit="west")

    side_by_side = f"/cases/{merged}/merge/{kept}"

    assert (await leader.get(side_by_side)).status == 200
    assert (await elsewhere.get(side_by_side)).status == 403
