"""The roster: who walks where, who may go, who was there."""

from datetime import date, timedelta
from uuid import uuid4

import pytest

from case_bridge.cases import service
from case_bridge.field import roster
from case_bridge.field.roster import TRACK_KEPT, TrackPoint
from case_bridge.field.service import enlist_inspector, take_task
from case_bridge.places.position import Position
from case_bridge.places.service import supervision_grids
from config.place_tables import load_demo_places
from hotline.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from hotline.kernel.ids import CaseId, UserId
from tests.integration.case_bridge.city import City

HERE = {"longitude": 115.9055, "latitude": 38.3025}
"""In the south-west: community 001 of street 003."""
GRID = "139900003001"
TRAINED = date(2026, 1, 5)


async def people(city: City, *names: str) -> list[UserId]:
    """Trained inspectors on duty, beside the city's own, who has the day off."""
    found = [UserId(uuid4()) for _ in names]
    async with city.database.begin() as uow:
        assert city.inspector.user_id is not None
        await enlist_inspector(uow, city.inspector.user_id, name="丙", on_duty=False)
        for user_id, name in zip(found, names, strict=True):
            await enlist_inspector(uow, user_id, name=name, trained_on=TRAINED)
            await roster.begin_duty(uow, user_id, now=city.clock())
    return found


async def sent_out(city: City) -> UserId | None:
    """Whom the house sends to a new case at HERE."""
    case_id = await city.registered_case(**HERE)
    return await sent_to(city, case_id)


async def sent_to(city: City, case_id: CaseId) -> UserId | None:
    async with city.database.begin() as uow:
        await service.verify_case(uow, case_id, actor=city.desk, now=city.clock())
    (task,) = await city.tasks(case_id)
    return UserId(task.inspector_id) if task.inspector_id else None


async def test_who_walks_the_grid_is_sent_first_then_who_has_least_to_do(city: City) -> None:
    """R107, R18: inspectors by area; R101: the case's grid decides."""
    await load_demo_places(city.database, now=city.clock())
    one, two = await people(city, "甲", "乙")
    async with city.database.begin() as uow:
        await roster.assign_grid(uow, two, GRID, actor="t", now=city.clock())
    assert [await sent_out(city) for _ in range(2)] == [two, two]
    async with city.database.begin() as uow:
        await roster.unassign_grid(uow, two, GRID, actor="t", now=city.clock())
    assert await sent_out(city) == one


async def test_a_supervision_grid_has_one_or_two_inspectors(city: City) -> None:
    """R101: 003 a10."""
    await load_demo_places(city.database, now=city.clock())
    now = city.clock()
    walkers = await people(city, "甲", "乙", "丁")
    async with city.database.begin() as uow:
        for user_id in (*walkers[:2], walkers[0]):
            await roster.assign_grid(uow, user_id, GRID, actor="t", now=now)
        with pytest.raises(Conflict, match="two inspectors"):
            await roster.assign_grid(uow, walkers[2], GRID, actor="t", now=now)
        with pytest.raises(NotFound):
            await roster.assign_grid(uow, walkers[2], "nowhere", actor="t", now=now)
        assert len(await supervision_grids(uow.session, on=date(2026, 3, 11))) == 16
        lines = {line.name: line.grids for line in await roster.roster(uow.session)}
    assert lines["甲"] == lines["乙"] == (GRID,)
    assert lines["丁"] == ()


async def test_nobody_is_sent_out_before_training(city: City) -> None:
    """R107: 000 a15, only after training."""
    (trained,) = await people(city, "甲")
    novice = UserId(uuid4())
    async with city.database.begin() as uow:
        await enlist_inspector(uow, novice, name="丁")
        await roster.end_duty(uow, trained, now=city.clock())
        with pytest.raises(Forbidden, match="training"):
            await roster.begin_duty(uow, novice, now=city.clock())
    case_id = await city.registered_case()
    assert await sent_to(city, case_id) is None
    (task,) = await city.tasks(case_id)
    async with city.database.begin() as uow:
        with pytest.raises(Forbidden, match="training"):
            await take_task(uow, task.id, user_id=novice, name="丁")
        with pytest.raises(Invalid, match="still to come"):
            await roster.record_training(
                uow, novice, trained_on=date(2026, 3, 12), actor="t", now=city.clock()
            )
        await roster.record_training(uow, novice, trained_on=TRAINED, actor="t", now=city.clock())
        await take_task(uow, task.id, user_id=novice, name="丁")


async def test_a_suspended_inspector_is_off_duty_and_their_tasks_are_free(city: City) -> None:
    """R107: 000 a30, suspended on misconduct."""
    (user_id,) = await people(city, "甲")
    case_id = await city.registered_case()
    assert await sent_to(city, case_id) == user_id
    async with city.database.begin() as uow:
        with pytest.raises(Invalid, match="why"):
            await roster.suspend(uow, user_id, reason=" ", actor="t", now=city.clock())
        await roster.suspend(uow, user_id, reason="虚报", actor="t", now=city.clock())
        with pytest.raises(Conflict):
            await roster.suspend(uow, user_id, reason="虚报", actor="t", now=city.clock())
    (task,) = await city.tasks(case_id)
    assert task.inspector_id is None
    async with city.database.begin() as uow:
        with pytest.raises(Forbidden, match="suspended"):
            await roster.begin_duty(uow, user_id, now=city.clock())
        with pytest.raises(Forbidden, match="suspended"):
            await take_task(uow, task.id, user_id=user_id, name="甲")
        (line,) = [each for each in await roster.roster(uow.session) if each.user_id == user_id]
        assert (line.on_duty, line.suspension_reason) == (False, "虚报")
        await roster.reinstate(uow, user_id, actor="t", now=city.clock())
        await roster.begin_duty(uow, user_id, now=city.clock())


def point(city: City, minutes: int, x: float = 115.9) -> TrackPoint:
    return TrackPoint(city.clock() + timedelta(minutes=minutes), Position(x, 38.3), 8.0)


async def test_a_track_is_kept_once_and_only_on_duty(city: City) -> None:
    """R106, R88: what is walked off duty is nobody's business."""
    (user_id,) = await people(city, "甲")
    points = [point(city, -30), point(city, 1), point(city, 2)]
    async with city.database.begin() as uow:
        assert await roster.record_track(uow, user_id, points, now=city.clock()) == 2
        assert await roster.record_track(uow, user_id, points, now=city.clock()) == 0
        city.clock.advance(timedelta(hours=2))
        await roster.end_duty(uow, user_id, now=city.clock())
        city.clock.advance(timedelta(hours=1))
        assert await roster.record_track(uow, user_id, [point(city, 0)], now=city.clock()) == 0
        with pytest.raises(Invalid, match="at most"):
            await roster.record_track(uow, user_id, [points[0]] * 501, now=city.clock())
        walked = await roster.track_of(
            uow.session,
            user_id,
            since=city.clock() - timedelta(days=1),
            until=city.clock(),
        )
    assert [each.at for each in walked] == [points[1].at, points[2].at]


async def test_the_command_screen_sees_where_those_on_duty_were_last(city: City) -> None:
    """R99: inspectors on duty."""
    one, two = await people(city, "甲", "乙")
    async with city.database.begin() as uow:
        for user_id in (one, two):
            points = [point(city, 1, 115.90), point(city, 2, 115.91)]
            await roster.record_track(uow, user_id, points, now=city.clock())
        await roster.end_duty(uow, two, now=city.clock() + timedelta(minutes=3))
        seen = {line.user_id: line.last_seen for line in await roster.roster(uow.session)}
    assert seen[one] is not None
    assert seen[one].position.longitude == 115.91  # type: ignore[union-attr]
    assert seen[two] is None


async def test_tracks_are_forgotten_and_attendance_is_kept(city: City) -> None:
    """R89, R106: retention of the track."""
    (user_id,) = await people(city, "甲")
    begun = city.clock()
    async with city.database.begin() as uow:
        await roster.record_track(uow, user_id, [point(city, 1)], now=city.clock())
        await roster.end_duty(uow, user_id, now=begun + timedelta(hours=4))
        assert await roster.forget_tracks(uow, now=begun + TRACK_KEPT) == 0
        later = begun + TRACK_KEPT + timedelta(days=1)
        assert await roster.forget_tracks(uow, now=later) == 1
        lines = {
            each.name: each
            for each in await roster.attendance(uow.session, date(2026, 3, 11), now=later)
        }
    assert (lines["甲"].duties, lines["甲"].on_duty) == (1, timedelta(hours=4))
    assert lines["丙"].duties == 0


async def test_a_duty_over_midnight_counts_for_both_days(city: City) -> None:
    """R106: attendance by the day of Shanghai."""
    (user_id,) = await people(city, "甲")
    begun = city.clock()  # 10:00 in Shanghai
    async with city.database.begin() as uow:
        await roster.begin_duty(uow, user_id, now=begun + timedelta(hours=1))
        end = begun + timedelta(hours=16)
        await roster.end_duty(uow, user_id, now=end)
        first = await roster.attendance(uow.session, date(2026, 3, 11), now=end)
        second = await roster.attendance(uow.session, date(2026, 3, 12), now=end)
    assert {each.name: each.on_duty for each in first}["甲"] == timedelta(hours=14)
    assert {each.name: each.on_duty for each in second}["甲"] == timedelta(hours=2)
