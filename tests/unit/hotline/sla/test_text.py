from datetime import timedelta

import pytest

from hotline.sla.calendar import WorkingCalendar
from hotline.sla.deadline import DayRule, Pause, deadline
from hotline.sla.limit import Limit
from hotline.sla.text import describe, duration
from tests.unit.hotline.sla.instants import shanghai


def test_a_receipt_is_told_in_chinese(calendar: WorkingCalendar) -> None:
    receipt = deadline(shanghai("2026-02-14 16:30"), Limit.parse("4wh"), calendar)

    assert describe(receipt).splitlines() == [
        "时限  4工作时 (4wh) · 只计工作时间",
        "日历  莲池市工作日历 · 版本 2023.1+2024.1+2025.1+2026.1 · Asia/Shanghai",
        "开始  2026-02-14 周六 16:30",
        "  2026-02-14 周六 16:30 – 2026-02-14 周六 18:00  计入 1小时30分  调休上班 春节",
        "  2026-02-14 周六 18:00 – 2026-02-15 周日 00:00  不计 6小时  非工作时间",
        "  2026-02-15 周日 00:00 – 2026-02-24 周二 00:00  不计 9天  节假日 春节",
        "  2026-02-24 周二 00:00 – 2026-02-24 周二 08:00  不计 8小时  非工作时间",
        "  2026-02-24 周二 08:00 – 2026-02-24 周二 10:30  计入 2小时30分  工作时间",
        "到期  2026-02-24 周二 10:30",
    ]


def test_a_receipt_is_told_in_english_with_its_pause(calendar: WorkingCalendar) -> None:
    pause = Pause(shanghai("2026-03-12 08:00"), shanghai("2026-03-12 10:00"), "waits for parts")

    receipt = deadline(
        shanghai("2026-03-11 15:00"),
        Limit.parse("1wd"),
        calendar,
        pauses=[pause],
        day_rule=DayRule.END_OF_DAY,
    )

    text = describe(receipt, "en")
    assert "the day of receipt does not count" in text
    assert "skipped 2 h  clock stopped waits for parts" in text
    assert text.endswith("due  2026-03-13 Fri 10:00")


def test_a_provisional_deadline_says_so(calendar: WorkingCalendar) -> None:
    receipt = deadline(
        shanghai("2026-12-31 17:00"), Limit.parse("2wh"), calendar, allow_provisional=True
    )

    lines = describe(receipt).splitlines()

    assert lines[-1].startswith("暂定")
    assert lines[-3].endswith("工作时间 (暂定)")


@pytest.mark.parametrize(
    ("length", "zh", "en"),
    [
        (timedelta(0), "0分", "0 min"),
        (timedelta(minutes=90), "1小时30分", "1 h 30 min"),
        (timedelta(days=2, minutes=5), "2天5分", "2 d 5 min"),
    ],
)
def test_lengths_leave_out_what_is_nothing(length: timedelta, zh: str, en: str) -> None:
    assert (duration(length, "zh"), duration(length, "en")) == (zh, en)
