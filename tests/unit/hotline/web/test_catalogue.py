"""The English catalogues know every text that our pages can show."""

import ast
import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import jinja2
import pytest

import case_bridge.web
import channels.web
import hotline.web
from channels.web.callback import SATISFACTION, SOLVED
from channels.web.form import Upload, check_report
from channels.web.photos import LARGEST_PHOTO
from channels.web.report import _REPLY_WORDS
from hotline.tickets.states import TicketState, TicketTrigger
from hotline.tickets.ticket import CloseReason, Outcome
from hotline.tickets.views import HistoryEntry
from hotline.tickets.wording import state_words, timeline
from hotline.web.audit.handlers import COLUMNS as AUDIT_COLUMNS
from hotline.web.audit.words import ACTIONS, GROUPS
from hotline.web.errors import _ADVICE, TYPED_WORDS
from hotline.web.field_words import BY_FIELD, BY_KIND, OTHERWISE
from hotline.web.labels import LABELS
from hotline.web.language import read_catalogue
from hotline.web.routing import MenuGroup
from tests.conftest import FakeClock

OWN = Path(hotline.web.__file__).parent
PUBLIC = Path(channels.web.__file__).parent
CASES = Path(case_bridge.web.__file__).parent
CHINESE = re.compile("[\u4e00-\u9fff]")
ENGLISH = read_catalogue(OWN / "catalogue/en.po") | read_catalogue(PUBLIC / "catalogue/en.po")
EVERY_ENGLISH = ENGLISH | {
    text: english
    for path in sorted(CASES.rglob("en.po"))
    for text, english in read_catalogue(path).items()
}


def of_templates(folder: Path) -> Iterator[str]:
    environment = jinja2.Environment(extensions=["jinja2.ext.i18n"], autoescape=True)
    for path in sorted(folder.rglob("*.html")):
        for _, _, text in environment.extract_translations(path.read_text(encoding="utf-8")):
            if isinstance(text, str):  # not a variable: its values are in the tables
                yield text


def of_scripts() -> Iterator[str]:
    for path in sorted((OWN / "client").glob("*.js")):
        code = re.sub(r"^\s*//.*$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        yield from (text for text in re.findall(r'"([^"\n]+)"', code) if CHINESE.search(text))


def of_calls(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Name(id="translate"), args=[_, ast.Constant(value=text)]):
                    yield text
                case ast.Call(func=ast.Name(id="MenuEntry"), args=[ast.Constant(value=text), *_]):
                    yield text


def of_tables() -> Iterator[str]:
    for words in LABELS.values():
        yield from words.values()
    for pair in _ADVICE.values():
        yield from pair
    yield from TYPED_WORDS.values()
    yield from _REPLY_WORDS.values()
    yield from MenuGroup
    yield from (*ACTIONS.values(), *GROUPS.values(), *AUDIT_COLUMNS)
    yield from (*BY_FIELD.values(), *BY_KIND.values(), OTHERWISE)
    yield from (text for _, text in (*SOLVED, *SATISFACTION))


def of_tickets() -> Iterator[str]:
    outcomes, reasons = (*Outcome, None), (*CloseReason, None)
    for state, outcome, reason in product(TicketState, outcomes, reasons):
        yield state_words(state, outcome, reason)
    triggers, actors = (*TicketTrigger, None), ("system", "citizen:link")
    for trigger, outcome, reason, actor in product(triggers, Outcome, CloseReason, actors):
        entry = HistoryEntry(
            position=1,
            trigger=trigger,
            state=TicketState.OPEN,
            round=1,
            actor=actor,
            detail={"outcome": outcome.value, "reason": reason.value},
            at=FakeClock.now,
        )
        yield from (step.words for step in timeline([entry]))


TEXTS = {
    "templates": [*of_templates(OWN / "templates"), *of_templates(PUBLIC / "templates")],
    "scripts": list(of_scripts()),
    "handlers": [*of_calls(OWN), *of_calls(PUBLIC)],
    "tables": list(of_tables()),
    "tickets": list(of_tickets()),
}


@pytest.mark.parametrize("source", list(TEXTS))
def test_every_text_has_its_english(source: str) -> None:
    texts = {text for text in TEXTS[source] if CHINESE.search(text)}

    assert texts
    assert sorted(texts - set(ENGLISH)) == []


@pytest.mark.parametrize("member", [(k, m) for k in LABELS for m in k], ids=str)
def test_every_stored_value_has_its_word(member: tuple[type, object]) -> None:
    kind, value = member

    assert LABELS[kind][value]  # type: ignore[index]


def test_every_mistake_in_the_public_form_has_its_english() -> None:
    fields = {"body": "字" * 6000, "address": "路" * 400, "name": "名" * 70, "website": "x"}
    photos = [[Upload("a", b"")], [Upload("a", b"")] * 6, [Upload("a", b"0" * (LARGEST_PHOTO + 1))]]
    ways = [
        {"reply_channel": "mail"},
        {"reply_channel": "sms", "phone": "01066001234"},
        {"reply_channel": "voice", "request_kind": "x"},
        {},
    ]
    told = {
        text
        for change, uploads in product(ways, photos)
        for report in (fields | change, change)
        for text in check_report(report, uploads).problems.values()
    }

    assert len(told) == 14
    assert sorted(told - set(ENGLISH)) == []


def test_every_text_of_the_case_system_has_its_english() -> None:
    texts = {text for text in (*of_templates(CASES), *of_calls(CASES)) if CHINESE.search(text)}

    assert len(texts) > 500
    assert sorted(texts - set(EVERY_ENGLISH)) == []


def test_english_texts_are_english() -> None:
    named = {text for text in ENGLISH.values() if CHINESE.search(text)}

    assert named == {"Name, pinyin, initials or code, such as 井盖, jinggai, 0101"}


def test_both_languages_fill_in_the_same_values() -> None:
    holes = re.compile(r"%\(\w+\)s")

    assert [zh for zh, en in ENGLISH.items() if holes.findall(zh) != holes.findall(en)] == []
