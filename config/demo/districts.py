"""The two districts of the demo city: second-level platforms, their units, what each answers for.

荷香区 and 清河区 have the street of their name with its grids and addresses; the city has 东关街道.
"""

from datetime import date
from typing import Final

from case_bridge.units.service import load_units
from case_bridge.units.unit import ResponsibilityRule, Unit, UnitClass
from hotline.kernel.db import Database

ORGANISATION: Final = "lianchi-districts"
"""How the demo city is organised, unless somebody chose another way."""

_SCHEME: Final = "Yuncheng-GB30428.2"
_SINCE: Final = date(2025, 1, 1)


def _unit(code: str, name: str, district: str, contact: str, number: int) -> Unit:
    return Unit(
        code=code,
        name=name,
        unit_class=UnitClass.FIRST,
        contact_name=contact,
        phone=f"010-0000-{number}",
        district_code=district,
    )


UNITS: Final = (
    _unit("HXQ", "荷香区指挥中心", "HXQ", "石磊", 1101),
    _unit("HXJ", "荷香街道办事处", "HXQ", "曹莲", 1031),
    _unit("HXH", "荷香区环卫所", "HXQ", "丁香", 1102),
    _unit("QHQ", "清河区指挥中心", "QHQ", "白雪松", 1201),
    _unit("QHJ", "清河街道办事处", "QHQ", "严清", 1032),
    _unit("QHS", "清河区市政养护所", "QHQ", "路平", 1202),
)
"""The two streets have a terminal of their own here, so that their desk can be seen."""


def _rules(unit: str, street: str, *categories: str) -> list[ResponsibilityRule]:
    return [
        ResponsibilityRule(
            scheme=_SCHEME, category=each, area=street, unit_code=unit, valid_from=_SINCE
        )
        for each in categories
    ]


RULES: Final = (
    *_rules("HXH", "荷香街道", "incident:0110", "incident:0112"),
    *_rules("QHS", "清河街道", "incident:0113", "facility:0284"),
)
"""属地为主 (001 a15): narrower than the city's rules for the same categories."""


async def load_demo_districts(database: Database) -> None:
    """Write the districts, their units and rules; a second start changes nothing."""
    async with database.begin() as uow:
        await load_units(uow, UNITS, RULES)
