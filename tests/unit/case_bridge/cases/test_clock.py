"""The handling clock as arithmetic: extension, pauses and the 24-hour rule."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from case_bridge.cases.clock import reckon
from hotline.kernel.clock import SHANGHAI
from hotline.sla.calendar import CalendarYear, Period, WorkingCalendar
from hotline.sla.deadline import Pause, counted_time
from hotline.sla.limit import Limit

CALENDAR = WorkingCalendar(
    "测试日历",
    SHANGHAI,
    (Period.parse("08:00-12:00"), Period.parse("14:00-18:00")),
    (CalendarYear(2026, "1", "a test", {}, {}),),
)
START = datetime(2026, 3, 13, 9, 0, tzinfo=UTC)  # Friday 17:00 in Shanghai


def test_an_extension_lengthens_the_limit() -> None:
    """R52, R54."""
    short = reckon(START, Limit.parse("1wd"), CALENDAR)
    long = reckon(START, Limit.parse("1wd"), CALENDAR, extension=Limit.parse("1wd"))

    assert short.due_at == datetime(2026, 3, 16, 9, 0, tzinfo=UTC)
    assert long.due_at == datetime(2026, 3, 17, 9, 0, tzinfo=UTC)


def test_covers_boxes_poles_and_pipes_are_done_within_24_hours_whatever_the_standard_says() -> None:
    """R45: absolute, over the weekend too."""
    receipt = reckon(START, Limit.parse("5wd"), CALENDAR, at_most=Limit.parse("24uh"))

    assert receipt.due_at == START + timedelta(hours=24)
    assert str(receipt.limit) == "24uh"


def test_the_24_hours_never_lengthen_a_shorter_limit() -> None:
    """R45."""
    receipt = reckon(START, Limit.parse("2uh"), CALENDAR, at_most=Limit.parse("24uh"))

    assert receipt.due_at == START + timedelta(hours=2)


@given(
    st.lists(st.integers(min_value=0, max_value=20_000), max_size=8, unique=True),
    st.sampled_from(["4wh", "3wd", "5uh", "2ud"]),
)
def test_pausing_and_resuming_never_loses_or_gains_time(minutes: list[int], limit: str) -> None:
    """R55, R56: whatever the pauses, the counted time up to the deadline is the limit."""
    edges = [START + timedelta(minutes=each) for each in sorted(minutes)]
    pauses = [Pause(begin, end) for begin, end in zip(edges[::2], edges[1::2], strict=False)]

    receipt = reckon(START, Limit.parse(limit), CALENDAR, pauses=pauses)

    assert counted_time(receipt, receipt.due_at, CALENDAR) == receipt.amount
