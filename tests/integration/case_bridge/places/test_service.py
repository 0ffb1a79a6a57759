"""The map in the database: imports with history, the register, the gazetteer on its shelf."""

import json
from dataclasses import replace
from datetime import date, timedelta

import pytest

from case_bridge.cases.case import CaseSource, Report
from case_bridge.cases.model import CaseRow
from case_bridge.cases.service import register_case
from case_bridge.evaluation.definition import ObjectKind
from case_bridge.evaluation.service import object_name
from case_bridge.places import register, service
from case_bridge.places.component import ComponentState
from case_bridge.places.grid import SupervisionGrid
from case_bridge.places.position import Crs, Position
from case_bridge.places.register import Editor
from case_bridge.places.service import GazetteerShelf, GridFileDraft
from config.place_tables import PLACES, load_demo_places
from hotline.accounts import audit
from hotline.kernel.db import Database
from hotline.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from tests.conftest import FakeClock

STAFF = Editor("基础数据员")
TODAY = date(2026, 3, 11)


@pytest.fixture
async def city(database: Database, clock: FakeClock) -> Database:
    """The demo city's map, in force today."""
    await load_demo_places(database, now=clock())
    return database


def one_grid(name: str, code: str, west: float = 115.8) -> GridFileDraft:
    corners = [[west, 38.2], [west + 0.001, 38.2], [west + 0.001, 38.201], [west, 38.201]]
    geometry = {"type": "Polygon", "coordinates": [[*corners, corners[0]]]}
    feature = {"type": "Feature", "properties": {"code": code}, "geometry": geometry}
    text = json.dumps({"type": "FeatureCollection", "features": [feature]})
    return GridFileDraft(name, text.encode(), Crs.WGS84)


async def bring(database: Database, file: GridFileDraft, on: date, clock: FakeClock) -> None:
    async with database.begin() as uow:
        await service.import_grids(uow, file, effective_on=on, actor="t", now=clock())


async def test_a_case_with_a_position_gets_its_grid(city: Database, clock: FakeClock) -> None:
    """R101: each case is located to a unit grid when it is registered."""
    async with city.begin() as uow:
        report = Report(
            source=CaseSource.INSPECTOR,
            subject="井盖缺失",
            body="",
            place="荷香路12号",
            longitude=115.9055,
            latitude=38.3055,
        )
        registered = await register_case(uow, report, now=clock())
        row = await uow.session.get(CaseRow, registered.case_id)
        assert row is not None
        assert row.grid_code is not None
        assert row.grid_code.startswith("139900003")
        outside = await register_case(
            uow, replace(report, longitude=100.0, latitude=30.0), now=clock()
        )
        far = await uow.session.get(CaseRow, outside.case_id)
        assert far is not None
        assert far.grid_code is None


async def test_a_community_is_called_by_street_and_name(city: Database) -> None:
    """R101: its code is the first twelve digits of the unit grids that lie in it."""
    async with city.read() as session:
        names = await service.community_names(session)
        called = await object_name(session, ObjectKind.COMMUNITY, "139900001002")
        unknown = await object_name(session, ObjectKind.COMMUNITY, "139900009009")

    assert names["139900001001"] == "荷香街道荷塘社区"
    assert called == "荷香街道书院社区"
    assert unknown == "139900009009", "better its code than nothing"


async def test_a_second_load_of_the_demo_city_changes_nothing(
    city: Database, clock: FakeClock
) -> None:
    await load_demo_places(city, now=clock())
    async with city.read() as session:
        assert len(await service.grid_imports(session)) == 1
        assert len(await service.grids_in_force(session, on=TODAY)) == 400
        assert len(await service.supervision_grids(session, on=TODAY)) == 16


async def test_a_changed_grid_keeps_its_old_shape_until_the_day(
    database: Database, clock: FakeClock
) -> None:
    """R104: base data are updated with an effective date, and history is kept."""
    code, tomorrow = "139900001001001", TODAY + timedelta(days=1)
    await bring(database, one_grid("a.geojson", code), TODAY, clock)
    await bring(database, one_grid("b.geojson", code, west=115.9), tomorrow, clock)
    async with database.read() as session:
        history = await service.grid_history(session, code)
        assert [(g.valid_from, g.valid_to) for g in history] == [
            (TODAY, tomorrow),
            (tomorrow, None),
        ]
        now = clock()
        assert await service.grid_at(session, 115.8005, 38.2005, now=now) == code
        later = now + timedelta(days=1)
        assert await service.grid_at(session, 115.8005, 38.2005, now=later) is None
        assert await service.grid_at(session, 115.9005, 38.2005, now=later) == code
    assert await audit_is_whole(database)


async def audit_is_whole(database: Database) -> bool:
    async with database.read() as session:
        return not list(await audit.verify(session))


async def test_the_past_is_not_rewritten(database: Database, clock: FakeClock) -> None:
    """R104: neither by a past day nor behind a change that is planned."""
    file = one_grid("a.geojson", "139900001001001")
    with pytest.raises(Invalid, match="past"):
        await bring(database, file, TODAY - timedelta(days=1), clock)
    await bring(database, file, TODAY + timedelta(days=5), clock)
    moved = one_grid("b.geojson", "139900001001001", west=115.9)
    with pytest.raises(Conflict, match="choose a later day"):
        await bring(database, moved, TODAY, clock)


async def test_a_file_that_overlaps_what_stays_is_refused_whole(
    city: Database, clock: FakeClock
) -> None:
    """R103: a clear refusal, and an unchanged truth."""
    file = one_grid("a.geojson", "139900009001001", west=115.9005)
    content = file.content.replace(b"38.2", b"38.3")
    with pytest.raises(Invalid, match="overlaps grid 1399"):
        await bring(city, replace(file, content=content), TODAY, clock)
    async with city.read() as session:
        assert len(await service.grids_in_force(session, on=TODAY)) == 400


async def test_the_preview_says_what_a_whole_map_would_end(city: Database) -> None:
    """R104: the difference before an import."""
    file = replace(one_grid("a.geojson", "139900009001001"), whole=True)
    async with city.read() as session:
        preview = await service.preview_grids(session, file)
    assert preview.problems == ()
    assert preview.difference.added == ("139900009001001",)
    assert len(preview.difference.ended) == 400


async def test_supervision_grids_are_regrouped_with_history(
    city: Database, clock: FakeClock
) -> None:
    """R101: groups of unit grids."""
    async with city.begin() as uow:
        held = await service.supervision_grids(uow.session, on=TODAY)
        merged = SupervisionGrid(held[0].code, "合并", held[0].members + held[1].members)
        tomorrow = TODAY + timedelta(days=1)
        changed = await service.load_supervision_grids(
            uow, [merged, *held[2:]], effective_on=tomorrow, now=clock()
        )
        assert changed == 2
    async with city.read() as session:
        later = clock() + timedelta(days=1)
        member = held[1].members[0]
        assert await service.supervision_grid_of(session, member, now=clock()) == held[1].code
        assert await service.supervision_grid_of(session, member, now=later) == held[0].code
    async with city.begin() as uow:
        with pytest.raises(Invalid, match="there is no unit grid"):
            await service.load_supervision_grids(
                uow, [SupervisionGrid("x", "x", ("nowhere",))], effective_on=TODAY, now=clock()
            )


async def test_the_gazetteer_is_read_again_when_a_name_changed(
    city: Database, clock: FakeClock
) -> None:
    """R102: address search over the city's own table."""
    shelf = GazetteerShelf()
    async with city.begin() as uow:
        gazetteer = await shelf.take(uow.session)
        assert await shelf.take(uow.session) is gazetteer
        assert gazetteer.search("新广场") == []
        square = gazetteer.search("莲池广场")[0].place
        clock.advance(timedelta(minutes=1))
        changed = await service.load_names(uow, [replace(square, aliases=("新广场",))], now=clock())
        assert changed == 1
        assert (await shelf.take(uow.session)).search("新广场")[0].place.name == "莲池广场"


async def test_the_register_finds_what_stands_near(city: Database) -> None:
    """R105: near-point lookup, nearest first."""
    async with city.read() as session:
        page = await register.component_page(session, words="路灯", limit=5)
        wanted = page[0].component
        position = Position(wanted.longitude, wanted.latitude)
        near = await register.components_near(session, position, radius_m=150)
    assert near[0].component == wanted
    assert near[0].distance_m == pytest.approx(0)
    assert len(near) > 1
    assert all((view.distance_m or 0) <= 150 for view in near)
    assert near[0].grid_code is not None


async def test_a_department_updates_its_own_component_online(
    city: Database, clock: FakeClock
) -> None:
    """R105: the online update tool; R104: with history, who, why, what was before."""
    async with city.begin() as uow:
        (view,) = await register.component_page(
            uow.session, words="路灯", department="ZMS", limit=1
        )
        await register.update_component(
            uow,
            view.component.code,
            {"state": ComponentState.DAMAGED, "longitude": view.component.longitude + 0.002},
            version=view.version,
            editor=Editor("杨光", "ZMS"),
            reason="巡检发现灯罩破损",
            now=clock(),
        )
        after = await register.component_view(uow.session, view.component.code)
        history = await register.component_history(uow.session, view.component.code)
    assert after.component.state is ComponentState.DAMAGED
    assert after.grid_code != view.grid_code
    assert (history[0].changed_by, history[0].reason) == ("杨光", "巡检发现灯罩破损")
    assert history[0].changes["state"] == [view.component.state.value, "damaged"]


async def test_the_update_tool_refuses_strangers_old_versions_and_silence(
    city: Database, clock: FakeClock
) -> None:
    """R105: a clear refusal, and an unchanged register."""
    async with city.begin() as uow:
        (view,) = await register.component_page(uow.session, words="路灯", limit=1)
        code, state = view.component.code, {"state": ComponentState.LOST}
        cases = (
            (Editor("何安", "RQG"), view.version, state, "丢了", Forbidden),
            (Editor("杨光", "ZMS"), view.version + 1, state, "丢了", Conflict),
            (Editor("杨光", "ZMS"), view.version, state, " ", Invalid),
            (Editor("杨光", "ZMS"), view.version, {"code": "1"}, "改号", Invalid),
            (Editor("杨光", "ZMS"), view.version, {"latitude": 91.0}, "移位", Invalid),
        )
        for editor, version, changes, reason, error in cases:
            with pytest.raises(error):
                await register.update_component(
                    uow, code, changes, version=version, editor=editor, reason=reason, now=clock()
                )
        with pytest.raises(NotFound):
            await register.component_view(uow.session, "1399000101999999")
        assert (await register.component_view(uow.session, code)).component == view.component


async def test_a_new_census_changes_only_what_differs(city: Database, clock: FakeClock) -> None:
    """R103, R104: a census with preview and history."""
    content = (PLACES / "components.csv").read_bytes().replace("破损".encode(), "完好".encode())
    async with city.begin() as uow:
        preview = await register.preview_components(uow.session, content, Crs.WGS84)
        done = await register.import_components(
            uow, content, Crs.WGS84, editor=STAFF, reason="2026年复查", now=clock()
        )
        again = await register.import_components(
            uow, content, Crs.WGS84, editor=STAFF, reason="2026年复查", now=clock()
        )
    assert (preview.added, preview.changed) == (0, done.changed)
    assert done.changed == 7
    assert again.changed == 0


async def test_a_census_names_row_and_column_of_each_mistake(database: Database) -> None:
    """R103: true and correct base data."""
    head = "code,name,state,longitude,latitude\n"
    rows = (
        "1399000101000001,井盖,完好,115.9,38.3\n"
        "139900010100000,井盖,完好,115.9,38.3\n"
        "1399000101000002,井盖,坏的,115.9,38.3\n"
        "1399000101000003,,完好,115.9,38.3\n"
        "1399000101000004,井盖,完好,east,38.3\n"
        "1399000101000001,井盖,完好,115.9,38.3\n"
    )
    async with database.read() as session:
        found = await register.preview_components(session, (head + rows).encode(), Crs.WGS84)
    words = [str(problem) for problem in found.problems]
    assert words[0].startswith("row 3: column component_code")
    assert words[1].startswith("row 4: column state")
    assert words[2].startswith("row 5: column name")
    assert words[3].startswith("row 6: column longitude")
    assert words[4] == "row 7: column code: is that of row 2"
