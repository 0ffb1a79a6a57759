import errno
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from channels.voice.media.priority import SWITCH_SECONDS, take_priority


@pytest.fixture(autouse=True)
def interval() -> Iterator[None]:
    before = sys.getswitchinterval()
    yield
    sys.setswitchinterval(before)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int, int]]:
    calls: list[tuple[int, int, int]] = []

    def take(thread: int, policy: int, param: os.sched_param) -> None:
        calls.append((thread, policy, param.sched_priority))

    monkeypatch.setattr(os, "sched_setscheduler", take)
    return calls


def test_every_thread_of_the_process_is_raised(asked: list[tuple[int, int, int]]) -> None:
    threads = {int(task.name) for task in Path("/proc/self/task").iterdir()}

    assert take_priority(5) is None
    assert {thread for thread, _, _ in asked} == threads
    assert {(policy, priority) for _, policy, priority in asked} == {(os.SCHED_RR, 5)}
    assert sys.getswitchinterval() == SWITCH_SECONDS


def test_without_a_priority_nothing_is_asked_of_the_system(
    asked: list[tuple[int, int, int]],
) -> None:
    assert take_priority(0) is None
    assert asked == []


def test_a_refusal_is_told_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_thread: int, _policy: int, _param: os.sched_param) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "sched_setscheduler", refuse)

    assert take_priority(5) == "Operation not permitted"
