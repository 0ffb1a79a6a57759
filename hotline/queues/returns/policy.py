"""Pure: who is owed a call, at which place, and how often it is tried."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from hotline.contacts.calls.states import CallDirection, CallEnd, CallResult
from hotline.contacts.calls.values import CallView
from hotline.kernel.clock import SHANGHAI
from hotline.queues.returns.states import ReturnReason, ReturnTrigger
from hotline.queues.routing import AGEING, MAX_PRIORITY

HEAD_START = (MAX_PRIORITY + 3) * AGEING
"""Whom we dropped is placed as if the wait had begun so much earlier: before every priority."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnPolicy:
    """The limits of return calls."""

    missed_after: timedelta = timedelta(seconds=10)
    """Who gives up sooner is not rung: a wrong number, a changed mind."""
    gaps: tuple[timedelta, ...] = (timedelta(minutes=2), timedelta(minutes=10))
    """Between one attempt that did not reach anybody and the next; one more attempt than gaps."""
    keep_for: timedelta = timedelta(hours=4)
    """After that nobody expects our call any more."""
    quiet: tuple[time, time] = (time(21), time(8))
    """From, to: in these hours only those are rung who rang a short while ago."""
    awake_for: timedelta = timedelta(minutes=30)


DEFAULT_RETURNS = ReturnPolicy()


@dataclass(frozen=True, slots=True)
class NextStep:
    """What becomes of a return call after an attempt."""

    trigger: ReturnTrigger
    why: str
    due_in: timedelta = timedelta(0)


def is_owed(call: CallView, reason: ReturnReason, waited: timedelta, policy: ReturnPolicy) -> bool:
    """Say whether a call that got nowhere makes us owe one back, if there is a number to ring.

    Only to a citizen who rang us: a return call that is lost has its own ladder.
    """
    if call.direction is not CallDirection.INBOUND:
        return False
    return reason is not ReturnReason.MISSED or waited >= policy.missed_after


def place_of(reason: ReturnReason, rank_at: datetime) -> datetime:
    """Return the place that is kept: the exact one, or the head for whom we dropped."""
    return rank_at - HEAD_START if reason is ReturnReason.DROPPED else rank_at


def may_ring(made_at: datetime, now: datetime, policy: ReturnPolicy) -> bool:
    """Say whether the hour allows ringing somebody who rang us at `made_at`."""
    begins, ends = policy.quiet
    at = now.astimezone(SHANGHAI).time()
    is_quiet = begins <= at < ends if begins <= ends else at >= begins or at < ends
    return not is_quiet or now - made_at <= policy.awake_for


def is_expired(made_at: datetime, now: datetime, policy: ReturnPolicy) -> bool:
    """Say whether it is too late to ring back."""
    return now - made_at >= policy.keep_for


def room(seats_free: int, ahead: int, dialling: int) -> int:
    """Return how many more may be dialled now, so that a dialled citizen does not wait again.

    One at a time goes to the head even when all seats talk; with free seats, one for each that
    nobody in front will take.
    """
    return max(1, seats_free) - ahead - dialling


def after_attempt(
    result: CallResult, call: CallView | None, attempts: int, policy: ReturnPolicy
) -> NextStep:
    """Decide by the result of an attempt, and by how its call ended.

    A number is not dialled again on a guess: when the process died before anybody answered, it
    may have rung, and a person decides.
    """
    if call is not None and call.connected_at is not None and call.end is not CallEnd.CRASHED:
        return NextStep(ReturnTrigger.CONNECT, "connected")
    if call is not None and call.answered_at is not None:
        if call.end is CallEnd.CALLER_HUNG_UP:
            return NextStep(ReturnTrigger.CANCEL, "caller_hung_up")
        # Was on the line, and our side let go: once more, at the same place.
        return _again(attempts, policy, "dropped", timedelta(0))
    if result is CallResult.UNKNOWN:
        return NextStep(ReturnTrigger.LOSE, "unknown")
    gap = policy.gaps[attempts - 1] if attempts <= len(policy.gaps) else timedelta(0)
    return _again(attempts, policy, result.value, gap)


def _again(attempts: int, policy: ReturnPolicy, why: str, gap: timedelta) -> NextStep:
    if attempts > len(policy.gaps):
        return NextStep(ReturnTrigger.GIVE_UP, why)
    return NextStep(ReturnTrigger.RETRY, why, gap)
