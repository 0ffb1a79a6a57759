"""Text -> Flow, with the line of every mistake.

A flow is YAML: `name`, `version`, `language`, `start`, `variables`, `digit_one`, and `steps`. A
step is named, and its kind is the key it has: `answer`, `play`, `note`, `branch`, `menu`,
`collect`, `lookup`, `enqueue`, `voicemail`, `transfer`, `announcement` or `hangup`. What is said
is a list of pieces: `thanks` is a prompt, `digits:{ticket_number}` a row of digits,
`number:{ahead}` a quantity, `count:{days}` one before a measure word, `date:{due_on}` a day,
`money:{fee}` an amount in fen, `prompt:outcome_{outcome}` a prompt chosen by a variable.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta

from ivr.checks import problems_of
from ivr.errors import FlowError, Problem
from ivr.events import LeaveReason
from ivr.flow import (
    MUSIC,
    AnnouncementStep,
    AnswerStep,
    Asking,
    BranchStep,
    CollectStep,
    EnqueueStep,
    Flow,
    HangupStep,
    LookupStep,
    MenuStep,
    NoteStep,
    PlayStep,
    Speech,
    SpeechKind,
    Step,
    TransferStep,
    Variable,
    VoicemailStep,
)
from ivr.text import Section, read
from ivr.verbs import PromptRef, TransferTo

KEYS = frozenset("0123456789*#ABCD")
SPEECH = re.compile(
    rf"(?:(?P<kind>{'|'.join(SpeechKind)}):)?(?P<template>[a-z0-9_]*(?:\{{[a-z_]+\}})?)"
)
MAX_REPEATS = 5
MAX_VISITS = 10
MAX_TIMEOUT = 60
MAX_MESSAGE = 600
MAX_SILENCE = 30
MAX_PRIORITY = 9
MAX_LEVEL = 9
SKILL = re.compile(r"[a-z]+\.[a-zA-Z0-9_-]+")


def load_flow(text: str, source: str, prompts: frozenset[str]) -> Flow:
    """Return the flow that `text` describes; `prompts` are the names of the files there are.

    Raises:
        FlowError: with every problem found.
    """
    problems: list[Problem] = []
    flow = replace(_flow(read(source, text, problems)), text=text)
    if not problems:
        problems += problems_of(flow, prompts)
    if problems:
        raise FlowError(tuple(sorted(problems)))
    return flow


def _flow(top: Section) -> Flow:
    flow = Flow(
        name=top.text("name"),
        version=top.text("version"),
        language=top.text("language"),
        start=top.text("start"),
        digit_one=top.text("digit_one", "yao"),
        variables={
            name: _variable(name, section)
            for name, section in top.section("variables").named_sections()
        },
        steps={
            name: step
            for name, section in top.section("steps", required=True).named_sections()
            if (step := _step(section)) is not None
        },
        source=top.source,
    )
    if flow.digit_one not in {"yao", "yi"}:
        top.problem("digit_one: write yao or yi", "digit_one")
    top.finish()
    return flow


def _variable(name: str, section: Section) -> Variable:
    variable = Variable(
        values=section.texts("values"),
        default=section.text("default") if "default" in section else None,
        is_later=section.flag("later", default=False),
        line=section.line,
    )
    if variable.values and variable.default not in {None, *variable.values}:
        section.problem(f"{name}: the default is not one of the values", "default")
    section.finish()
    return variable


def _step(section: Section) -> Step | None:
    """Return the step of the kind whose key is written, or collect why there is none."""
    kinds = [kind for kind in READERS if kind in section]
    if len(kinds) != 1:
        known = ", ".join(READERS)
        section.problem(f"a step has exactly one of: {known}; found {', '.join(kinds) or 'none'}")
        return None
    step = READERS[kinds[0]](section)
    section.finish()
    return step


def _answer(section: Section) -> Step:
    section.text("answer")
    return AnswerStep(section.text("next"), section.line)


def _play(section: Section) -> Step:
    return PlayStep(
        say=_speech(section, "play", required=True),
        next=section.text("next"),
        interruptible=section.flag("interruptible", default=False),
        line=section.line,
    )


def _note(section: Section) -> Step:
    return NoteStep(section.text("note"), section.text("value"), section.text("next"), section.line)


def _branch(section: Section) -> Step:
    return BranchStep(
        variable=section.text("branch"),
        cases=dict(section.section("cases", required=True).pairs()),
        otherwise=section.text("otherwise"),
        line=section.line,
    )


def _menu(section: Section) -> Step:
    keys = dict(section.section("keys", required=True).pairs())
    for key in keys:
        if key not in KEYS:
            section.problem(f"{key!r} is not a key of a telephone", "keys")
    return MenuStep(
        asking=_asking(section, "menu"),
        keys=keys,
        report=section.text("report", "") or None,
        line=section.line,
    )


def _collect(section: Section) -> Step:
    finish_on = section.text("finish_on", "#")
    if finish_on not in KEYS:
        section.problem(f"finish_on: {finish_on!r} is not a key of a telephone", "finish_on")
    return CollectStep(
        asking=_asking(section, "collect"),
        variable=section.text("variable"),
        max_digits=section.integer("max_digits", 20, least=1, most=32),
        next=section.text("next"),
        finish_on=finish_on,
        line=section.line,
    )


def _lookup(section: Section) -> Step:
    return LookupStep(
        what=section.text("lookup"),
        variables=section.texts("by", required=True),
        found=section.text("found"),
        not_found=section.text("not_found"),
        line=section.line,
    )


def _enqueue(section: Section) -> Step:
    outcomes = [LeaveReason.ANSWERED, LeaveReason.NO_SEATS, LeaveReason.OVERFLOW]
    if LeaveReason.CALL_BACK.value in section:
        outcomes.append(LeaveReason.CALL_BACK)
    return EnqueueStep(
        queue=section.text("enqueue"),
        outcomes={reason: section.text(reason.value) for reason in outcomes},
        music=PromptRef(section.text("music", MUSIC)),
        needs=_needs(section),
        priority=section.integer("priority", 0, least=0, most=MAX_PRIORITY),
        line=section.line,
    )


def _needs(section: Section) -> dict[str, int]:
    """Return the skills asked for; `language: en` is the skill `language.en`, from level 1."""
    needs: dict[str, int] = {}
    if language := section.text("language", ""):
        needs[f"language.{language}"] = 1
    if "needs" not in section:
        return needs
    wanted = section.section("needs")
    for skill, _ in wanted.pairs():
        if SKILL.fullmatch(skill) is None:
            wanted.problem(f"{skill!r} is no skill such as dialect.min", skill)
        needs[skill] = wanted.integer(skill, 1, least=1, most=MAX_LEVEL)
    return needs


def _voicemail(section: Section) -> Step:
    finish_on = section.text("finish_on", "#")
    if finish_on not in KEYS:
        section.problem(f"finish_on: {finish_on!r} is not a key of a telephone", "finish_on")
    return VoicemailStep(
        say=_speech(section, "voicemail", required=True),
        kept=section.text("kept"),
        nothing=section.text("nothing"),
        limit=timedelta(seconds=section.integer("limit", 120, least=5, most=MAX_MESSAGE)),
        silence=timedelta(seconds=section.integer("silence", 5, least=2, most=MAX_SILENCE)),
        finish_on=finish_on,
        line=section.line,
    )


def _transfer(section: Section) -> Step:
    kind, _, key = section.text("transfer").partition(":")
    if kind not in set(TransferTo) or not key:
        known = ", ".join(f"{each}:…" for each in TransferTo)
        section.problem(f"transfer: write one of {known}", "transfer")
        kind = TransferTo.QUEUE
    return TransferStep(
        to=TransferTo(kind),
        key=key,
        answered=section.text("answered"),
        failed=section.text("failed"),
        music=PromptRef(section.text("music", MUSIC)),
        line=section.line,
    )


def _announcement(section: Section) -> Step:
    section.text("announcement")
    return AnnouncementStep(
        off=section.text("off"),
        heard=section.text("heard"),
        enough=section.text("enough"),
        line=section.line,
    )


def _hangup(section: Section) -> Step:
    section.text("hangup")
    return HangupStep(section.line)


READERS: Mapping[str, Callable[[Section], Step]] = {
    "answer": _answer,
    "play": _play,
    "note": _note,
    "branch": _branch,
    "menu": _menu,
    "collect": _collect,
    "lookup": _lookup,
    "enqueue": _enqueue,
    "voicemail": _voicemail,
    "transfer": _transfer,
    "announcement": _announcement,
    "hangup": _hangup,
}


def _asking(section: Section, key: str) -> Asking:
    visits = section.integer("visits", 0, least=0, most=MAX_VISITS)
    return Asking(
        say=_speech(section, key, required=True),
        failed=section.text("failed"),
        wrong=_speech(section, "wrong"),
        silence=_speech(section, "silence"),
        timeout=timedelta(seconds=section.integer("timeout", 5, least=1, most=MAX_TIMEOUT)),
        repeats=section.integer("repeats", 2, least=0, most=MAX_REPEATS),
        visits=visits or None,
    )


def _speech(section: Section, key: str, *, required: bool = False) -> tuple[Speech, ...]:
    pieces = []
    for text in section.texts(key, required=required):
        match = SPEECH.fullmatch(text)
        if match is None or not match["template"]:
            section.problem(f"{key}: {text!r} is neither a prompt nor digits:{{…}}", key)
            continue
        kind = SpeechKind(match["kind"] or SpeechKind.PROMPT)
        pieces.append(Speech(kind, match["template"]))
    if required and not pieces:
        section.problem(f"{key}: nothing to say", key)
    return tuple(pieces)
