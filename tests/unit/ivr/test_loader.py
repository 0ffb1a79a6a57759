import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.errors import FlowError
from ivr.events import LeaveReason
from ivr.flow import (
    CollectStep,
    EnqueueStep,
    MenuStep,
    PlayStep,
    Speech,
    SpeechKind,
)
from ivr.loader import load_flow
from tests.unit.ivr.shipped import PROMPTS, shipped_flow, small_flow

END = "  end: {hangup: yes}\n"


def problems(steps: str, variables: str = "{}") -> list[str]:
    with pytest.raises(FlowError) as caught:
        small_flow(steps, variables=variables)
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("main", "2026-4"),
        ("night", "2026-2"),
        ("return_call", "2026-1"),
        ("status", "2026-1"),
        ("survey", "2026-2"),
    ],
)
def test_the_flows_that_ship_are_sound(name: str, version: str) -> None:
    flow = shipped_flow(name)

    assert (flow.name, flow.version, flow.language) == (name, version, "zh-CN")


def test_keys_and_codes_keep_the_form_they_are_written_in() -> None:
    flow = small_flow("  one: {menu: [thanks], keys: {1: end, 0: end}, failed: end}\n" + END)

    step = flow.steps["one"]
    assert isinstance(step, MenuStep)
    assert dict(step.keys) == {"1": "end", "0": "end"}


def test_what_is_said_may_hold_prompts_digits_and_quantities() -> None:
    flow = small_flow(
        '  one: {play: [thanks, "digits:{n}", "number:{n}", "prompt:digit_{d}"], next: end}\n'
        + END,
        variables="{n: {}, d: {values: ['1', '2']}}",
    )

    step = flow.steps["one"]
    assert isinstance(step, PlayStep)
    assert step.say == (
        Speech(SpeechKind.PROMPT, "thanks"),
        Speech(SpeechKind.DIGITS, "{n}"),
        Speech(SpeechKind.NUMBER, "{n}"),
        Speech(SpeechKind.PROMPT, "digit_{d}"),
    )


def test_an_enqueue_names_what_follows_each_end_of_the_wait() -> None:
    step = shipped_flow("main").steps["to_seat"]

    assert isinstance(step, EnqueueStep)
    assert dict(step.outcomes) == {
        LeaveReason.ANSWERED: "done",
        LeaveReason.NO_SEATS: "nobody",
        LeaveReason.OVERFLOW: "busy",
        LeaveReason.CALL_BACK: "kept",
    }


def test_digits_are_collected_up_to_the_hash_key_unless_told_otherwise() -> None:
    flow = small_flow("  one: {collect: [thanks], variable: n, next: end, failed: end}\n" + END)

    step = flow.steps["one"]
    assert isinstance(step, CollectStep)
    assert (step.max_digits, step.finish_on) == (20, "#")


@pytest.mark.parametrize(
    ("steps", "problem"),
    [
        (
            "  one: {say: [thanks], next: end}\n" + END,
            "small.yaml line 7: a step has exactly one of: answer, play, note, branch, menu,"
            " collect, lookup, enqueue, voicemail, transfer, announcement, hangup; found none",
        ),
        (
            "  one: {play: [thanks], hangup: yes}\n" + END,
            "small.yaml line 7: a step has exactly one of: answer, play, note, branch, menu,"
            " collect, lookup, enqueue, voicemail, transfer, announcement, hangup;"
            " found play, hangup",
        ),
        ("  one: {play: [thanks]}\n" + END, "small.yaml line 7: 'next' is missing"),
        (
            "  one: {play: [thanks], nxt: end, next: end}\n" + END,
            "small.yaml line 7: 'nxt' is not known here",
        ),
        (
            "  one:\n    play: [thanks]\n    next: end\n    next: end\n" + END,
            "small.yaml line 10: 'next' is written twice",
        ),
        (
            "  one: {play: [Thanks!], next: end}\n" + END,
            "small.yaml line 7: play: 'Thanks!' is neither a prompt nor digits:{…}",
        ),
        ("  one: {play: [], next: end}\n" + END, "small.yaml line 7: play: nothing to say"),
        (
            "  one: {play: [thanks], interruptible: perhaps, next: end}\n" + END,
            "small.yaml line 7: interruptible: 'perhaps' is neither yes nor no",
        ),
        (
            "  one: {menu: [thanks], keys: {x: end}, failed: end}\n" + END,
            "small.yaml line 7: 'x' is not a key of a telephone",
        ),
        (
            "  one: {menu: [thanks], keys: {1: end}, repeats: 6, failed: end}\n" + END,
            "small.yaml line 7: repeats: '6' is not a number from 0 to 5",
        ),
        (
            "  one: {collect: [thanks], variable: n, finish_on: x, next: end, failed: end}\n" + END,
            "small.yaml line 7: finish_on: 'x' is not a key of a telephone",
        ),
        ("  one: hello\n" + END, "small.yaml line 7: one: keys with values are expected"),
    ],
)
def test_a_mistake_is_told_with_its_line(steps: str, problem: str) -> None:
    assert problem in problems(steps)


def test_every_mistake_is_told_not_only_the_first() -> None:
    found = problems("  one: {play: [thanks]}\n  two: {menu: [x], keys: {1: y}}\n  three: {}\n")

    assert [problem.split(":")[0] for problem in found] == [
        "small.yaml line 7",
        "small.yaml line 8",
        "small.yaml line 9",
    ]


@pytest.mark.parametrize(
    ("variables", "problem"),
    [
        ("{n: {values: [a], default: b}}", "n: the default is not one of the values"),
        ("{n: {valeus: [a]}}", "'valeus' is not known here"),
        ("[n]", "variables: keys with values are expected"),
    ],
)
def test_a_badly_declared_variable_is_told(variables: str, problem: str) -> None:
    assert f"small.yaml line 5: {problem}" in problems(
        "  one: {hangup: yes}\n", variables=variables
    )


def test_the_digit_one_is_said_in_one_of_two_ways() -> None:
    head = "name: a\nversion: b\nlanguage: zh-CN\nstart: c\ndigit_one: yau\n"
    text = head + "steps: {c: {hangup: yes}}"

    with pytest.raises(FlowError, match="line 5: digit_one: write yao or yi"):
        load_flow(text, "a.yaml", PROMPTS)


@given(st.text(max_size=80))
def test_no_text_raises_anything_but_its_own_error(text: str) -> None:
    with pytest.raises(FlowError):
        load_flow(text, "noise.yaml", PROMPTS)
