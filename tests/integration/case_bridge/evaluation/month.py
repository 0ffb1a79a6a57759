"""A month of a small city, and its publication."""

from datetime import timedelta

from case_bridge.evaluation import service
from case_bridge.evaluation.definition import ObjectKind
from case_bridge.evaluation.period import Period
from hotline.accounts.model import UserRow
from hotline.accounts.roles import Role
from tests.fakes.people import user
from tests.integration.case_bridge.city import WASTE, City

MARCH = Period.parse("2026-03")


async def work_a_month(city: City) -> None:
    """Drains: one in time, one late and reworked, one open; the cleaners: one in time."""
    await city.closed_case()
    late = await city.registered_case()
    await city.file(late)
    await city.dispatch(late)
    city.clock.advance(timedelta(hours=5))
    await city.handle(late)
    await city.inspect(late, passed=False)
    await city.handle(late)
    await city.inspect(late, passed=True)
    await city.close(late)
    opened = await city.registered_case()
    await city.file(opened)
    await city.dispatch(opened)
    clean = await city.registered_case(category=WASTE.key, condition=None)
    await city.file(clean)
    await city.dispatch(clean, "clean")
    await city.handle(clean, actor=city.handler("clean"))
    await city.inspect(clean, passed=True)
    await city.close(clean)


async def hire_a_contractor(city: City) -> None:
    """The city's inspector works for the cleaners, who collect by contract."""
    async with city.database.begin() as uow:
        uow.session.add(
            UserRow(
                id=city.inspector.user_id,
                login="walker",
                password_hash="",
                display_name=city.inspector.name,
                roles=[Role.INSPECTOR.value],
                unit_id=city.units["clean"],
                created_at=city.clock(),
            )
        )


async def publish_all(city: City) -> None:
    """Publish March for every kind of object."""
    async with city.database.begin() as uow:
        for kind in ObjectKind:
            plan = service.Plan.usual(kind, MARCH)
            await service.publish(uow, plan, actor=user("考核员"), now=city.clock())
