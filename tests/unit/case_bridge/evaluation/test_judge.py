"""A second opinion on every counter of domain 5.2: plain loops over the log of a case.

Nothing of the evaluation is used to reach it but the names of its counters and options; a counter
of which both say another number is wrong in one of the two.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from case_bridge.cases.case import CaseSource
from case_bridge.cases.rules import STAGE_OF, Stage
from case_bridge.cases.states import CASE, CaseState, CaseTrigger
from case_bridge.evaluation.counters import COUNTERS, count
from case_bridge.evaluation.fact import CaseHead, LogEntry, fold
from case_bridge.evaluation.options import Options, ShouldClose
from case_bridge.evaluation.period import Period
from case_bridge.evaluation.stages import StageRun

MIDNIGHT = datetime(2026, 2, 28, 16, tzinfo=UTC)
"""The first of March begins in Shanghai."""
MARCH_ENDS = datetime(2026, 3, 31, 16, tzinfo=UTC)
PERIODS = [Period.parse(each) for each in ("2026-02", "2026-03", "2026-04", "2026-Q1", "2026")]
OPTIONS = [
    Options(should_close=rule, count_deferred=both, count_shelved=both)
    for rule in ShouldClose
    for both in (False, True)
]
UNITS = [UUID(int=number) for number in (1, 2)]
PEOPLE = [UUID(int=number) for number in (11, 12, 13)]
USUAL = ("verify", "confirm", "file", "dispatch", "handle", "inspect", "pass", "rework", "close")
BORDERS = [
    border + timedelta(microseconds=aside)
    for border in (MIDNIGHT, MARCH_ENDS)
    for aside in (-1, 0, 1)
]


@dataclass(frozen=True, slots=True)
class Act:
    """One move of a case, with the stage clock that it ended."""

    trigger: str
    round: int
    state: CaseState
    at: datetime
    by: UUID
    is_inspector: bool
    unit: UUID | None
    due: datetime | None
    ended: Stage | None
    is_late: bool


@dataclass(frozen=True, slots=True)
class History:
    """A case from its registration on."""

    source: CaseSource
    registered_at: datetime
    acts: tuple[Act, ...]


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Walk through the table of states; now and then to the very border of a month."""
    at = registered_at = draw(st.sampled_from([MIDNIGHT - timedelta(days=20), *BORDERS[:3]]))
    clock: Stage | None = Stage.ACCEPT
    state, round_, unit = CASE.initial, 1, None
    acts: list[Act] = []
    for _ in range(draw(st.integers(0, 24))):
        # Out of another case it comes as it went in.
        went_in = next((act.trigger for act in reversed(acts) if "merge" in act.trigger), "")
        wrong = "unmerge" if went_in == "merge_filed" else "unmerge_filed"
        triggers = sorted({each.value for each in CASE.triggers_from(state)} - {wrong})
        if not triggers:
            break
        likely = [each for each in triggers if each in USUAL]
        trigger = CaseTrigger(draw(st.sampled_from([*triggers, *likely, *likely])))
        before, state = state, CASE.next(state, trigger)
        steps = [timedelta(microseconds=1), timedelta(hours=7), timedelta(days=9)]
        later = [at + step for step in steps] + [border for border in BORDERS if border > at]
        at = draw(st.sampled_from(later))
        round_ += trigger is CaseTrigger.REOPEN
        is_order = trigger in {"dispatch", "decide"}
        unit = draw(st.sampled_from(UNITS)) if is_order else unit
        sets_due = is_order or trigger in {"extend", "reckon", "resume", "unshelve"}
        due = draw(st.sampled_from([at + timedelta(days=2), *BORDERS])) if sets_due else None
        stage = STAGE_OF.get(state)
        ends_clock = stage is not STAGE_OF.get(before) or is_order
        acts.append(
            Act(
                trigger=trigger.value,
                round=round_,
                state=state,
                at=at,
                by=draw(st.sampled_from(PEOPLE)),
                is_inspector=before in {CaseState.VERIFYING, CaseState.INSPECTING},
                unit=unit,
                due=due,
                ended=clock if ends_clock else None,
                is_late=draw(st.booleans()),
            )
        )
        clock = stage if ends_clock else clock
    source = draw(st.sampled_from(list(CaseSource)))
    return History(source, registered_at, tuple(acts))


def reckoned(history: History, period: Period, options: Options) -> Counter[str]:
    """Let the evaluation count a history."""
    head = CaseHead(
        case_id=UUID(int=9),
        number="T1",
        source=history.source,
        place="人民路",
        registered_at=history.registered_at,
    )
    log = [
        LogEntry(
            sequence=sequence,
            round=act.round,
            trigger=act.trigger,
            state=act.state,
            occurred_at=act.at,
            actor_id=act.by,
            actor_roles=("inspector",) if act.is_inspector else ("seat",),
            unit_id=act.unit,
            due_at=act.due,
        )
        for sequence, act in enumerate(history.acts, 1)
    ]
    runs = [
        StageRun(
            round=act.round - (act.trigger == "reopen"),
            stage=act.ended,
            due_at=act.at - timedelta(seconds=1 if act.is_late else 0),
            ended_at=act.at,
            ended_by=act.trigger,
        )
        for act in history.acts
        if act.ended
    ]
    return Counter(count(fold(head, log, runs, until=period.ends), period, options))


@dataclass(slots=True)
class Round:
    """What a round of a case has come to, act by act."""

    begun_at: datetime
    was_filed: bool = False
    acts: list[Act] = field(default_factory=list)
    later: list[Act] = field(default_factory=list)

    def last(self, *triggers: str) -> Act | None:
        found = None
        for act in self.acts:
            if act.trigger in triggers:
                found = act
        return found


def rounds_of(history: History, end: datetime) -> Iterator[Round]:
    """Tell the rounds that had begun before the end, with what came later aside."""
    if history.registered_at >= end:
        return
    present = Round(history.registered_at)
    for act in history.acts:
        if act.trigger == "reopen":
            yield present
            if act.at >= end:
                return
            present = Round(act.at, was_filed=act.state is CaseState.FILED)
        (present.acts if act.at < end else present.later).append(act)
    yield present


def judged(history: History, period: Period, options: Options) -> Counter[str]:
    """Count a history by hand."""
    found: Counter[str] = Counter()
    for each in rounds_of(history, period.ends):
        joined = each.last("merge", "merge_filed", "unmerge", "unmerge_filed")
        if joined and joined.state is CaseState.MERGED:
            continue  # Another case answers for it.
        found += at_the_desk(each, history.source, period)
        found += on_the_way(each, period)
        found += in_the_street(each, period)
        found += with_the_unit(each, period, options)
    return found


def at_the_desk(each: Round, source: CaseSource, period: Period) -> Counter[str]:
    """上报, 受理, 立案."""
    found: Counter[str] = Counter()
    if period.begins <= each.begun_at < period.ends:
        found["reported"] += 1
        found["valid_reports"] += each.was_filed or each.last("file") is not None
        found["public_reports"] += source.value in {"hotline", "web", "visit"}
    has_decided = False
    for act in each.acts:
        is_now, in_time = act.at >= period.begins, act.ended is Stage.ACCEPT and not act.is_late
        if act.trigger in {"verify", "settle", "file", "decline"} and not has_decided:
            has_decided = True
            found["accepted"] += is_now
            found["accepted_on_time"] += is_now and in_time
        if act.trigger == "file":
            found["filed"] += is_now
            found["filed_on_time"] += is_now and in_time
        if act.trigger in {"settle", "decline"}:
            found["settled" if act.trigger == "settle" else "declined"] += is_now
        if act.trigger in {"void", "force_void"}:
            found["voided"] += is_now
    return found


def on_the_way(each: Round, period: Period) -> Counter[str]:
    """派遣, 回退: of what came to be dispatched in the period; and what units gave back in it."""
    found: Counter[str] = Counter()
    returned = each.last("return")
    if returned and returned.at >= period.begins:
        found["returned"] += 1
        found["returned_late"] += returned.ended is not Stage.RETURN or returned.is_late
    filed = each.last("file")
    asked_at = each.begun_at if each.was_filed else filed.at if filed else None
    if asked_at is None or asked_at < period.begins or each.last("void", "force_void"):
        return found
    found["dispatch_due"] += 1
    clocks = []
    for act in each.acts:
        if act.ended is Stage.DISPATCH:
            clocks.append(act.is_late)
        if act.trigger in {"dispatch", "decide"}:
            found["dispatched"] += 1
            found["dispatched_on_time"] += bool(clocks) and not any(clocks)
            found["misdispatched" if returned else "dispatched_correctly"] += 1
            break
    return found


def in_the_street(each: Round, period: Period) -> Counter[str]:
    """核实, 核查: what was asked last in the period, and its answer."""
    found: Counter[str] = Counter()
    for asks, answers, due, done, clock in (
        ("verify", {"confirm", "refute"}, "verify_due", "verified", Stage.VERIFY),
        ("inspect", {"pass", "rework"}, "check_due", "checked", Stage.CHECK),
    ):
        asked = each.last(asks)
        if asked is None or asked.at < period.begins:
            continue
        found[due] += 1
        for act in each.acts:
            if act.trigger in answers and act.is_inspector and act.at > asked.at:
                found[done] += 1
                found[f"{done}_on_time"] += act.ended is clock and not act.is_late
    return found


def deadline_of(each: Round) -> datetime | None:
    """The last that was set; if it was reckoned again later, what came of that."""
    due = None
    for act in each.acts:
        due = act.due or due
    for act in each.later:
        if act.due and act.trigger != "reckon":
            break
        due = act.due or due
    return due


def with_the_unit(each: Round, period: Period, options: Options) -> Counter[str]:
    """处置, 结案, 质量: for the unit that has the case when the period ends."""
    found: Counter[str] = Counter()
    closed, supervised = each.last("close", "force_close"), each.last("supervise")
    is_over = closed or each.last("void", "force_void", "decline", "settle")
    shelved, deferred = each.last("shelve", "unshelve"), each.last("defer")
    is_shelved = shelved is not None and shelved.trigger == "shelve"
    found["supervised"] += supervised is not None and supervised.at >= period.begins
    found["deferred"] += deferred is not None and not is_over
    found["shelved"] += is_shelved and not is_over
    order = each.last("dispatch", "decide")
    if order is None or each.last("void", "force_void"):
        return found
    if (deferred and not options.count_deferred) or (is_shelved and not options.count_shelved):
        return found
    due = deadline_of(each)
    assert due is not None
    if not is_charged(each, due, closed, period, options):
        return found
    found["should_close"] += 1
    fed_back = each.last("handle", "rework", "send_back")
    handled_at = fed_back.at if fed_back and fed_back.trigger == "handle" else None
    in_limit = handled_at is not None and handled_at <= due
    if handled_at:
        found["handled"] += 1
        found["handled_on_time" if in_limit else "handled_late"] += 1
    if closed:
        found["closed"] += 1
        found["closed_on_time" if in_limit else "closed_late"] += 1
    found["overdue_unhandled"] += handled_at is None and due < period.ends
    found["overdue_open"] += closed is None and due < period.ends
    found["extended"] += each.last("extend") is not None
    found["reworked"] += any(
        act.trigger == "rework" and act.unit == order.unit and act.at >= period.begins
        for act in each.acts
    )
    return found


def is_charged(
    each: Round, due: datetime, closed: Act | None, period: Period, options: Options
) -> bool:
    """Say whether the unit should have closed it in the period."""
    sent = next(act for act in each.acts if act.trigger in {"dispatch", "decide"})
    match options.should_close:
        case ShouldClose.DUE:
            return period.begins <= due < period.ends
        case ShouldClose.DISPATCHED:
            return sent.at >= period.begins
        case ShouldClose.WORKLOAD:
            if closed:
                return closed.at >= period.begins
            return due < period.ends


def compare(city: Sequence[History], period: Period, options: Options) -> None:
    """Fail with the counters that differ."""
    for history in city:
        ours, theirs = reckoned(history, period, options), judged(history, period, options)
        differing = {
            name: (ours[name], theirs[name]) for name in COUNTERS if ours[name] != theirs[name]
        }
        assert differing == {}, history
        assert theirs.keys() <= COUNTERS.keys()


@settings(max_examples=60, deadline=None)
@given(
    city=st.lists(histories(), max_size=4),
    period=st.sampled_from(PERIODS),
    options=st.sampled_from(OPTIONS),
)
def test_r72_a_second_reckoning_of_every_counter_agrees(
    city: list[History], period: Period, options: Options
) -> None:
    """R72, R75: month borders at midnight in Shanghai, rework, returns, pauses, ends, reopening."""
    compare(city, period, options)


@settings(max_examples=40, deadline=None)
@given(history=histories(), period=st.sampled_from(PERIODS))
def test_r72_what_happens_after_a_period_changes_nothing_in_it(
    history: History, period: Period
) -> None:
    """R72: the same figures whenever they are reckoned, but for deadlines reckoned again."""
    known = tuple(act for act in history.acts if act.at < period.ends)
    if any(act.trigger == "reckon" for act in history.acts[len(known) :]):
        return
    then = History(history.source, history.registered_at, known)

    for options in OPTIONS:
        assert reckoned(history, period, options) == reckoned(then, period, options)
