"""Deadline receipts in words, for the person who asks "why then?"."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from hotline.sla.deadline import DeadlineReceipt, Reason, Step

WEEKDAYS = {
    "zh": ("周一", "周二", "周三", "周四", "周五", "周六", "周日"),
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
}

RULES = {
    "zh": {
        "continuous": "连续计时，昼夜、周末和节假日都计入",
        "working_hours": "只计工作时间",
        "eight_hours": "只计工作时间，1工作日按8工作时计",
        "end_of_day": "收件当日不计，第n个工作日下班时到期",
    },
    "en": {
        "continuous": "runs day and night, weekends and holidays included",
        "working_hours": "only working time counts",
        "eight_hours": "only working time counts; one working day is 8 working hours",
        "end_of_day": "the day of receipt does not count; due at the end of the n-th working day",
    },
}

REASONS = {
    "zh": {
        Reason.CONTINUOUS: "连续计时",
        Reason.WORKING_HOURS: "工作时间",
        Reason.MAKE_UP_DAY: "调休上班",
        Reason.OUTSIDE_HOURS: "非工作时间",
        Reason.WEEKEND: "周末",
        Reason.HOLIDAY: "节假日",
        Reason.DAY_OF_RECEIPT: "收件当日不计",
        Reason.PAUSED: "停表",
    },
    "en": {
        Reason.CONTINUOUS: "continuous",
        Reason.WORKING_HOURS: "working hours",
        Reason.MAKE_UP_DAY: "make-up workday",
        Reason.OUTSIDE_HOURS: "outside hours",
        Reason.WEEKEND: "weekend",
        Reason.HOLIDAY: "public holiday",
        Reason.DAY_OF_RECEIPT: "day of receipt",
        Reason.PAUSED: "clock stopped",
    },
}

WORDS = {
    "zh": {
        "limit": "时限",
        "calendar": "日历",
        "version": "版本",
        "start": "开始",
        "due": "到期",
        "counted": "计入",
        "skipped": "不计",
        "provisional_mark": "暂定",
        "provisional": "暂定：途经年份的放假通知尚未公布，公布后须重算",
    },
    "en": {
        "limit": "limit",
        "calendar": "calendar",
        "version": "version",
        "start": "start",
        "due": "due",
        "counted": "counted",
        "skipped": "skipped",
        "provisional_mark": "provisional",
        "provisional": (
            "provisional: a year on the way has no published holidays yet; to be computed again"
        ),
    },
}


def describe(receipt: DeadlineReceipt, language: str = "zh") -> str:
    """Return a receipt as lines of text, in `zh` or `en`: limit, calendar, every stretch, due."""
    words = WORDS[language]
    zone = ZoneInfo(receipt.zone)
    lines = [
        f"{words['limit']}  {receipt.limit.label(language)} ({receipt.limit})"
        f" · {RULES[language][receipt.rule]}",
        f"{words['calendar']}  {receipt.calendar_name} · {words['version']}"
        f" {receipt.calendar_version} · {receipt.zone}",
        f"{words['start']}  {moment(receipt.start, zone, language)}",
        *(step_line(step, zone, language) for step in receipt.steps),
        f"{words['due']}  {moment(receipt.due_at, zone, language)}",
    ]
    if receipt.provisional:
        lines.append(words["provisional"])
    return "\n".join(lines)


def step_line(step: Step, zone: ZoneInfo, language: str) -> str:
    """Return one stretch as a line: from, to, counted or skipped, how long, why."""
    words = WORDS[language]
    mark = words["counted"] if step.reason.is_counted else words["skipped"]
    name = f" {step.name}" if step.name else ""
    if step.provisional:
        name += f" ({words['provisional_mark']})"
    return (
        f"  {moment(step.begin, zone, language)} – {moment(step.end, zone, language)}"
        f"  {mark} {duration(step.length, language)}  {REASONS[language][step.reason]}{name}"
    )


def moment(instant: datetime, zone: ZoneInfo, language: str) -> str:
    """Return an instant with its weekday in a zone: `2026-02-14 周六 16:30`."""
    local = instant.astimezone(zone)
    return f"{local:%Y-%m-%d} {WEEKDAYS[language][local.weekday()]} {local:%H:%M}"


def duration(length: timedelta, language: str) -> str:
    """Return a length in whole minutes: `1天2小时30分`, `1 d 2 h 30 min`, `0分`."""
    minutes = length // timedelta(minutes=1)
    amounts = (minutes // 1440, minutes // 60 % 24, minutes % 60)
    units = ("天", "小时", "分") if language == "zh" else (" d", " h", " min")
    parts = [f"{amount}{unit}" for amount, unit in zip(amounts, units, strict=True) if amount]
    return ("" if language == "zh" else " ").join(parts) or f"0{units[-1]}"
