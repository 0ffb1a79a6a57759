"""Every way into the case system's pages, with who may use it."""

from pathlib import Path
from typing import Final

from case_bridge.cases.duties import ANYBODY
from case_bridge.cases.evidence import MAX_SIZE
from case_bridge.cases.states import CaseTrigger
from case_bridge.web import (
    acts,
    cases,
    course_routes,
    desks,
    evaluation,
    evaluation_papers,
    evaluation_public,
    evaluation_survey,
    extraordinary,
    lists,
    merging,
    near,
    plans,
    resources,
    rewards,
    standards,
    structure,
    structure_rows,
    tasks,
    threats,
    ticket_card,
)
from case_bridge.web.requests import READERS, at_first_level
from hotline.accounts.roles import Role
from hotline.web.routing import PUBLIC, Handler, MenuEntry, Route, WebPart

HERE: Final = Path(__file__).parent

DESK: Final = frozenset({Role.SEAT, Role.SHIFT_LEADER})
LEADER: Final = frozenset({Role.SHIFT_LEADER})
DISPATCHER: Final = ANYBODY[CaseTrigger.DISPATCH]
UNIT: Final = frozenset({Role.UNIT})
INSPECTOR: Final = frozenset({Role.INSPECTOR})
OVERVIEW: Final = frozenset({Role.SHIFT_LEADER, Role.DISPATCHER, Role.SUPERVISOR, Role.LEADER})

WITH_FILES: Final = 3 * MAX_SIZE
"""Bytes of a form with photos; the phone sends them in one go."""


def _act(name: str, handler: Handler, trigger: CaseTrigger, *, max_body: int = 65536) -> Route:
    """Return the route of an act, for those whose duty it is."""
    return Route(
        "POST",
        f"/cases/{{case_id}}/{name}",
        handler,
        ANYBODY[trigger],
        f"cases.{name}",
        max_body=max_body,
    )


ROUTES: Final = (
    Route("GET", "/cases/desk", desks.get_desk, DESK, "cases.desk"),
    Route("GET", "/cases/dispatch", desks.get_dispatch, DISPATCHER, "cases.to_dispatch"),
    Route("GET", "/cases/unit", desks.get_unit, UNIT, "cases.of_unit"),
    Route("GET", "/cases/conditions", cases.get_conditions, DESK, "cases.conditions"),
    *lists.ROUTES,
    Route("GET", "/cases/of-ticket/{ticket_id}", cases.get_links, READERS - UNIT, "cases.links"),
    Route(
        "POST",
        "/cases/alarms/{alarm_id}/settle",
        at_first_level(acts.post_settle_alarm),
        LEADER,
        "cases.settle_alarm",
    ),
    Route(
        "POST",
        "/cases/links/{ticket_id}/{round}/retry",
        at_first_level(acts.post_retry_link),
        LEADER,
        "cases.retry_link",
    ),
    *ticket_card.ROUTES,
    *course_routes.PAGES,
    *merging.ROUTES,
    *near.ROUTES,
    Route("GET", "/cases/{case_id}", cases.get_case, READERS, "cases.case"),
    Route(
        "GET",
        "/cases/{case_id}/evidence/{evidence_id}",
        cases.get_evidence,
        READERS,
        "cases.evidence",
    ),
    _act("verify", acts.post_verify, CaseTrigger.VERIFY),
    _act("file", acts.post_file, CaseTrigger.FILE),
    _act("decline", acts.post_decline, CaseTrigger.DECLINE),
    _act("dispatch", acts.post_dispatch, CaseTrigger.DISPATCH),
    _act("accept", acts.post_accept, CaseTrigger.ACCEPT),
    _act("return", acts.post_return, CaseTrigger.RETURN),
    _act("handle", acts.post_handle, CaseTrigger.HANDLE, max_body=WITH_FILES),
    _act("rework", acts.post_rework, CaseTrigger.REWORK),
    _act("close", acts.post_close, CaseTrigger.CLOSE),
    _act("void", acts.post_void, CaseTrigger.VOID),
    *course_routes.ACTS,
    Route("GET", "/field/tasks", tasks.get_tasks, INSPECTOR, "field.tasks"),
    Route("GET", "/field/tasks/{task_id}", tasks.get_task, INSPECTOR, "field.task"),
    Route("POST", "/field/tasks/{task_id}/take", tasks.post_take, INSPECTOR, "field.take"),
    Route(
        "POST",
        "/field/tasks/{task_id}/result",
        tasks.post_result,
        INSPECTOR,
        "field.result",
        max_body=WITH_FILES,
    ),
    *evaluation.ROUTES,
    *evaluation_papers.ROUTES,
    *evaluation_survey.ROUTES,
    *rewards.ROUTES,
    *evaluation_public.ROUTES,
    *standards.ROUTES,
    *extraordinary.ROUTES,
    *plans.ROUTES,
    *resources.ROUTES,
    *threats.ROUTES,
    *structure.ROUTES,
    *structure_rows.ROUTES,
)

PART: Final = WebPart(
    "cases",
    ROUTES,
    templates=HERE / "templates",
    catalogue=HERE / "catalogue",
    static=HERE / "static",
    menu=(
        MenuEntry("立案结案", "/cases/desk", DESK),
        MenuEntry("案卷派遣", "/cases/dispatch", DISPATCHER, home_of=frozenset({Role.DISPATCHER})),
        MenuEntry("本单位案卷", "/cases/unit", UNIT),
        *course_routes.MENU,
        MenuEntry("我的任务", "/field/tasks", INSPECTOR, home_of=INSPECTOR),
        MenuEntry("案卷查询", "/cases/all", OVERVIEW | UNIT),
        MenuEntry(
            "考核评价",
            "/evaluation",
            evaluation.ASSESSORS,
            home_of=frozenset({Role.SUPERVISOR}),
        ),
        *rewards.MENU,
        *extraordinary.MENU,
        *plans.MENU,
        *threats.MENU,
        *resources.MENU,
        *standards.MENU,
        *structure.MENU,
        MenuEntry("数据公开", "/statistics", PUBLIC),
    ),
)
