"""Use cases: load units and their matrix, find the unit that answers for a matter."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from case_bridge.units.matcher import Matter, categories_over, suggest_unit
from case_bridge.units.model import FrontageRow
from case_bridge.units.repository import Units
from case_bridge.units.unit import ResponsibilityRule, Suggestion, Unit, UnitClass, UnitContact
from hotline.kernel.clock import SHANGHAI
from hotline.kernel.db import UnitOfWork
from hotline.kernel.errors import Conflict, Forbidden, Invalid
from hotline.kernel.ids import UnitId, new_id

_KINDS: Final = frozenset({"facility", "incident"})


async def load_units(
    uow: UnitOfWork, units: Iterable[Unit], rules: Iterable[ResponsibilityRule]
) -> dict[str, UnitId]:
    """Write units and matrix; a second load of the same data changes nothing.

    Rules are never deleted: one that no longer holds is given a `valid_to`, so that an old
    dispatch can still be explained. Returns every unit's id by its code.

    Raises:
        Invalid: if a terminal is part of an unknown unit, a district is none, or a rule names
            an unknown unit or a malformed category.
    """
    units = tuple(units)
    repository = Units(uow.session)
    for unit in units:
        await repository.put(unit)
    ids = await repository.by_code()
    for unit in units:
        if unit.part_of is not None:
            if unit.part_of not in ids or unit.part_of == unit.code:
                raise Invalid(f"unit {unit.code}", f"there is no unit {unit.part_of} to be part of")
            await repository.put_terminal(ids[unit.code], ids[unit.part_of])
    await _put_districts(repository, units, ids)
    for number, rule in enumerate(rules, start=1):
        if rule.unit_code not in ids:
            raise Invalid(f"rule {number}", f"there is no unit {rule.unit_code}")
        kind, colon, code = rule.category.partition(":")
        if kind not in _KINDS or not colon or not code:
            raise Invalid(f"rule {number}", f"{rule.category} is not kind:code")
        await repository.put_rule(rule, ids[rule.unit_code])
    return ids


async def _put_districts(
    repository: Units, units: Iterable[Unit], ids: Mapping[str, UnitId]
) -> None:
    units = tuple(units)
    platforms = {unit.code for unit in units if unit.district_code == unit.code}
    for unit in units:
        if unit.district_code is not None and unit.district_code not in platforms:
            raise Invalid(f"unit {unit.code}", f"{unit.district_code} is no second-level platform")
        district = ids[unit.district_code] if unit.district_code else None
        await repository.put_district(ids[unit.code], district)


async def platform_of(session: AsyncSession, unit_id: UnitId | None) -> UnitId | None:
    """Return the unit if it is a second-level platform, else None."""
    if unit_id is None:
        return None
    return unit_id if await Units(session).district_of(unit_id) == unit_id else None


async def unit_contact(session: AsyncSession, unit_id: UnitId) -> UnitContact:
    """Return how the unit is reached.

    Raises:
        NotFound: if there is no such unit.
    """
    units = Units(session)
    row = await units.get(unit_id)
    competent = row.competent_code if row.is_utility else None
    return UnitContact(
        unit_id=UnitId(row.id),
        name=row.name,
        unit_class=row.unit_class,
        contact_name=row.contact_name,
        phone=row.phone,
        competent_id=(await units.by_code()).get(competent) if competent else None,
    )


async def note_look(uow: UnitOfWork, unit_id: UnitId, *, by_name: str, now: datetime) -> bool:
    """Note that a unit looked at its cases today (R37); False if it had before."""
    day = now.astimezone(SHANGHAI).date()
    return await Units(uow.session).look(unit_id, day, at=now, by_name=by_name)


async def has_looked(session: AsyncSession, unit_id: UnitId, *, now: datetime) -> bool:
    """Say whether today's first look of a unit is on record (R37)."""
    return await Units(session).has_looked(unit_id, now.astimezone(SHANGHAI).date())


@dataclass(frozen=True, slots=True, kw_only=True)
class LookView:
    """A class I unit, and when it looked at its cases today."""

    unit_name: str
    looked_at: datetime | None
    by_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontageView:
    """A frontage agreement in force."""

    number: str
    shop: str
    address: str
    duties: str
    contact_name: str
    phone: str
    signed_on: date
    ends_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminal:
    """A unit that receives cases by itself as part of another."""

    code: str
    name: str
    unit_class: UnitClass


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitTerminals:
    """A unit, and the terminals that are part of it."""

    unit_name: str
    terminals: tuple[Terminal, ...]


async def class_one_looks(
    session: AsyncSession, *, district: UnitId | None = None, now: datetime
) -> Sequence[LookView]:
    """Return every class I unit, or those of a district, with today's first look (R37)."""
    day = now.astimezone(SHANGHAI).date()
    return [
        LookView(
            unit_name=unit.name,
            looked_at=look.first_at if look else None,
            by_name=look.by_name if look else "",
        )
        for unit, look in await Units(session).looks(day, district=district)
    ]


async def terminals(
    session: AsyncSession, *, district: UnitId | None = None
) -> Sequence[UnitTerminals]:
    """Return the units that have terminals, by code (R39); of one district its terminals alone."""
    found: dict[str, list[Terminal]] = {}
    names: dict[str, str] = {}
    for unit, row in await Units(session).terminals(district=district):
        names[unit.code] = unit.name
        terminal = Terminal(code=row.code, name=row.name, unit_class=row.unit_class)
        found.setdefault(unit.code, []).append(terminal)
    return [
        UnitTerminals(unit_name=names[code], terminals=tuple(each)) for code, each in found.items()
    ]


async def frontage_register(
    session: AsyncSession, *, district: UnitId | None = None, now: datetime
) -> Sequence[FrontageView]:
    """Return the frontage agreements in force today, by address (R40); of one district too."""
    day = now.astimezone(SHANGHAI).date()
    return [
        FrontageView(
            number=row.number,
            shop=unit.name,
            address=row.address,
            duties=row.duties,
            contact_name=unit.contact_name,
            phone=unit.phone,
            signed_on=row.signed_on,
            ends_on=row.ends_on,
        )
        for row, unit in await Units(session).agreements(day, district=district)
    ]


async def sign_frontage(
    uow: UnitOfWork,
    *,
    number: str,
    shop: Unit,
    address: str,
    duties: str,
    signed_on: date,
    ends_on: date | None = None,
    district: UnitId | None = None,
) -> UnitId:
    """Register a shop's agreement about frontage duties; it becomes a unit reached by phone (R40).

    Signed by a `district`, the shop is that district's.

    Raises:
        Forbidden: if the shop is another district's, or the city's.
        Invalid: if number, address, duties or phone are missing, or the end is not after the
            start.
        Conflict: if the number was given to another shop.
    """
    for name, text in (("number", number), ("address", address), ("duties", duties)):
        if not text.strip():
            raise Invalid(name, "is empty")
    for name, text in (("code", shop.code), ("shop", shop.name), ("phone", shop.phone)):
        if not text.strip():
            raise Invalid(name, "is empty; a shop is reached by phone, under its name")
    if ends_on is not None and ends_on <= signed_on:
        raise Invalid("ends_on", "is not after the day of signing")
    units = Units(uow.session)
    known = (await units.by_code()).get(shop.code)
    if district is not None and known is not None and await units.district_of(known) != district:
        raise Forbidden("the shop is another district's")
    await units.put(replace(shop, unit_class=UnitClass.FRONTAGE))
    unit_id = (await units.by_code())[shop.code]
    if district is not None:
        await units.put_district(unit_id, district)
    row = await units.agreement(number.strip())
    if row is None:
        row = FrontageRow(id=new_id(), number=number.strip(), unit_id=unit_id)
        uow.session.add(row)
    elif row.unit_id != unit_id:
        raise Conflict(f"agreement {number} is another shop's")
    row.address, row.duties = address.strip(), duties.strip()
    row.signed_on, row.ends_on = signed_on, ends_on
    await uow.session.flush()
    return unit_id


async def oversees(session: AsyncSession, unit_id: UnitId, other: UnitId) -> bool:
    """Say whether a unit is the competent department of another (R33: 004 a17)."""
    return (await unit_contact(session, other)).competent_id == unit_id


async def unit_name(session: AsyncSession, unit_id: UnitId) -> str:
    """Return the unit's name.

    Raises:
        NotFound: if there is no such unit.
    """
    return (await Units(session).get(unit_id)).name


async def find_units(
    session: AsyncSession, matters: Sequence[Matter], *, now: datetime
) -> list[Suggestion | None]:
    """Return a suggestion for each matter, in their order, from one look at the matrix."""
    today = now.astimezone(SHANGHAI).date()
    # Cases of one category at one place are many on a page, and have one answer.
    different = dict.fromkeys(matters)
    categories = {each for matter in different for each in categories_over(matter)}
    if not categories:
        return [None] * len(matters)
    rules = await Units(session).in_force(today, categories)
    found = {matter: suggest_unit(rules, matter, on=today) for matter in different}
    return [found[matter] for matter in matters]


async def list_units(
    session: AsyncSession, *, district_id: UnitId | None = None
) -> Sequence[tuple[UnitId, str]]:
    """Return id and name of every unit, or of those of a district, by name."""
    units = Units(session)
    return await (units.of_district(district_id) if district_id else units.names())


async def list_districts(session: AsyncSession) -> Sequence[tuple[UnitId, str]]:
    """Return id and name of every second-level platform, by name (R28)."""
    return await Units(session).districts()


async def districts_of_units(session: AsyncSession) -> Mapping[UnitId, UnitId]:
    """Return the second-level platform of every unit that has one."""
    return await Units(session).district_by_unit()
