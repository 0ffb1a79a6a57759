"""`queues.yaml`: how each queue finds seats, as values."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from functools import lru_cache
from pathlib import Path

from config.data_files import DATA, read_yaml
from hotline.kernel.errors import Invalid
from hotline.queues.routing import Overflow, QueueRules, Step, Strategy
from ivr.errors import Problem
from ivr.text import Section

QUEUES = "queues.yaml"
LONGEST_WAIT = 7200


def load_queue_rules(folder: Path, problems: list[Problem]) -> dict[str, QueueRules]:
    """Return the rules by queue; what is wrong goes to `problems`."""
    top = read_yaml(folder / QUEUES, problems)
    rules = {
        name: _rules(name, section)
        for name, section in top.section("queues", required=True).named_sections()
    }
    top.finish()
    return rules


@lru_cache(maxsize=4)
def queue_rules(folder: Path = DATA) -> Mapping[str, QueueRules]:
    """Return the rules that ship with the program, read once.

    Raises:
        Invalid: with every mistake in the file.
    """
    problems: list[Problem] = []
    rules = load_queue_rules(folder, problems)
    if problems:
        raise Invalid(QUEUES, "; ".join(str(problem) for problem in problems))
    return rules


def _rules(name: str, section: Section) -> QueueRules:
    strategy = section.text("strategy", Strategy.LONGEST_IDLE.value)
    if strategy not in set(Strategy):
        section.problem(f"strategy: {strategy!r} is none of {', '.join(Strategy)}", "strategy")
        strategy = Strategy.LONGEST_IDLE.value
    rules = QueueRules(
        strategy=Strategy(strategy),
        needs=dict(_needs(section.section("needs"))),
        relax=tuple(_step(each) for each in _listed(section, "relax")),
        overflow=tuple(_overflow(name, each) for each in _listed(section, "overflow")),
        prefers_last_seat=section.flag("last_seat", default=False),
    )
    section.finish()
    return rules


def _listed(section: Section, key: str) -> list[Section]:
    return section.sections(key) if key in section else []


def _needs(section: Section) -> Iterator[tuple[str, int]]:
    for skill, level in section.pairs():
        if level not in set("123456789"):
            section.problem(f"{skill}: {level!r} is not a level from 1 to 9", skill)
        else:
            yield skill, int(level)


def _step(section: Section) -> Step:
    after = section.integer("after", 0, least=1, most=LONGEST_WAIT)
    step = Step(timedelta(seconds=after), section.integer("by", 1, least=1, most=9))
    section.finish()
    return step


def _overflow(name: str, section: Section) -> Overflow:
    to = section.text("to")
    if to == name:
        section.problem(f"to: {to!r} is the queue itself", "to")
    after = section.integer("after", 0, least=0, most=LONGEST_WAIT)
    section.finish()
    return Overflow(to, timedelta(seconds=after))
