"""A city with a district below it: the people of both levels, and what they do in one word each."""

from dataclasses import dataclass, replace
from typing import Any

from case_bridge.cases import checking, levels
from case_bridge.cases.case import Actor
from case_bridge.cases.organisation import Organisation
from case_bridge.cases.repository import Cases
from case_bridge.units.service import load_units
from case_bridge.units.unit import Unit, UnitClass
from config.catalogue import load_catalogue
from hotline.accounts.roles import Role
from hotline.kernel.ids import CaseId, UnitId
from tests.integration.case_bridge.city import City, person

PRESETS = load_catalogue().organisations

UNITS = (
    Unit(code="east", name="城东区指挥中心", unit_class=UnitClass.FIRST, district_code="east"),
    Unit(code="street", name="城东街道", unit_class=UnitClass.FIRST, district_code="east"),
    Unit(code="west", name="城西区指挥中心", unit_class=UnitClass.FIRST, district_code="west"),
)


@dataclass
class Levels:
    """The same city under one organisation, with its district 城东区."""

    city: City
    organisation: Organisation
    east: UnitId
    west: UnitId
    dispatcher: Actor
    leader: Actor
    seat: Actor
    head: Actor
    below: Actor
    """The district's dispatcher."""
    below_leader: Actor
    below_head: Actor
    elsewhere: Actor
    """The other district's dispatcher and shift leader in one."""

    async def hand_down(self, case_id: CaseId, *, actor: Actor | None = None) -> None:
        async with self.city.database.begin() as uow:
            await levels.hand_down(
                uow,
                case_id,
                district_id=self.east,
                order="补装井盖",
                reason="属地为主",
                actor=actor or self.dispatcher,
                now=self.city.clock(),
            )

    async def hand_up(self, case_id: CaseId, *, actor: Actor, reason: str = "不在本区") -> None:
        async with self.city.database.begin() as uow:
            await levels.hand_up(uow, case_id, reason=reason, actor=actor, now=self.city.clock())

    async def pass_up(self, case_id: CaseId, *, actor: Actor | None = None) -> None:
        async with self.city.database.begin() as uow:
            await levels.pass_up(
                uow, case_id, text="情况属实", actor=actor or self.below, now=self.city.clock()
            )

    async def send_back(self, case_id: CaseId, *, actor: Actor | None = None) -> None:
        async with self.city.database.begin() as uow:
            await levels.send_back(
                uow, case_id, reason="照片不清", actor=actor or self.below, now=self.city.clock()
            )

    async def check(self, case_id: CaseId, *, actor: Actor, passed: bool = True) -> None:
        async with self.city.database.begin() as uow:
            await checking.check_at_centre(
                uow,
                case_id,
                passed=passed,
                text="电话核查，已修好",
                actor=actor,
                now=self.city.clock(),
            )

    async def dispatch(self, case_id: CaseId, *, actor: Actor, unit: str = "street") -> None:
        await self.city.dispatch(case_id, unit, actor=actor)

    async def handle(self, case_id: CaseId, unit: str = "street", **changes: Any) -> None:
        await self.city.handle(case_id, actor=self.city.handler(unit), **changes)

    async def filed(self) -> CaseId:
        case_id = await self.city.registered_case()
        await self.city.file(case_id)
        return case_id


async def organise(city: City, preset: str) -> Levels:
    """Put the city under one organisation, with two districts."""
    organisation = PRESETS[preset]
    async with city.database.begin() as uow:
        city.units |= await load_units(uow, UNITS, ())
        await Cases(uow.session).put_organisation(organisation, now=city.clock())
    east, west = city.units["east"], city.units["west"]

    def of(district: UnitId, name: str, *roles: Role) -> Actor:
        return replace(person(name, *roles, unit_id=district), district_id=district)

    return Levels(
        city=city,
        organisation=organisation,
        east=east,
        west=west,
        dispatcher=city.dispatcher,
        leader=city.desk,
        seat=person("坐席丁", Role.SEAT),
        head=person("领导戊", Role.LEADER),
        below=of(east, "区派遣员", Role.DISPATCHER),
        below_leader=of(east, "区值班长", Role.SHIFT_LEADER),
        below_head=of(east, "区领导", Role.LEADER),
        elsewhere=of(west, "邻区", Role.DISPATCHER, Role.SHIFT_LEADER, Role.LEADER),
    )
