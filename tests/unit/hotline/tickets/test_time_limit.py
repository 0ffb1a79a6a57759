from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from hotline.kernel.clock import SHANGHAI
from hotline.sla.calendar import CalendarYear, Period, WorkingCalendar
from hotline.tickets.category import ConditionLimit
from hotline.tickets.ticket import RequestKind, Urgency
from hotline.tickets.time_limit import correction_deadline, ticket_deadline

CALENDAR = WorkingCalendar(
    "test",
    ZoneInfo("Asia/Shanghai"),
    (Period.parse("08:00-12:00"), Period.parse("14:00-18:00")),
    (CalendarYear(2026, "1", "test", {date(2026, 5, 1): "劳动节"}, {}),),
)
WEDNESDAY_10 = datetime(2026, 3, 11, 10, 0, tzinfo=SHANGHAI)
COVER = (
    ConditionLimit("HAZARD", "2uh"),
    ConditionLimit("BROKEN", "4wh"),
    ConditionLimit("SETTLE", "5wd"),
)


@pytest.mark.parametrize(
    ("limits", "condition", "kind", "urgency", "due", "basis"),
    [
        # Wednesday 10:00 + 4 working hours: two before noon, two after 14:00
        (COVER, "BROKEN", "complaint", "normal", (3, 11, 16, 0), "category"),
        (COVER, "SETTLE", "complaint", "normal", (3, 18, 10, 0), "category"),  # a weekend between
        (COVER, None, "complaint", "normal", (3, 11, 12, 0), "strictest_condition"),
        ((ConditionLimit("", "4wh"),), None, "report", "normal", (3, 11, 16, 0), "category"),
        ((ConditionLimit("B", "1wd"), ConditionLimit("B", "2wd")), "B", "report", "normal",
         (3, 12, 10, 0), "category"),  # two limits stand for one condition: the stricter
        ((), None, "inquiry", "normal", (3, 16, 10, 0), "work_order"),  # 3 wd
        ((), None, "complaint", "normal", (3, 30, 10, 0), "work_order"),  # 13 wd
        ((), None, "complaint", "urgent", (3, 12, 10, 0), "work_order"),  # 24 h
    ],
)  # fmt: skip
def test_the_condition_names_the_limit(
    limits: tuple[ConditionLimit, ...],
    condition: str | None,
    kind: str,
    urgency: str,
    due: tuple[int, int, int, int],
    basis: str,
) -> None:
    found = ticket_deadline(
        WEDNESDAY_10,
        limits=limits,
        condition=condition,
        request_kind=RequestKind(kind),
        urgency=Urgency(urgency),
        calendar=CALENDAR,
    )

    assert found.receipt.due_at == datetime(2026, *due, tzinfo=SHANGHAI)
    assert found.basis == basis
    assert found.to_payload()["basis"] == basis


def test_a_negative_rating_is_to_be_corrected_in_fifteen_working_days() -> None:
    receipt = correction_deadline(WEDNESDAY_10, CALENDAR)

    assert receipt.due_at == datetime(2026, 4, 1, 10, 0, tzinfo=SHANGHAI)
