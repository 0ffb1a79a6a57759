"""When to ask, over which channel, how often; pure."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, Self

from hotline.contacts.contact import Channel
from hotline.kernel.clock import SHANGHAI

NOON = time(12)


@dataclass(frozen=True, slots=True)
class Window:
    """Permitted hours of a day, on the clock of Shanghai; `closes` None is midnight."""

    opens: time
    closes: time | None

    def __post_init__(self) -> None:
        """Refuse a window that is empty or runs over midnight.

        Raises:
            ValueError: if it does.
        """
        if self.closes is not None and self.closes <= self.opens:
            raise ValueError("a window closes after it opens, on the same day")


@dataclass(frozen=True, slots=True)
class CallbackPolicy:
    """The rules of one installation. No national rule was found (domain notes 6.5): a setting."""

    windows: tuple[Window, ...] = (Window(time(9), time(12)), Window(time(14), time(21)))
    """Local habit is 9 to 21 h; the notice of 2020 on call centres asks to avoid rest time."""
    phone_attempts: int = 3
    different_half_days: bool = True
    """Whoever is not there in the morning may be there in the afternoon."""
    gap: timedelta = timedelta(hours=2)
    """The least time between two attempts."""
    first_delay: timedelta = timedelta(0)
    ring_within: timedelta = timedelta(minutes=30)
    """An ordered call that has not been dialled by then is out of date."""
    answer_within: timedelta = timedelta(days=7)
    """How long a question that was delivered waits before it counts as not reached."""

    def __post_init__(self) -> None:
        """Refuse a policy that could never ask.

        Raises:
            ValueError: if it could not.
        """
        if not self.windows or self.phone_attempts < 1:
            raise ValueError("a policy needs a window and at least one attempt")

    @classmethod
    def for_demo(cls) -> Self:
        """Return a policy that permits all hours and waits seconds, not days."""
        return cls(
            windows=(Window(time(0), None),),
            different_half_days=False,
            gap=timedelta(seconds=20),
            ring_within=timedelta(minutes=2),
        )

    def to_payload(self) -> dict[str, Any]:
        """Return the policy as JSON values: a callback keeps the rules it was scheduled under."""
        return {
            "windows": [
                [window.opens.isoformat(), window.closes and window.closes.isoformat()]
                for window in self.windows
            ],
            "phone_attempts": self.phone_attempts,
            "different_half_days": self.different_half_days,
            "gap": self.gap.total_seconds(),
            "first_delay": self.first_delay.total_seconds(),
            "ring_within": self.ring_within.total_seconds(),
            "answer_within": self.answer_within.total_seconds(),
        }

    @classmethod
    def from_payload(cls, payload: dict[str, Any]) -> Self:
        """Return the policy that `to_payload` wrote."""
        return cls(
            windows=tuple(
                Window(time.fromisoformat(opens), time.fromisoformat(closes) if closes else None)
                for opens, closes in payload["windows"]
            ),
            phone_attempts=payload["phone_attempts"],
            different_half_days=payload["different_half_days"],
            gap=timedelta(seconds=payload["gap"]),
            first_delay=timedelta(seconds=payload["first_delay"]),
            ring_within=timedelta(seconds=payload["ring_within"]),
            answer_within=timedelta(seconds=payload["answer_within"]),
        )


def ladder(
    policy: CallbackPolicy,
    *,
    reply_channel: Channel,
    has_phone: bool,
    is_mobile: bool,
    available: Collection[Channel],
) -> tuple[Channel, ...]:
    """Return the channels to try, in order; empty when only the status page can ask.

    By phone: several calls, then a text message to the same number, each only where it can work.
    Whoever wrote is answered in writing; who gave a number for text messages is rung up when none
    arrives. Never by an address that was named for another matter: a telephone is shared, and the
    mail that was once named from it may be somebody else's (R88).
    """
    calls = [Channel.VOICE] * policy.phone_attempts if has_phone else []
    by_text = [Channel.SMS] if is_mobile else []
    match reply_channel:
        case Channel.VOICE:
            rungs = [*calls, *by_text]
        case Channel.SMS:
            rungs = [*by_text, *calls]
        case Channel.MAIL:
            rungs = [Channel.MAIL]
        case _:
            rungs = []
    return tuple(rung for rung in rungs if rung in available)


def is_permitted(policy: CallbackPolicy, at: datetime) -> bool:
    """Say whether citizens may be disturbed at an instant."""
    local = at.astimezone(SHANGHAI).time()
    return any(
        window.opens <= local and (window.closes is None or local < window.closes)
        for window in policy.windows
    )


def next_permitted(policy: CallbackPolicy, at: datetime) -> datetime:
    """Return `at`, or the next opening of a window after it, in the zone of `at`."""
    if is_permitted(policy, at):
        return at
    local = at.astimezone(SHANGHAI)
    openings = [
        datetime.combine(local.date() + timedelta(days=day), window.opens, SHANGHAI)
        for day in (0, 1)
        for window in policy.windows
    ]
    return min(opening for opening in openings if opening > local).astimezone(at.tzinfo)


def ring_until(policy: CallbackPolicy, at: datetime) -> datetime:
    """Return until when a call ordered at a permitted instant may still be dialled."""
    local = at.astimezone(SHANGHAI)
    latest = at + policy.ring_within
    for window in policy.windows:
        if window.closes is not None and window.opens <= local.time() < window.closes:
            closes = datetime.combine(local.date(), window.closes, SHANGHAI)
            latest = min(latest, closes.astimezone(at.tzinfo))
    return latest


def next_attempt_at(policy: CallbackPolicy, earlier: Sequence[datetime], now: datetime) -> datetime:
    """Return when to ring next, after the attempts made at `earlier` instants, oldest first."""
    if not earlier:
        return next_permitted(policy, now + policy.first_delay)
    last = earlier[-1]
    at = max(now, last + policy.gap)
    if policy.different_half_days:
        at = max(at, _next_half_day(last))
    return next_permitted(policy, at)


def _next_half_day(at: datetime) -> datetime:
    local = at.astimezone(SHANGHAI)
    noon = datetime.combine(local.date(), NOON, SHANGHAI)
    midnight = datetime.combine(local.date() + timedelta(days=1), time(0), SHANGHAI)
    return (noon if local < noon else midnight).astimezone(at.tzinfo)
