"""The map, the roster and the register in Chromium: drawn, searchable, readable by everybody."""

import pytest
from playwright.async_api import expect
from sqlalchemy import select

from case_bridge.cases.case import CaseSource, Report
from case_bridge.cases.service import register_case
from case_bridge.field import roster
from case_bridge.field.roster import TrackPoint
from case_bridge.field.service import enlist_inspector
from case_bridge.places.gazetteer import NameKind, PlaceName
from case_bridge.places.position import Position
from case_bridge.places.service import load_names
from case_bridge.web.places_options import SEARCH, MapOptions
from case_bridge.web.places_routes import places_part
from case_bridge.web.routes import PART as CASES_PART
from config.place_tables import PLACES, load_demo_places
from hotline.accounts.roles import Role
from hotline.kernel.db import Database
from hotline.tickets.model import TicketRow
from hotline.web.desk.options import DeskPlaces
from tests.conftest import FakeClock
from tests.e2e.web.conftest import Browser
from tests.fakes.memory_signals import MemorySignals
from tests.fakes.web_house import WebHouse


@pytest.fixture
async def house(database: Database, clock: FakeClock) -> WebHouse:
    """A city with its map, two cases and an inspector on duty."""
    parts = (CASES_PART, places_part(MapOptions()))
    house = WebHouse(database, clock, MemorySignals(), parts=parts, places=DeskPlaces(SEARCH))
    await load_demo_places(database, now=clock())
    await house.user("leader", Role.SHIFT_LEADER)
    await house.user("staff", Role.SYSTEM_ADMIN)
    inspector = await house.user("zhang", Role.INSPECTOR)
    trained_on = clock().date()
    async with database.begin() as uow:
        for subject, x, y in (("污水井盖缺失", 115.9065, 38.3125), ("路灯不亮", 115.912, 38.306)):
            report = Report(
                source=CaseSource.INSPECTOR,
                subject=subject,
                body="",
                place="东关街道",
                longitude=x,
                latitude=y,
            )
            await register_case(uow, report, now=clock())
        await enlist_inspector(uow, inspector, name="张三", trained_on=trained_on)
        await roster.begin_duty(uow, inspector, now=clock())
        await roster.assign_grid(uow, inspector, "139900003001", actor="t", now=clock())
        points = [TrackPoint(clock(), Position(115.909, 38.309), 5.0)]
        await roster.record_track(uow, inspector, points, now=clock())
    return house


async def test_the_map_is_drawn_without_any_base_map(browser: Browser) -> None:
    """R99: problem positions and inspectors on duty; R102: search by pinyin."""
    page = browser.page
    await browser.sign_in("leader")
    await page.goto("/places/map")
    await page.wait_for_selector("#map[data-drawn=true]")
    assert await page.inner_text("#map-status") == "在办案卷 2 件，其中超期 0 件；在岗监督员 1 人"
    assert "视频点位" in await page.inner_text(".leaflet-control-layers"), "R100"
    await browser.looks_right("map")
    await page.fill("#q", "rmyy")
    await page.keyboard.press("Enter")
    await page.wait_for_selector("#map-hits button")
    assert "莲池市人民医院" in await page.inner_text("#map-hits")
    assert "139900001" in await page.inner_text(".leaflet-popup")


async def test_the_roster_and_the_register_can_be_read_by_everybody(browser: Browser) -> None:
    """R107, R105: pages of the roster and of the components."""
    page = browser.page
    await browser.sign_in("leader")
    await page.goto("/places/roster")
    assert "东关社区责任网格" in await page.inner_text("table")
    await browser.looks_right("roster")
    await page.goto("/places/components?q=路灯")
    await browser.looks_right("components")


async def test_a_file_of_grids_is_previewed_on_the_spot(browser: Browser) -> None:
    """R103, R104: the preview beside the form, before anything is imported."""
    page = browser.page
    await browser.sign_in("staff")
    await page.goto("/places/grids")
    wrong = (PLACES / "grids.geojson").read_bytes().replace(b"139900003001002", b"139900003001001")
    await page.set_input_files(
        "#file", {"name": "a.geojson", "mimeType": "application/json", "buffer": wrong}
    )
    await page.click("button[hx-post]")
    await page.wait_for_selector("#preview .notice")
    assert "编码与第1个要素" in await page.inner_text("#preview")
    await browser.looks_right("grids")
    await page.goto("/places/components?q=路灯")
    await page.click("table a")
    await page.wait_for_selector("#edit")
    await browser.looks_right("component")


async def test_a_seat_finds_the_place_of_an_address_by_keyboard(
    house: WebHouse, database: Database, clock: FakeClock, browser: Browser
) -> None:
    """R102: an address has its position and grid; one outside of the city is said to be so."""
    far = PlaceName(NameKind.ROAD, "外地大道", (), "", Position(100.0, 30.0))
    async with database.begin() as uow:
        await load_names(uow, [far], now=clock())
    await house.user("wang", Role.SEAT)
    page = browser.page
    await browser.sign_in("wang")
    await page.goto("/desk")
    await page.wait_for_selector(".seat-bar .line")
    await page.keyboard.press("Alt+b")
    await page.keyboard.type("路灯不亮")
    await page.keyboard.press("Alt+o")
    await page.keyboard.type("荷香路12号门前")
    await page.wait_for_selector("#address-0")
    await page.keyboard.press("ArrowDown")
    await page.wait_for_selector("#address-0[aria-selected=true]")
    await browser.looks_right("desk-address")
    await page.keyboard.press("Enter")
    await page.wait_for_selector("#address-place:has-text('单元网格 1399')")
    assert await page.input_value("#address") == "荷香路12号门前"
    await page.select_option("#reply_channel", "web")
    await page.keyboard.press("Control+s")
    await page.wait_for_selector("text=已保存：")
    async with database.read() as session:
        row = (await session.scalars(select(TicketRow))).one()
        assert row.longitude == pytest.approx(115.9, abs=0.1)

    await page.fill("#address", "外地大道")
    await page.wait_for_selector("#address-0:has-text('不在本市网格内')")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await page.wait_for_selector("#address-place:has-text('核对是否属于本市管辖')")
    await browser.looks_right("desk-address-outside")
    await page.fill("#address", "没有这个地方")
    await page.wait_for_selector("#address-place:has-text('没有找到')")
    await page.keyboard.press("Control+s")
    await page.wait_for_selector(".messages .good:has-text('已保存')")
    await expect(page.locator("#address-place")).not_to_contain_text("坐标")
