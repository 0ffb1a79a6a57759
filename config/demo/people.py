"""The people and seats of the demo city; `hotline serve --demo` brings them, and nothing else does.

Everybody is invented. One password for all, printed at the start: never for a real city.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Final
from uuid import UUID

from case_bridge.field.roster import assign_grid
from case_bridge.field.service import enlist_inspector
from case_bridge.places.service import supervision_grids
from case_bridge.units.repository import Units
from channels.voice.sip.auth import DigestSecret
from hotline.accounts.repository import Users
from hotline.accounts.roles import Role
from hotline.accounts.service import create_user
from hotline.kernel.clock import SHANGHAI
from hotline.kernel.db import Database, UnitOfWork
from hotline.kernel.ids import UserId
from hotline.queues.service import put_seat
from hotline.queues.values import SeatDraft

PASSWORD: Final = "lianchi-2026"  # noqa: S105 - it is meant to be known
ACTOR: Final = "system:demo"
TRAINED_ON: Final = date(2026, 1, 5)


@dataclass(frozen=True, slots=True)
class Seat:
    """A seat with its SIP phone; the phone's password is the demo's."""

    extension: str
    name: str
    queue: str = "hotline"


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who may sign in."""

    login: str
    name: str
    role: Role
    seat: str | None = None
    unit: str | None = None


SEATS: Final = (Seat("1001", "一号坐席"), Seat("1002", "二号坐席"), Seat("1003", "三号坐席"))

ACCOUNTS: Final = (
    Account("seat1", "林晓芳", Role.SEAT, seat="1001"),
    Account("seat2", "高志远", Role.SEAT, seat="1002"),
    Account("seat3", "马春燕", Role.SEAT, seat="1003"),
    Account("leader", "罗建华", Role.SHIFT_LEADER),
    Account("dispatcher", "梁文博", Role.DISPATCHER),
    Account("inspector1", "宋大伟", Role.INSPECTOR),
    Account("inspector2", "谢丽娟", Role.INSPECTOR),
    Account("unit-gsg", "许清泉", Role.UNIT, unit="GSG"),
    Account("unit-szs", "沈建平", Role.UNIT, unit="SZS"),
    Account("unit-hwc", "朱桂英", Role.UNIT, unit="HWC"),
    Account("unit-zms", "杨光", Role.UNIT, unit="ZMS"),
    Account("unit-zfd", "尤志强", Role.UNIT, unit="ZFD"),
    Account("unit-ylc", "秦松林", Role.UNIT, unit="YLC"),
    Account("hxq", "韩冬梅", Role.DISPATCHER, unit="HXQ"),
    Account("hxq-leader", "石磊", Role.SHIFT_LEADER, unit="HXQ"),
    Account("unit-hxj", "曹莲", Role.UNIT, unit="HXJ"),
    Account("unit-hxh", "丁香", Role.UNIT, unit="HXH"),
    Account("qhq", "白雪松", Role.DISPATCHER, unit="QHQ"),
    Account("qhq-leader", "江涛", Role.SHIFT_LEADER, unit="QHQ"),
    Account("unit-qhs", "路平", Role.UNIT, unit="QHS"),
    Account("supervisor", "唐敏", Role.SUPERVISOR),
    Account("head", "董国强", Role.LEADER),
    Account("sysadmin", "系统管理员", Role.SYSTEM_ADMIN),
    Account("secadmin", "安全管理员", Role.SECURITY_ADMIN),
    Account("auditor", "审计管理员", Role.AUDIT_ADMIN),
)


WALKS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "inspector1": ("139900001", "139900003"),  # 荷香街道, 东关街道
        "inspector2": ("139900002",),  # 清河街道
    }
)
"""The streets, by the code of their grids, that each inspector walks."""


async def load_demo_people(database: Database, *, realm: str, now: datetime) -> None:
    """Make the demo's seats and accounts; those that exist stay as they are."""
    async with database.begin() as uow:
        seats = {seat.extension: await _put_seat(uow, seat, realm, now=now) for seat in SEATS}
        units: Mapping[str, UUID] = await Units(uow.session).by_code()
        for account in ACCOUNTS:
            if await Users(uow.session).by_login(account.login) is None:
                user_id = await create_user(
                    uow,
                    login=account.login,
                    password=PASSWORD,
                    display_name=account.name,
                    roles={account.role},
                    unit_id=units[account.unit] if account.unit else None,
                    seat_id=seats[account.seat] if account.seat else None,
                    actor=ACTOR,
                    now=now,
                )
                if account.role is Role.INSPECTOR:
                    await enlist_inspector(uow, user_id, name=account.name, trained_on=TRAINED_ON)
                    await _assign_grids(uow, user_id, WALKS.get(account.login, ()), now=now)


async def _assign_grids(
    uow: UnitOfWork, user_id: UserId, streets: tuple[str, ...], *, now: datetime
) -> None:
    """Let an inspector walk every supervision grid of some streets."""
    today = now.astimezone(SHANGHAI).date()
    for grid in await supervision_grids(uow.session, on=today):
        if grid.code.startswith(streets or ("-",)):
            await assign_grid(uow, user_id, grid.code, actor=ACTOR, now=now)


async def _put_seat(uow: UnitOfWork, seat: Seat, realm: str, *, now: datetime) -> UUID:
    secret = DigestSecret.of(seat.extension, realm, PASSWORD)
    draft = SeatDraft(
        name=seat.name,
        extension=seat.extension,
        queue=seat.queue,
        sip_ha1_md5=secret.md5,
        sip_ha1_sha256=secret.sha256,
    )
    return await put_seat(uow, draft, now=now)
