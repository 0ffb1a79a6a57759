"""Units in classes, their terminals, their looks, and the shops under frontage duty."""

from datetime import date, timedelta

import pytest

from case_bridge.units.service import (
    class_one_looks,
    frontage_register,
    load_units,
    note_look,
    sign_frontage,
    terminals,
    unit_contact,
)
from case_bridge.units.unit import Unit, UnitClass
from hotline.kernel.errors import Conflict, Invalid
from tests.integration.case_bridge.city import City

SHOP = Unit(
    code="shop1", name="莲香面馆", unit_class=UnitClass.THIRD, contact_name="李莲", phone="2001"
)


async def test_a_unit_has_several_terminals_that_receive_by_themselves(city: City) -> None:
    """R39: 003 a8."""
    bureau = Unit(code="bureau", name="城管局", unit_class=UnitClass.FIRST)
    stations = [
        Unit(code=f"s{n}", name=f"城管{n}站", unit_class=UnitClass.FIRST, part_of="bureau")
        for n in (1, 2)
    ]
    async with city.database.begin() as uow:
        ids = await load_units(uow, [bureau, *stations], [])
    city.units |= ids

    async with city.database.read() as session:
        (found,) = await terminals(session)
    assert found.unit_name == "城管局"
    assert [each.name for each in found.terminals] == ["城管1站", "城管2站"]
    case_id = await city.registered_case()
    await city.file(case_id)
    await city.dispatch(case_id, "s2")
    await city.handle(case_id, actor=city.handler("s2"))


async def test_a_terminal_of_nobody_is_refused(city: City) -> None:
    """R39."""
    with pytest.raises(Invalid):
        async with city.database.begin() as uow:
            await load_units(
                uow, [Unit(code="x", name="x", unit_class=UnitClass.FIRST, part_of="none")], []
            )


async def test_the_first_look_of_a_day_is_on_record(city: City) -> None:
    """R37: class I units look at least once a day; who did not stands on the list."""
    now = city.clock()
    async with city.database.begin() as uow:
        first = await note_look(uow, city.units["drain"], by_name="局长", now=now)
        again = await note_look(
            uow, city.units["drain"], by_name="别人", now=now + timedelta(hours=1)
        )

    async with city.database.read() as session:
        today = await class_one_looks(session, now=now)
        tomorrow = await class_one_looks(session, now=now + timedelta(days=1))
    assert (first, again) == (True, False)
    assert [(each.unit_name, each.by_name) for each in today] == [
        ("排水公司", "局长"),
        ("环卫处", ""),
    ]
    assert [each.looked_at for each in tomorrow] == [None, None]


async def test_classes_two_and_three_are_reached_by_person_and_phone(city: City) -> None:
    """R36, R38, R41: each unit names a person; only class I has a terminal for certain."""
    second = Unit(
        code="second", name="燃气", unit_class=UnitClass.SECOND, contact_name="何安", phone="1022"
    )
    async with city.database.begin() as uow:
        ids = await load_units(uow, [second], [])

    async with city.database.read() as session:
        contact = await unit_contact(session, ids["second"])
    assert (contact.contact_name, contact.phone) == ("何安", "1022")
    assert [each for each in UnitClass if each.has_terminal] == [UnitClass.FIRST]


async def test_a_shop_signs_its_frontage_duties_and_becomes_a_terminal_by_phone(
    city: City,
) -> None:
    """R40: 003 a9; a register of its own, by number, with its days of validity."""
    async with city.database.begin() as uow:
        unit_id = await sign_frontage(
            uow,
            number="WB-1",
            shop=SHOP,
            address="人民路3号",
            duties="包卫生、包秩序",
            signed_on=date(2026, 1, 1),
            ends_on=date(2027, 1, 1),
        )

    async with city.database.read() as session:
        (held,) = await frontage_register(session, now=city.clock())
        contact = await unit_contact(session, unit_id)
        later = await frontage_register(session, now=city.clock() + timedelta(days=365))
    assert (held.number, held.shop, held.address) == ("WB-1", "莲香面馆", "人民路3号")
    assert contact.unit_class is UnitClass.FRONTAGE
    assert later == []


async def test_the_number_of_an_agreement_is_not_given_to_another_shop(city: City) -> None:
    """R40."""
    other = Unit(code="shop2", name="另一家", unit_class=UnitClass.FRONTAGE, phone="2002")
    terms = {"number": "WB-1", "address": "人民路3号", "duties": "包卫生"}
    async with city.database.begin() as uow:
        await sign_frontage(uow, shop=SHOP, signed_on=date(2026, 1, 1), **terms)

    with pytest.raises(Conflict):
        async with city.database.begin() as uow:
            await sign_frontage(uow, shop=other, signed_on=date(2026, 1, 1), **terms)
    with pytest.raises(Invalid):
        async with city.database.begin() as uow:
            await sign_frontage(
                uow,
                shop=SHOP,
                signed_on=date(2026, 1, 1),
                ends_on=date(2026, 1, 1),
                **terms,
            )
