"""What stands around a case: plans, video, other systems (R46, R47, R94, R100)."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from case_bridge.cases.reading import OPEN_STATES
from case_bridge.cases.views import CaseView
from case_bridge.extraordinary.service import of_case
from case_bridge.plans.service import plans_for
from case_bridge.resources.service import sights
from case_bridge.web.extraordinary import MARKERS
from case_bridge.web.resources import LOOKERS
from hotline.accounts.roles import Role
from hotline.accounts.service import User
from hotline.contacts.contact import Channel
from hotline.web.labels import label

PLAN_READERS = frozenset(
    {Role.DISPATCHER, Role.SHIFT_LEADER, Role.UNIT, Role.SUPERVISOR, Role.LEADER}
)


async def surroundings(session: AsyncSession, user: User, view: CaseView) -> dict[str, Any]:
    """Return what the page of a case shows beside the case, as far as the person may see it."""
    found = await of_case(session, view.line.case_id)
    category = _category(view)
    may_plan = bool(category) and not user.roles.isdisjoint(PLAN_READERS)
    may_look = not user.roles.isdisjoint(LOOKERS)
    return {
        "came_by": came_by(view.channel),
        "problem": found,
        "may_mark": found is None
        and not user.roles.isdisjoint(MARKERS)
        and view.line.state in OPEN_STATES,
        "plans": await plans_for(session, category, unit_id=view.line.unit_id) if may_plan else (),
        "sights": await sights(session, view.longitude, view.latitude) if may_look else (),
    }


def came_by(channel: str | None) -> tuple[str, str]:
    """Return how a case came (R7, R8): the hotline's word and the line, or what was entered."""
    code, _, line = (channel or "").partition(":")
    if code not in set(Channel):
        return "", channel or ""
    return label(Channel(code)), line


def _category(view: CaseView) -> str:
    """Return the category as plans name it: `facility:0102`."""
    if view.line.kind is None or not view.line.category_key:
        return ""
    return f"{view.line.kind.value}:{view.line.category_key.split(':')[-1]}"
