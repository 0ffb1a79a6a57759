from datetime import timedelta
from pathlib import Path

import pytest

from config.data_files import DATA
from config.queue_rules import load_queue_rules, queue_rules
from hotline.kernel.errors import Invalid
from hotline.queues.routing import Overflow, QueueRules, Step, Strategy
from ivr.errors import Problem

WHOLE = """
queues:
  gas:
    strategy: fewest_calls
    needs: {business.gas: 3, dialect.min: 1}
    relax:
      - {after: 30, by: 2}
    overflow:
      - {to: hotline, after: 0}
    last_seat: yes
  plain: {}
"""


def load(folder: Path, text: str) -> tuple[dict[str, QueueRules], list[str]]:
    (folder / "queues.yaml").write_text(text, encoding="utf-8")
    problems: list[Problem] = []
    rules = load_queue_rules(folder, problems)
    return rules, [str(problem) for problem in problems]


def test_every_word_of_a_queue_is_read(tmp_path: Path) -> None:
    rules, problems = load(tmp_path, WHOLE)

    assert problems == []
    assert rules["plain"] == QueueRules()
    assert rules["gas"] == QueueRules(
        strategy=Strategy.FEWEST_CALLS,
        needs={"business.gas": 3, "dialect.min": 1},
        relax=(Step(timedelta(seconds=30), 2),),
        overflow=(Overflow("hotline", timedelta(0)),),
        prefers_last_seat=True,
    )


def test_every_mistake_is_told_with_its_line(tmp_path: Path) -> None:
    text = WHOLE.replace("fewest_calls", "whoever").replace("gas: 3", "gas: high")
    _, problems = load(tmp_path, text.replace("to: hotline", "to: gas"))

    assert problems == [
        "queues.yaml line 4: strategy: 'whoever' is none of "
        "longest_idle, fewest_calls, round_robin, ring_all",
        "queues.yaml line 5: business.gas: 'high' is not a level from 1 to 9",
        "queues.yaml line 9: to: 'gas' is the queue itself",
    ]


def test_the_shipped_rules_let_day_and_night_help_each_other() -> None:
    rules = queue_rules(DATA)

    assert rules["hotline"].all_queues("hotline") == ("hotline", "duty")
    assert rules["duty"].all_queues("duty") == ("duty", "hotline")


def test_a_broken_file_is_refused_whole(tmp_path: Path) -> None:
    (tmp_path / "queues.yaml").write_text("queues: {a: {strategy: x}}", encoding="utf-8")

    with pytest.raises(Invalid, match=r"queues\.yaml.*strategy"):
        queue_rules(tmp_path)
