"""What a form of a peer does to a case of ours; a form that does not fit is refused, not forced."""

from datetime import datetime

from case_bridge.cases import handling, service
from case_bridge.cases.case import CaseSource, Report
from case_bridge.cases.checking import take_answer
from case_bridge.cases.model import CaseRow
from case_bridge.cases.repository import Cases
from case_bridge.cases.standard import known_category
from case_bridge.cases.states import CASE, CaseState, CaseTrigger
from case_bridge.exchange.forms import (
    AnyMessage,
    CheckAnswerMessage,
    CheckOrderMessage,
    Dispatch,
    DispatchMessage,
    Feedback,
    FeedbackMessage,
    FeedbackOutcome,
    Filing,
    FilingMessage,
    FormKind,
    Order,
    Registration,
    RegistrationMessage,
    VerifyAnswerMessage,
    VerifyOrderMessage,
)
from case_bridge.exchange.journal import Journal
from case_bridge.exchange.model import ExchangeLinkRow
from case_bridge.exchange.peer import ExchangeOptions, Peer, PeerRole
from case_bridge.exchange.sending import actor_of, answer_of, write
from case_bridge.field.task import TaskKind
from hotline.kernel.clock import SHANGHAI
from hotline.kernel.db import UnitOfWork
from hotline.kernel.errors import Conflict, Invalid
from hotline.kernel.ids import CaseId

_FINISHED = frozenset({CaseState.CLOSED, CaseState.SETTLED, CaseState.DECLINED})
_VERIFIABLE = frozenset({CaseState.REGISTERED, CaseState.REFUTED})


async def apply(
    uow: UnitOfWork,
    options: ExchangeOptions,
    peer: Peer,
    link: ExchangeLinkRow,
    message: AnyMessage,
    *,
    now: datetime,
) -> str:
    """Carry out a form under the lock of its link; return what is to be noted, or nothing.

    Raises:
        HotlineError: if it does not fit the case as it stands.
    """
    if isinstance(message, RegistrationMessage):
        return await _register(uow, peer, link, message.body, now=now)
    case = await _case(uow, link)
    match message:
        case VerifyAnswerMessage() | CheckAnswerMessage():
            kind = TaskKind.VERIFY if isinstance(message, VerifyAnswerMessage) else TaskKind.INSPECT
            _require(link.is_ours, "answers an order that we never gave")
            await take_answer(
                uow,
                CaseId(case.id),
                kind,
                passed=message.body.passed,
                text=f"{message.body.text}（{message.body.by}）",
                actor=actor_of(peer),
                now=now,
            )
            return ""
        case FeedbackMessage():
            return await _feed_back(uow, peer, link, case, message.body, now=now)
        case FilingMessage():
            return await _file(uow, peer, link, case, message.body, now=now)
        case DispatchMessage():
            return await _take_order(uow, link, case, message.body, now=now)
        case VerifyOrderMessage() | CheckOrderMessage():
            return await _look(uow, options, peer, link, case, message.form, message.body, now=now)


async def _case(uow: UnitOfWork, link: ExchangeLinkRow) -> CaseRow:
    if link.case_id is None:
        raise Conflict("nothing was registered under this case before")
    return await Cases(uow.session).get(link.case_id, lock=True)


def _require(holds: bool, problem: str) -> None:
    if not holds:
        raise Conflict(f"the form {problem}")


async def _register(
    uow: UnitOfWork, peer: Peer, link: ExchangeLinkRow, body: Registration, *, now: datetime
) -> str:
    _require(not link.is_ours and link.case_id is None, "registers a case that is known")
    category, note = body.category, ""
    if category is not None:
        try:
            await known_category(uow.session, category)
        except Invalid:
            note = f"对方类别 {body.category_name or category} 本级标准没有，由本级选定"
            category = None
    superior = peer.role is PeerRole.SUPERIOR
    registered = await service.register_case(
        uow,
        Report(
            source=CaseSource.SUPERIOR if superior else CaseSource.TRANSFER,
            channel=f"{peer.name} {body.number}",
            subject=body.subject,
            body=body.text,
            place=body.place,
            longitude=body.longitude,
            latitude=body.latitude,
            category=category,
            condition=body.condition if category else None,
        ),
        now=now,
    )
    link.case_id = registered.case_id
    return note


async def _file(
    uow: UnitOfWork,
    peer: Peer,
    link: ExchangeLinkRow,
    case: CaseRow,
    body: Filing,
    *,
    now: datetime,
) -> str:
    if link.is_ours:
        return f"对方已立案：{body.category_name or body.category}，时限 {body.limit}"
    if not CASE.allows(case.state, CaseTrigger.FILE):
        return "本级已先行立案或办结"
    try:
        await known_category(uow.session, body.category)
    except Invalid:
        return f"对方类别 {body.category_name or body.category} 本级标准没有，由本级立案"
    try:
        await service.file_case(
            uow,
            CaseId(case.id),
            category=body.category,
            condition=body.condition,
            text=f"上级立案，时限 {body.limit}",
            actor=actor_of(peer),
            now=now,
        )
    except Invalid as error:
        raise Conflict(f"to be filed at our own desk: {error}") from error
    return ""


async def _take_order(
    uow: UnitOfWork,
    link: ExchangeLinkRow,
    case: CaseRow,
    body: Dispatch,
    *,
    now: datetime,
) -> str:
    _require(not link.is_ours, "orders us about a case that we gave")
    until = f"（{body.due_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}前反馈）" if body.due_at else ""
    order = body.order + until
    if case.state in _FINISHED:
        report = Report(
            source=case.source, channel=case.channel, subject=case.subject, body=order, place=""
        )
        await service.reopen_case(uow, CaseId(case.id), report, reason=order, now=now)
    case.order_text = order
    return order


async def _look(
    uow: UnitOfWork,
    options: ExchangeOptions,
    peer: Peer,
    link: ExchangeLinkRow,
    case: CaseRow,
    form: FormKind,
    body: Order,
    *,
    now: datetime,
) -> str:
    """Send our inspector; a result that ours has checked already is answered at once."""
    _require(not link.is_ours, "orders us about a case that we gave")
    if case.state in _VERIFIABLE:
        link.asked = form
        await service.verify_case(
            uow, CaseId(case.id), text=body.text, actor=actor_of(peer), now=now
        )
        return ""
    if form is FormKind.CHECK_ORDER and case.state is CaseState.CLOSED:
        moves = await Journal(uow.session).moves_after(case.id, 0)
        checks = [move for move in moves if move.trigger is CaseTrigger.PASS]
        if checks:
            answer = answer_of(checks[-1])
            await write(uow, options, link, FormKind.CHECK_ANSWER, answer, now=now)
            return "本级监督员已核查，已按核查结果答复"
    raise Conflict(f"a case in state {case.state} is not looked at for others")


async def _feed_back(
    uow: UnitOfWork,
    peer: Peer,
    link: ExchangeLinkRow,
    case: CaseRow,
    body: Feedback,
    *,
    now: datetime,
) -> str:
    _require(link.is_ours, "feeds back on a case that they gave")
    if case.unit_id is None:
        return f"对方反馈（{body.outcome}）：{body.text}"
    actor = actor_of(peer, case.unit_id)
    if body.outcome is FeedbackOutcome.HANDLED:
        await handling.handle_case(uow, CaseId(case.id), text=body.text, actor=actor, now=now)
    else:
        await handling.return_case(uow, CaseId(case.id), reason=body.text, actor=actor, now=now)
    return ""
