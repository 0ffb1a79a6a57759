"""What a form of a peer does to a case of ours; a form that does not fit is refused, not forced."""

from datetime import datetime

from case_bridge.cases import handling, levels, service
from case_bridge.cases.case import CaseSource, EvidenceOrigin, Report
from case_bridge.cases.checking import take_answer
from case_bridge.cases.model import CaseRow
from case_bridge.cases.notice import NoticeKind
from case_bridge.cases.notice_sql import Notices
from case_bridge.cases.record import keep_evidence
from case_bridge.cases.repository import Cases
from case_bridge.cases.standard import known_category
from case_bridge.cases.states import CASE, CaseState, CaseTrigger
from case_bridge.exchange.files import want_files
from case_bridge.exchange.forms import (
    AnyMessage,
    CheckAnswerMessage,
    CheckOrderMessage,
    Closing,
    ClosingMessage,
    ClosingOutcome,
    Dispatch,
    DispatchMessage,
    EvaluationMessage,
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
from case_bridge.exchange.peer import ExchangeOptions, Peer, PeerRole, actor_of
from case_bridge.exchange.sending import answer_of, write
from case_bridge.field.task import TaskKind
from case_bridge.units.repository import Units
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
    if isinstance(message, EvaluationMessage):
        _require(peer.role is PeerRole.SUBORDINATE, "tells of an evaluation, which goes upward")
        return ""
    if isinstance(message, RegistrationMessage):
        note = await _register(uow, peer, link, message.body, now=now)
        await want_files(uow, link, message.body.files, EvidenceOrigin.REPORT, now=now)
        return note
    case = await _case(uow, link)
    match message:
        case VerifyAnswerMessage() | CheckAnswerMessage():
            await _take_finding(uow, peer, link, message, now=now)
            return ""
        case FeedbackMessage():
            note = await _feed_back(uow, peer, link, case, message.body, now=now)
            await want_files(uow, link, message.body.files, EvidenceOrigin.UNIT, now=now)
            return note
        case FilingMessage():
            return await _file(uow, peer, link, case, message.body, now=now)
        case DispatchMessage():
            _require_superior(peer, "orders us")
            return await _take_order(uow, link, case, message.body, now=now)
        case VerifyOrderMessage() | CheckOrderMessage():
            _require_superior(peer, "orders us")
            return await _look(uow, options, peer, link, case, message.form, message.body, now=now)
        case ClosingMessage():
            return await _hear_end(uow, peer, link, case, message.body, now=now)


async def _take_finding(
    uow: UnitOfWork,
    peer: Peer,
    link: ExchangeLinkRow,
    message: VerifyAnswerMessage | CheckAnswerMessage,
    *,
    now: datetime,
) -> None:
    """Take what the peer's inspector found, if we asked this peer to look."""
    assert link.case_id is not None
    is_verifying = isinstance(message, VerifyAnswerMessage)
    order = FormKind.VERIFY_ORDER if is_verifying else FormKind.CHECK_ORDER
    was_asked = link.is_ours and await Journal(uow.session).was_sent(
        link.peer, link.case_ref, order
    )
    _require(was_asked, "answers an order that we never gave")
    await take_answer(
        uow,
        CaseId(link.case_id),
        TaskKind.VERIFY if is_verifying else TaskKind.INSPECT,
        passed=message.body.passed,
        text=f"{message.body.text}（{message.body.by}）",
        actor=actor_of(peer),
        now=now,
    )
    await want_files(uow, link, message.body.files, EvidenceOrigin.INSPECTOR, now=now)


async def _case(uow: UnitOfWork, link: ExchangeLinkRow) -> CaseRow:
    if link.case_id is None:
        raise Conflict("nothing was registered under this case before")
    return await Cases(uow.session).get(link.case_id, lock=True)


def _require(holds: bool, problem: str) -> None:
    if not holds:
        raise Conflict(f"the form {problem}")


def _require_superior(peer: Peer, what: str) -> None:
    _require(peer.role is PeerRole.SUPERIOR, f"{what}, which only a superior does")


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
    _require_superior(peer, "files a case of ours")
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
    unit_id = (await Units(uow.session).by_code()).get(peer.unit_code or "")
    is_handled = body.outcome is FeedbackOutcome.HANDLED
    if unit_id is not None and case.state is CaseState.HANDED_DOWN:
        _require(case.district_id == unit_id, "feeds back on a case that another district has")
        if not is_handled:
            await levels.hand_up(
                uow, CaseId(case.id), reason=body.text, actor=actor_of(peer), now=now
            )
            return ""
        await handling.send_to_unit(
            uow,
            case,
            CaseTrigger.DISPATCH,
            unit_id=unit_id,
            order="",
            text="由{unit}自行派遣办理",
            reason="",
            actor=actor_of(peer),
            now=now,
        )
    if unit_id is None or case.unit_id is None:
        return f"对方反馈（{body.outcome}）：{body.text}"
    _require(case.unit_id == unit_id, "feeds back on a case that another unit has")
    actor = actor_of(peer, unit_id)
    if not is_handled:
        await handling.return_case(uow, CaseId(case.id), reason=body.text, actor=actor, now=now)
        return ""
    await handling.handle_case(uow, CaseId(case.id), text=body.text, actor=actor, now=now)
    if case.state is CaseState.HANDLED:
        # The peer is the second level itself: what it feeds back it has passed on (R43).
        await levels.pass_up(uow, CaseId(case.id), actor=actor, now=now)
    return ""


async def _hear_end(
    uow: UnitOfWork,
    peer: Peer,
    link: ExchangeLinkRow,
    case: CaseRow,
    body: Closing,
    *,
    now: datetime,
) -> str:
    """Keep with our case how it ended where it began; if ours goes on, tell the desk."""
    _require(not link.is_ours, "closes a case that we gave")
    _require_superior(peer, "tells us of its closing")
    is_closed = body.outcome is ClosingOutcome.CLOSED
    words = f"{peer.name}{'已结案' if is_closed else '已撤回'}" + (
        f"：{body.text}" if body.text else ""
    )
    keep_evidence(uow, case, EvidenceOrigin.CENTRE, actor=actor_of(peer), text=words, now=now)
    if case.state not in _FINISHED | {CaseState.VOIDED}:
        await Notices(uow.session).put(
            case,
            NoticeKind.SUPERIOR_ENDED,
            key=f"ended_above:{case.id}:{body.ended_at.isoformat()}",
            unit_id=None,
            text=f"案卷 {case.number}：{words}；请决定本级是否继续办理。",
            issued_by=actor_of(peer).name,
            reply_by=None,
            now=now,
        )
    return words
