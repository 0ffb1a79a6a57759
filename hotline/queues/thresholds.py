"""When a board raises an alarm: pure, from the board as it stands and named limits."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from hotline.queues.abuse import PROTECTION
from hotline.queues.states import SeatState
from hotline.queues.values import Board, QueueLine, SeatLine


class AlarmKind(StrEnum):
    """What is wrong."""

    WAITING = "waiting"  # 排队人数超限
    LONGEST_WAIT = "longest_wait"  # 最长等待超限
    NOBODY_TO_ANSWER = "nobody_to_answer"  # 有人排队而无人在岗
    TALKING = "talking"  # 通话超时
    WRAP_UP = "wrap_up"  # 话后处理超时
    ON_BREAK = "on_break"  # 小休超时
    NO_PHONE = "no_phone"  # 空闲但话机不在线


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """From where on somebody should look; GB/T 33358 asks for an answer within 15 s."""

    waiting: int = 5
    """Callers in one queue."""
    longest_wait: timedelta = timedelta(seconds=60)
    talking: timedelta = timedelta(minutes=15)
    wrap_up: timedelta = timedelta(minutes=2)
    on_break: timedelta = timedelta(minutes=20)


@dataclass(frozen=True, slots=True)
class Alarm:
    """One thing that a shift leader should look at."""

    kind: AlarmKind
    where: str
    """The queue, or the seat's extension."""
    since: datetime | None
    """Since when, for alarms about time."""
    count: int
    """How many, for alarms about numbers; else 0."""


def alarms(board: Board, limits: Thresholds, now: datetime) -> list[Alarm]:
    """Return what is over its limit, queues before seats."""
    found: list[Alarm] = []
    for queue in board.queues:
        found += _of_queue(queue, board, limits, now)
    for seat in board.seats:
        found += _of_seat(seat, limits, now)
    return found


def _of_queue(queue: QueueLine, board: Board, limits: Thresholds, now: datetime) -> list[Alarm]:
    found = []
    since = queue.longest_since
    if queue.waiting > limits.waiting:
        found.append(Alarm(AlarmKind.WAITING, queue.queue, None, queue.waiting))
    if since is not None and now - since > limits.longest_wait:
        found.append(Alarm(AlarmKind.LONGEST_WAIT, queue.queue, since, 0))
    working = (SeatState.AVAILABLE, SeatState.OFFERED, SeatState.TALKING, SeatState.WRAP_UP)
    if queue.waiting and not any(
        seat.queue == queue.queue and seat.state in working for seat in board.seats
    ):
        found.append(Alarm(AlarmKind.NOBODY_TO_ANSWER, queue.queue, None, queue.waiting))
    return found


def _of_seat(seat: SeatLine, limits: Thresholds, now: datetime) -> list[Alarm]:
    if seat.state is SeatState.ON_BREAK and seat.break_reason == PROTECTION:
        # A rest after an abusive call is due to the person, however long.
        return []
    limit = {
        SeatState.TALKING: (AlarmKind.TALKING, limits.talking),
        SeatState.WRAP_UP: (AlarmKind.WRAP_UP, limits.wrap_up),
        SeatState.ON_BREAK: (AlarmKind.ON_BREAK, limits.on_break),
    }.get(seat.state)
    if limit is not None and now - seat.since > limit[1]:
        return [Alarm(limit[0], seat.extension, seat.since, 0)]
    phones = (seat.phone_until, seat.browser_until)
    if seat.state is SeatState.AVAILABLE and not any(each and each > now for each in phones):
        return [Alarm(AlarmKind.NO_PHONE, seat.extension, seat.since, 0)]
    return []
