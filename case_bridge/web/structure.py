"""Where each part that the regulations name is found in the software, and how it stands (R97).

The nine subsystems are those of 002b, the seven parts those of 000 a12.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, InstrumentedAttribute

from case_bridge.bridge.model import CaseLinkRow
from case_bridge.cases.listing import Narrowing
from case_bridge.cases.model import CaseRow
from case_bridge.cases.reach import inspectors_within
from case_bridge.cases.states import CaseState
from case_bridge.command.figures import AT_UNITS, Figure
from case_bridge.evaluation.model import CaseFactRow, EvaluationRow
from case_bridge.exchange.model import ExchangeMessageRow, ExchangePeerRow
from case_bridge.field.model import InspectorRow, TaskRow
from case_bridge.field.states import TaskState
from case_bridge.places.model import ComponentRow, PlaceNameRow, UnitGridRow
from case_bridge.resources.model import ResourceRow
from case_bridge.standards.model import StandardRow
from case_bridge.units.model import UnitRow
from case_bridge.web.command import figure_link
from case_bridge.web.requests import show
from case_bridge.web.structure_reach import (
    Conditions,
    Reach,
    commanded,
    first_level,
    narrowing_of,
    of_cases,
    of_district,
    whole,
    with_cases,
)
from hotline.accounts.model import UserRow
from hotline.accounts.service import User
from hotline.tickets.model import TicketRow
from hotline.web.auth import current_user
from hotline.web.keys import DATABASE, PARTS
from hotline.web.requests import wants_json
from hotline.web.routing import EVERYBODY, MenuEntry, MenuGroup, Route


@dataclass(frozen=True, slots=True)
class Count:
    """One live number: how many rows there are of something."""

    label: str
    table: type[DeclarativeBase]
    opens: str
    """The page that lists them."""
    reach: Reach
    condition: ColumnElement[bool] | None = None
    shows: tuple[InstrumentedAttribute[Any], ...] = ()
    """What of each row is listed, where the page above lists something else or more."""

    @property
    def address(self) -> str:
        """Where the number's rows are: exactly as many as it says."""
        return f"{ROWS}?of={self.key}" if self.shows else self.opens

    def within(self, who: Narrowing) -> Conditions | None:
        """Return what its rows fulfil for a reader; None if the reader is not told."""
        own = self.reach(who)
        if own is None or self.condition is None:
            return own
        return (self.condition, *own)

    @property
    def key(self) -> str:
        """The name of the number in the address of its rows."""
        return f"{self.table.__tablename__}{'' if self.condition is None else '-now'}"


@dataclass(frozen=True, slots=True)
class Part:
    """One part by its name in the regulation, with its pages and its numbers."""

    name: str
    article: str
    pages: tuple[str, ...]
    """Paths; their names are those of the menu."""
    counts: tuple[Count, ...]


ROWS: Final = "/structure/rows"

_TO_DECIDE = CaseRow.state.in_(
    (CaseState.REGISTERED, CaseState.VERIFYING, CaseState.VERIFIED, CaseState.REFUTED)
)
_OPEN = CaseRow.state.not_in(
    (CaseState.CLOSED, CaseState.DECLINED, CaseState.SETTLED, CaseState.VOIDED, CaseState.MERGED)
)
_OPEN_CASES = Count("在办案卷", CaseRow, figure_link(Figure.OPEN), of_cases, _OPEN)
_TICKETS = Count("工单", TicketRow, "/tickets", first_level)
_CASES = Count("案卷", CaseRow, "/cases/all", of_cases)
_COMPONENTS = Count("部件", ComponentRow, "/places/components", whole)
_MESSAGES = Count("交换报文", ExchangeMessageRow, "/exchange", first_level)
_FACTS = Count(
    "评价数据",
    CaseFactRow,
    "/evaluation",
    of_district(lambda district: (CaseFactRow.district_id == district,)),
    CaseFactRow.known_until.is_(None),
    shows=(CaseFactRow.number, CaseFactRow.round, CaseFactRow.reported_at),
)
_UNITS = Count(
    "责任单位",
    UnitRow,
    "/cases/organisation",
    of_district(commanded),
    shows=(UnitRow.code, UnitRow.name),
)
_GRIDS = Count(
    "单元网格",
    UnitGridRow,
    "/places/grids",
    whole,
    UnitGridRow.valid_to.is_(None),
    (UnitGridRow.code, UnitGridRow.valid_from),
)

SUBSYSTEMS: Final = (
    Part(
        "监管数据无线采集",
        "002b",
        ("/field/tasks", "/places/roster"),
        (
            Count(
                "在岗监督员",
                InspectorRow,
                "/places/roster",
                of_district(inspectors_within),
                InspectorRow.on_duty.is_(True),
                (InspectorRow.name, InspectorRow.trained_on),
            ),
            Count(
                "待办任务",
                TaskRow,
                "/cases/supervision",
                with_cases(TaskRow.case_id, CaseRow.id),
                TaskRow.state == TaskState.OPEN,
                (TaskRow.case_number, TaskRow.subject, TaskRow.opened_at),
            ),
        ),
    ),
    Part(
        "监督中心受理",
        "002b",
        ("/cases/desk", "/cases/new", "/desk"),
        (
            Count("待受理立案", CaseRow, figure_link(Figure.TO_DECIDE), of_cases, _TO_DECIDE),
            _TICKETS,
        ),
    ),
    Part(
        "协同工作",
        "002b",
        ("/cases/dispatch", "/cases/unit", "/cases/all"),
        (
            Count(
                "处置中",
                CaseRow,
                figure_link(Figure.AT_UNITS),
                of_cases,
                CaseRow.state.in_(AT_UNITS),
            ),
            _OPEN_CASES,
        ),
    ),
    Part(
        "地理编码",
        "002b; 002e",
        ("/places/map",),
        (
            Count(
                "地名地址",
                PlaceNameRow,
                "/places/map",
                whole,
                shows=(PlaceNameRow.name, PlaceNameRow.street),
            ),
        ),
    ),
    Part(
        "监督指挥",
        "002b",
        ("/command", "/places/map"),
        (
            _OPEN_CASES,
            Count("共享资源", ResourceRow, "/resources", whole),
        ),
    ),
    Part(
        "综合评价",
        "002b",
        ("/evaluation", "/statistics"),
        (
            _FACTS,
            Count(
                "已公布",
                EvaluationRow,
                "/evaluation",
                first_level,
                shows=(
                    EvaluationRow.period,
                    EvaluationRow.object_kind,
                    EvaluationRow.revision,
                    EvaluationRow.published_at,
                ),
            ),
        ),
    ),
    Part(
        "应用维护",
        "002b",
        ("/cases/organisation", "/standards", "/accounts"),
        (
            Count("立案标准", StandardRow, "/standards", whole),
            _UNITS,
            Count("用户", UserRow, "/accounts", first_level),
        ),
    ),
    Part(
        "基础数据资源管理",
        "002b",
        ("/places/grids", "/places/components", "/resources"),
        (
            _GRIDS,
            _COMPONENTS,
        ),
    ),
    Part(
        "数据交换",
        "002b",
        ("/exchange", "/reconciliation"),
        (Count("对接平台", ExchangePeerRow, "/exchange", first_level), _MESSAGES),
    ),
)

LOCAL_PARTS: Final = (
    Part("业务信息系统", "000 a12", ("/cases/desk", "/cases/dispatch"), (_CASES,)),
    Part(
        "地理信息系统",
        "000 a12",
        ("/places/map",),
        (_GRIDS,),
    ),
    Part(
        "部件、事件及地下管网数据库",
        "000 a12",
        ("/places/components", "/resources"),
        (_COMPONENTS,),
    ),
    Part("评价系统", "000 a12", ("/evaluation",), (_FACTS,)),
    Part(
        "协同工作网络系统",
        "000 a12",
        ("/cases/unit",),
        (_UNITS,),
    ),
    Part("与相关信息系统的交互平台", "000 a12", ("/exchange", "/resources"), (_MESSAGES,)),
    Part(
        "热线投诉受理平台",
        "000 a12",
        ("/desk", "/tickets"),
        (
            _TICKETS,
            Count(
                "转入案卷",
                CaseLinkRow,
                "/cases/all",
                with_cases(CaseLinkRow.case_number, CaseRow.number),
                shows=(CaseLinkRow.case_number, CaseLinkRow.round, CaseLinkRow.changed_at),
            ),
        ),
    ),
)


async def get_structure(request: web.Request) -> web.Response:
    """Show the parts with their pages and how much is in each right now.

    Of a district its own is counted, of a unit its cases (R28); what is of the first level alone
    is not told to them.
    """
    user = current_user(request)
    async with request.app[DATABASE].read() as session:
        who = await narrowing_of(session, user)
        subsystems = [await _present(session, request, user, each, who) for each in SUBSYSTEMS]
        parts = [await _present(session, request, user, each, who) for each in LOCAL_PARTS]
    if wants_json(request):
        return web.json_response({"subsystems": subsystems, "parts": parts})
    return show(
        request, "structure.html", tables=(("九个子系统", subsystems), ("本地系统组成", parts))
    )


async def _present(
    session: AsyncSession, request: web.Request, user: User, part: Part, who: Narrowing
) -> dict[str, Any]:
    told = [(each, within) for each in part.counts if (within := each.within(who)) is not None]
    return {
        "name": part.name,
        "article": part.article,
        "pages": _pages(request, user, part.pages),
        "counts": [
            {
                "label": each.label,
                "number": await session.scalar(
                    select(func.count()).select_from(each.table).where(*within)
                ),
                "href": each.address if opens(request, user, each) else None,
            }
            for each, within in told
        ],
    }


def _pages(request: web.Request, user: User, paths: Iterable[str]) -> list[dict[str, Any]]:
    """Return label and path of the pages that this house has; who may open them has a link."""
    routes = _routes(request)
    labels = {entry.path: entry.label for part in request.app[PARTS] for entry in part.menu}
    return [
        {
            "label": labels.get(path, path),
            "path": path,
            "opens": routes[path].admits(user.roles),
        }
        for path in paths
        if path in routes
    ]


def opens(request: web.Request, user: User, count: Count) -> bool:
    """Say whether this house has the page that lists something, and the person may open it."""
    route = _routes(request).get(count.opens.partition("?")[0])
    return route is not None and route.admits(user.roles)


def _routes(request: web.Request) -> dict[str, Route]:
    return {
        route.path: route
        for part in request.app[PARTS]
        for route in part.routes
        if route.method == "GET"
    }


ROUTES: Final = (Route("GET", "/structure", get_structure, EVERYBODY, "structure"),)
MENU: Final = (MenuEntry("系统构成", "/structure", EVERYBODY, MenuGroup.SYSTEM),)
