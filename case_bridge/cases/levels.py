"""Use cases of two command levels: hand down, hand up, pass the feedback up (R28, R30, R43)."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from case_bridge.cases.case import Actor
from case_bridge.cases.handling import send_inspector
from case_bridge.cases.record import move_case
from case_bridge.cases.repository import Cases
from case_bridge.cases.states import CaseTrigger
from case_bridge.cases.words import require_words
from case_bridge.units.service import platform_of, unit_name
from hotline.kernel.db import UnitOfWork
from hotline.kernel.errors import Conflict, Invalid
from hotline.kernel.ids import CaseId, UnitId


async def hand_down(
    uow: UnitOfWork,
    case_id: CaseId,
    *,
    district_id: UnitId,
    order: str = "",
    reason: str = "",
    actor: Actor,
    now: datetime,
) -> None:
    """Give a filed or returned case to a second-level platform, which dispatches it (R28, R30).

    The handling clock starts when the platform dispatches; until then its stage clock runs.

    Raises:
        NotFound: if there is no such unit.
        Invalid: if the unit is no second-level platform.
        Forbidden: if it is not the first level's act.
        Conflict: if the city has one level only, or the case is not waiting for a dispatcher.
    """
    if not (await Cases(uow.session).organisation()).has_districts:
        raise Conflict("the city has one command level")
    name = await unit_name(uow.session, district_id)
    if await platform_of(uow.session, district_id) is None:
        raise Invalid("district_id", f"{name} is no second-level platform")
    case = await Cases(uow.session).get(case_id, lock=True)
    if case.district_id is not None:
        raise Conflict("a second-level platform has the case: call it back first")
    case.order_text = order.strip() or case.order_text
    await move_case(
        uow,
        case,
        CaseTrigger.HAND_DOWN,
        actor=actor,
        text=f"下派至{name}",
        detail={"district": name, "district_id": str(district_id), "reason": reason},
        now=now,
    )
    case.district_id = district_id


async def hand_up(
    uow: UnitOfWork, case_id: CaseId, *, reason: str, actor: Actor, now: datetime
) -> None:
    """Take a case back to the first level, with a reason: given back, or called back (001 a11).

    Raises:
        Invalid: if there is no reason.
        Forbidden: if the case is another district's.
        Conflict: if no second-level platform holds it, or it is with a unit.
    """
    words = require_words("reason", reason)
    case = await Cases(uow.session).get(case_id, lock=True)
    if case.district_id is None:
        raise Conflict("no second-level platform holds the case")
    await move_case(
        uow,
        case,
        CaseTrigger.HAND_UP,
        actor=actor,
        text=words,
        detail={"from_district_id": str(case.district_id)},
        now=now,
    )
    case.district_id = None


async def pass_up(
    uow: UnitOfWork, case_id: CaseId, *, text: str = "", actor: Actor, now: datetime
) -> None:
    """Accept a unit's feedback at the second level and report it up, where it is checked (R43).

    Raises:
        Forbidden: if it is not the platform that holds the case.
        Conflict: if there is no feedback to report.
    """
    case = await Cases(uow.session).get(case_id, lock=True)
    await move_case(uow, case, CaseTrigger.PASS_UP, actor=actor, text=text.strip(), now=now)
    await send_inspector(uow, case, now=now)


async def send_back(
    uow: UnitOfWork, case_id: CaseId, *, reason: str, actor: Actor, now: datetime
) -> None:
    """Send a unit's feedback back before it is reported up; the unit's clock never stopped.

    Raises:
        Invalid: if there is no reason.
        Forbidden: if it is not the platform that holds the case.
        Conflict: if there is no feedback to send back.
    """
    words = require_words("reason", reason)
    case = await Cases(uow.session).get(case_id, lock=True)
    await move_case(uow, case, CaseTrigger.SEND_BACK, actor=actor, text=words, now=now)
    case.handled_at = None


async def districts_that_gave_back(
    session: AsyncSession, case_ids: Collection[CaseId]
) -> Mapping[CaseId, frozenset[UnitId]]:
    """Return which second-level platforms gave each case back in its round; without the others."""
    found: dict[CaseId, frozenset[UnitId]] = {}
    for case_id, district_id in await Cases(session).givers_back(case_ids):
        before = found.get(CaseId(case_id), frozenset())
        found[CaseId(case_id)] = before | {UnitId(district_id)}
    return found
