"""The ways into what happens around a case, with who may use them."""

from typing import Final

from case_bridge.cases.duties import ANYBODY
from case_bridge.cases.evidence import MAX_SIZE
from case_bridge.cases.registering import SOURCES
from case_bridge.cases.states import CaseTrigger
from case_bridge.web import course_acts as acts
from case_bridge.web import levels, oversight, registering
from case_bridge.web.requests import READERS
from hotline.accounts.roles import Role
from hotline.web.routing import Handler, MenuEntry, MenuGroup, Route

UNIT: Final = frozenset({Role.UNIT})
CENTRE: Final = frozenset({Role.DISPATCHER, Role.SHIFT_LEADER})
HEADS: Final = frozenset({Role.SHIFT_LEADER, Role.LEADER})
WATCHERS: Final = HEADS | frozenset({Role.DISPATCHER, Role.SUPERVISOR})
WITH_FILES: Final = 3 * MAX_SIZE

REGISTRARS: Final = frozenset(SOURCES)

REQUEST: Final = "/cases/later/{request_id}"


def _act(name: str, handler: Handler, trigger: CaseTrigger, *, max_body: int = 65536) -> Route:
    """Return the route of an act, for those whose duty it is."""
    path = f"/cases/{{case_id}}/{name}"
    return Route("POST", path, handler, ANYBODY[trigger], f"cases.{name}", max_body=max_body)


def _post(path: str, handler: Handler, roles: frozenset[Role], name: str) -> Route:
    return Route("POST", path, handler, roles, f"cases.{name}")


PAGES: Final = (
    Route("GET", "/cases/new", registering.get_new, REGISTRARS, "cases.new"),
    Route(
        "POST",
        "/cases/new",
        registering.post_new,
        REGISTRARS,
        "cases.register",
        max_body=WITH_FILES,
    ),
    Route("GET", "/cases/approvals", oversight.get_approvals, WATCHERS, "cases.approvals"),
    Route("GET", "/cases/supervision", oversight.get_supervision, WATCHERS, "cases.supervision"),
    Route("GET", "/cases/pool", oversight.get_pool, WATCHERS, "cases.pool"),
    Route("GET", "/cases/notices", oversight.get_notices, CENTRE | UNIT, "cases.notices"),
    Route("GET", "/cases/frontage", oversight.get_frontage, WATCHERS, "cases.frontage"),
    Route("GET", "/cases/organisation", levels.get_organisation, READERS, "cases.organisation"),
    Route(
        "POST",
        "/cases/organisation/delegations",
        levels.post_delegate,
        ANYBODY[CaseTrigger.CLOSE],
        "cases.delegate",
    ),
    Route(
        "POST",
        "/cases/organisation/delegations/{delegation_id}/end",
        levels.post_end_delegation,
        ANYBODY[CaseTrigger.CLOSE],
        "cases.end_delegation",
    ),
    Route("POST", "/cases/frontage", acts.post_frontage, CENTRE, "cases.sign_frontage"),
)
"""Registered before the page of a case, whose path would take them."""

ACTS: Final = (
    _act("settle", acts.post_settle, CaseTrigger.SETTLE, max_body=WITH_FILES),
    _act("guard", acts.post_guard, CaseTrigger.GUARD, max_body=WITH_FILES),
    _act("hand-down", levels.post_hand_down, CaseTrigger.HAND_DOWN),
    _act("hand-up", levels.post_hand_up, CaseTrigger.HAND_UP),
    _act("pass-up", levels.post_pass_up, CaseTrigger.PASS_UP),
    _act("send-back", levels.post_send_back, CaseTrigger.SEND_BACK),
    _act("check", levels.post_check, CaseTrigger.PASS),
    _act("dispute", acts.post_dispute, CaseTrigger.DISPUTE),
    _act("meet", acts.post_meet, CaseTrigger.MEET),
    _act("decide", acts.post_decide, CaseTrigger.DECIDE),
    _act("resume", acts.post_resume, CaseTrigger.RESUME),
    _act("urge", acts.post_urge, CaseTrigger.URGE),
    _act("supervise", acts.post_supervise, CaseTrigger.SUPERVISE),
    _act("order", acts.post_order, CaseTrigger.ORDER),
    _act("circulate", acts.post_circulate, CaseTrigger.CIRCULATE),
    _act("refer", acts.post_refer, CaseTrigger.REFER),
    _act("force-close", acts.post_force_close, CaseTrigger.FORCE_CLOSE),
    _act("force-void", acts.post_force_void, CaseTrigger.FORCE_VOID),
    _post("/cases/{case_id}/later", acts.post_apply, UNIT, "apply"),
    _post("/cases/{case_id}/helper", acts.post_ask_helper, CENTRE, "ask_helper"),
    _post("/cases/{case_id}/phone", acts.post_phone, CENTRE, "phone"),
    _post("/cases/{case_id}/help", acts.post_help, UNIT, "help"),
    _post(f"{REQUEST}/verify", acts.post_request_verify, CENTRE, "request_verify"),
    _post(f"{REQUEST}/approve", acts.post_request_approve, HEADS, "request_approve"),
    _post(f"{REQUEST}/refuse", acts.post_request_refuse, HEADS, "request_refuse"),
    _post(f"{REQUEST}/withdraw", acts.post_request_withdraw, UNIT, "request_withdraw"),
    _post("/cases/notices/{notice_id}/answer", acts.post_answer, CENTRE | UNIT, "answer"),
    _post("/cases/referrals/{referral_id}/receipt", acts.post_receipt, CENTRE, "receipt"),
)

MENU: Final = (
    MenuEntry("登记案卷", "/cases/new", REGISTRARS),
    MenuEntry("延期缓办挂账", "/cases/approvals", HEADS | CENTRE, MenuGroup.FOLLOW_UP),
    MenuEntry("督办", "/cases/supervision", WATCHERS, MenuGroup.FOLLOW_UP),
    MenuEntry("问题库", "/cases/pool", WATCHERS, MenuGroup.FOLLOW_UP),
    MenuEntry("催办通知", "/cases/notices", CENTRE | UNIT, MenuGroup.FOLLOW_UP),
    MenuEntry("制度", "/cases/organisation", WATCHERS, MenuGroup.BASE_DATA),
    MenuEntry("门前五包", "/cases/frontage", WATCHERS, MenuGroup.BASE_DATA),
)
