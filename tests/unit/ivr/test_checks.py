import pytest

from ivr.checks import problems_of
from ivr.errors import FlowError
from tests.unit.ivr.shipped import PROMPTS, shipped_flow, small_flow

END = "  end: {hangup: yes}\n"


def problems(steps: str, variables: str = "{}", prompts: frozenset[str] = PROMPTS) -> list[str]:
    with pytest.raises(FlowError) as caught:
        small_flow(steps, variables=variables, prompts=prompts)
    return [problem.what for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("steps", "problem"),
    [
        ("  two: {hangup: yes}\n", "start: there is no step 'one'"),
        ("  one: {play: [thanks], next: two}\n", "one: there is no step 'two'"),
        (
            "  one: {menu: [thanks], keys: {1: nowhere}, failed: end}\n" + END,
            "one: there is no step 'nowhere'",
        ),
        (
            "  one: {play: [unheard], next: end}\n" + END,
            "one: there is no prompt 'unheard' in zh-CN",
        ),
        (
            "  one: {menu: [thanks], wrong: [unheard], keys: {1: end}, failed: end}\n" + END,
            "one: there is no prompt 'unheard' in zh-CN",
        ),
        (
            '  one: {play: ["digits:{n}"], next: end}\n' + END,
            "one: variable 'n' is not declared",
        ),
        (
            "  one: {branch: n, cases: {1: end}, otherwise: end}\n" + END,
            "one: variable 'n' is not declared",
        ),
        (
            "  one: {lookup: ticket, by: n, found: end, not_found: end}\n" + END,
            "one: variable 'n' is not declared",
        ),
        ("  one: {hangup: yes}\n  two: {hangup: yes}\n", "two: no step leads here"),
    ],
)
def test_what_leads_nowhere_is_found(steps: str, problem: str) -> None:
    assert problem in problems(steps)


def test_a_branch_on_a_value_that_never_comes_is_found() -> None:
    steps = "  one: {branch: night, cases: {yes: end}, otherwise: end}\n" + END

    assert problems(steps, '{night: {values: ["0", "1"]}}') == ["one: night is never 'yes'"]


def test_a_prompt_chosen_by_a_variable_needs_a_file_for_each_value() -> None:
    steps = '  one: {play: ["prompt:outcome_{o}"], next: end}\n' + END

    assert problems(steps, "{o: {values: [solved, lost]}}") == [
        "one: there is no prompt 'outcome_lost' in zh-CN"
    ]


def test_a_quantity_must_be_declared_as_digits() -> None:
    steps = '  one: {play: ["number:{o}"], next: end}\n' + END

    assert problems(steps, "{o: {values: [solved]}}") == ["one: 'o' is not declared as digits"]


def test_the_survey_needs_the_prompt_for_every_digit() -> None:
    flow = shipped_flow("survey")

    found = problems_of(flow, PROMPTS - {"digit_1_yao"})

    assert [problem.what for problem in found] == [
        "greeting: there is no prompt 'digit_1_yao' in zh-CN"
    ]


@pytest.mark.parametrize("missing", ["music", "position_next", "two", "ten"])
def test_a_queue_needs_music_and_the_announcements(missing: str) -> None:
    steps = "  one: {enqueue: q, answered: end, no_seats: end, overflow: end}\n" + END

    assert problems(steps, prompts=PROMPTS - {missing}) == [
        f"one: there is no prompt {missing!r} in zh-CN"
    ]


MENU = "  two: {{menu: [thanks], keys: {{1: one}}, failed: {failed}{visits}}}\n"
LOOPS = [
    pytest.param(
        "  one: {play: [thanks], next: two}\n  two: {play: [thanks], next: one}\n",
        "one -> two -> one",
        id="two steps that never wait",
    ),
    pytest.param("  one: {note: a, value: b, next: one}\n", "one -> one", id="a step of its own"),
    pytest.param(
        "  one: {play: [thanks], next: two}\n" + MENU.format(failed="end", visits="") + END,
        "one -> two -> one",
        id="a menu that a key leads back to for ever",
    ),
    pytest.param(
        "  one: {play: [thanks], next: two}\n" + MENU.format(failed="one", visits=", visits: 3"),
        "one -> two -> one",
        id="a menu whose last exit leads back",
    ),
]


@pytest.mark.parametrize(("steps", "loop"), LOOPS)
def test_a_loop_without_end_is_found(steps: str, loop: str) -> None:
    assert problems(steps) == [f"{loop} never ends; give one of its menus `visits`"]


def test_a_loop_that_may_be_walked_a_few_times_is_allowed() -> None:
    steps = "  one: {play: [thanks], next: two}\n" + MENU.format(failed="end", visits=", visits: 3")

    assert set(small_flow(steps + END).steps) == {"one", "two", "end"}


LATER = '{state: {values: [open, closed], later: yes}, n: {default: "1"}}'


def test_what_a_lookup_finds_is_known_only_where_it_was_found() -> None:
    steps = (
        "  one: {lookup: ticket, by: n, found: good, not_found: bad}\n"
        "  good: {branch: state, cases: {open: end}, otherwise: end}\n"
        "  bad: {branch: state, cases: {open: end}, otherwise: end}\n"
    )

    assert problems(steps + END, LATER) == ["bad: 'state' may be unknown here"]
    small_flow(steps.replace("bad: {branch: state,", "bad: {branch: n,") + END, variables=LATER)


def test_keys_are_known_only_once_they_were_collected() -> None:
    steps = (
        "  one: {menu: [thanks], keys: {1: ask, 2: say}, failed: end}\n"
        "  ask: {collect: [thanks], variable: code, next: say, failed: end}\n"
        '  say: {play: ["digits:{code}"], next: end}\n'
    )

    assert problems(steps + END) == ["say: 'code' may be unknown here"]
    small_flow(steps.replace("2: say", "2: end") + END)


def test_nobody_is_recorded_before_the_notice() -> None:
    """A message is recorded like a talk, so its caller has been told (PIPL art. 17)."""
    message = "{voicemail: [thanks], kept: end, nothing: end}\n"
    steps = (
        "  one: {menu: [thanks], keys: {1: told, 2: message}, failed: end}\n"
        '  told: {note: recording_notice, value: "1", next: message}\n'
        f"  message: {message}"
    )

    assert problems(steps + END) == ["message: may be reached before the note 'recording_notice'"]
    small_flow(steps.replace("2: message", "2: end") + END)


def test_a_message_needs_its_tone() -> None:
    steps = (
        '  one: {note: recording_notice, value: "1", next: two}\n'
        "  two: {voicemail: [thanks], kept: end, nothing: end}\n"
    )

    assert problems(steps + END, prompts=PROMPTS - {"beep"}) == [
        "two: there is no prompt 'beep' in zh-CN"
    ]


@pytest.mark.parametrize("target", ["13800000001", "number:13800000001", "seat:", "119"])
def test_a_flow_names_no_number_to_dial(target: str) -> None:
    steps = f'  one: {{transfer: "{target}", answered: end, failed: end}}\n'

    assert problems(steps + END)[0].startswith("transfer: write one of queue:")


def test_a_transfer_that_leads_back_for_ever_is_a_loop() -> None:
    steps = "  one: {transfer: queue:q, answered: end, failed: one}\n"

    assert problems(steps + END)[0].startswith("one -> one never ends")


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ("needs: {min: 2}", "'min' is no skill such as dialect.min"),
        ("needs: {dialect.min: 10}", "dialect.min: '10' is not a number from 1 to 9"),
        ("priority: 10", "priority: '10' is not a number from 0 to 9"),
    ],
)
def test_a_skill_or_priority_that_is_none_is_found(words: str, problem: str) -> None:
    steps = f"  one: {{enqueue: q, {words}, answered: end, no_seats: end, overflow: end}}\n"

    assert problems(steps + END) == [problem]
