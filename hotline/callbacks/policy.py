"""When to ask, over which channel, how often; pure."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, Self

from hotline.callbacks.hours import (
    Window,
    WindowsOn,
    but_holidays,
    closing,
    every_day,
    next_permitted,
)
from hotline.contacts.contact import Channel
from hotline.kernel.clock import SHANGHAI
from hotline.sla.calendar import WorkingCalendar

NOON = time(12)


@dataclass(frozen=True, slots=True)
class CallbackPolicy:
    """The rules of one installation. No national rule was found (domain notes 6.5): a setting."""

    windows: tuple[Window, ...] = (Window(time(9), time(12)), Window(time(14), time(21)))
    """Local habit is 9 to 21 h; the notice of 2020 on call centres asks to avoid rest time."""
    holiday_windows: tuple[Window, ...] = ()
    """When the telephone may ring on public holidays: never, for that is everybody's rest time.
    Text messages and letters do not wait for the end of a holiday: the result is told soon (R69).
    """
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
            holiday_windows=(Window(time(0), None),),
            different_half_days=False,
            gap=timedelta(seconds=20),
            ring_within=timedelta(minutes=2),
        )

    def to_payload(self) -> dict[str, Any]:
        """Return the policy as JSON values: a callback keeps the rules it was scheduled under."""
        return {
            "windows": _written(self.windows),
            "holiday_windows": _written(self.holiday_windows),
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
            windows=_read(payload["windows"]),
            holiday_windows=_read(payload["holiday_windows"]),
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


def permitted_hours(
    policy: CallbackPolicy, channel: Channel, calendar: WorkingCalendar
) -> WindowsOn:
    """Return when a channel may disturb somebody."""
    if channel is Channel.VOICE:
        return but_holidays(policy.windows, policy.holiday_windows, calendar)
    return every_day(policy.windows)


def ring_until(policy: CallbackPolicy, hours: WindowsOn, at: datetime) -> datetime:
    """Return until when a call ordered at a permitted instant may still be dialled."""
    latest = at + policy.ring_within
    closes = closing(hours, at)
    return latest if closes is None else min(latest, closes)


def next_attempt_at(
    policy: CallbackPolicy, hours: WindowsOn, earlier: Sequence[datetime], now: datetime
) -> datetime:
    """Return when to ring next, after the attempts made at `earlier` instants, oldest first."""
    if not earlier:
        return next_permitted(hours, now + policy.first_delay)
    last = earlier[-1]
    at = max(now, last + policy.gap)
    if policy.different_half_days:
        at = max(at, _next_half_day(last))
    return next_permitted(hours, at)


def _next_half_day(at: datetime) -> datetime:
    local = at.astimezone(SHANGHAI)
    noon = datetime.combine(local.date(), NOON, SHANGHAI)
    midnight = datetime.combine(local.date() + timedelta(days=1), time(0), SHANGHAI)
    return (noon if local < noon else midnight).astimezone(at.tzinfo)


def _written(windows: Sequence[Window]) -> list[list[str | None]]:
    return [
        [window.opens.isoformat(), window.closes.isoformat() if window.closes else None]
        for window in windows
    ]


def _read(windows: Sequence[Sequence[str | None]]) -> tuple[Window, ...]:
    return tuple(
        Window(time.fromisoformat(opens or ""), time.fromisoformat(closes) if closes else None)
        for opens, closes in windows
    )
