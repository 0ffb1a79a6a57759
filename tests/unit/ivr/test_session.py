"""Transcripts: events in, verbs out."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.errors import BadVariable
from ivr.events import (
    Announced,
    AnnouncementChoice,
    Digits,
    Found,
    HungUp,
    IvrEvent,
    LeaveReason,
    LeftQueue,
    MessageKept,
    NotFound,
    NothingAnnounced,
    NothingSaid,
    PlayFinished,
    Started,
    Timeout,
    TransferEnded,
)
from ivr.flow import MUSIC
from ivr.session import IvrSession
from ivr.speech import spoken_digits
from ivr.verbs import (
    Announce,
    Answer,
    Enqueue,
    Gather,
    Hangup,
    Lookup,
    Note,
    Play,
    PromptRef,
    Report,
    Transfer,
    TransferTo,
    Verb,
    Voicemail,
)
from tests.unit.ivr.shipped import shipped_flow, small_flow

SURVEY = {"ticket_number": "20260214000017", "outcome": "solved"}


def play(*names: str, interruptible: bool = True) -> Play:
    return Play(tuple(PromptRef(name) for name in names), interruptible)


def one_key(seconds: int) -> Gather:
    return Gather(1, timedelta(seconds=seconds))


NOTICE: list[Verb] = [Answer(), play("recording_notice", interruptible=False)]
NOTED = Note("recording_notice", "2026-1")
TO_SEAT = Enqueue("hotline", MUSIC, can_call_back=True)
TO_DUTY = Enqueue("duty", MUSIC)
CONNECTING = play("connecting", interruptible=False)
NIGHT = play("night", interruptible=False)
HOLIDAY = play("holiday", interruptible=False)
BUSY = play("all_busy", interruptible=False)
NOBODY = play("no_seats", interruptible=False)
OFFER: list[Verb] = [play("offer_service"), one_key(6)]
AT_NIGHT: list[Verb] = [play("offer_message"), one_key(6)]
FAREWELL: list[Verb] = [play("goodbye", interruptible=False)]
MESSAGE: list[Verb] = [
    play("ask_message", "beep", interruptible=False),
    Voicemail(timedelta(seconds=120), timedelta(seconds=5), "#"),
]
WORDS_NOTICE = play("words_notice", interruptible=False)
WORDS_NOTED = Note("recording_notice", "words-2026-1")
WORDS: list[Verb] = [
    play("ask_words", "beep", interruptible=False),
    Voicemail(timedelta(seconds=60), timedelta(seconds=5), "#"),
]
ASK_NUMBER: list[Verb] = [play("ask_ticket_number"), Gather(20, timedelta(seconds=10), "#")]
ASK_CODE: list[Verb] = [play("ask_query_code"), Gather(6, timedelta(seconds=10), "#")]
UNKNOWN: list[Verb] = [play("status_unknown", interruptible=False)]

ASK_SOLVED: list[Verb] = [play("ask_solved"), one_key(6)]
ASK_SOLVED_AFTER_WRONG = [play("wrong_key", "ask_solved"), one_key(6)]
ASK_SOLVED_AFTER_SILENCE = [play("no_key", "ask_solved"), one_key(6)]
ASK_SATISFACTION = [play("ask_satisfaction"), one_key(6)]
GIVE_UP = play("survey_no_answer", interruptible=False)
THANKS = play("thanks", interruptible=False)
REOPENED = play("reopened", interruptible=False)

# fmt: off
GREETING = play(
    "survey_greeting", "your_ticket",
    "digit_2", "digit_0", "digit_2", "digit_6", "digit_0", "digit_2", "digit_1_yao", "digit_4",
    "digit_0", "digit_0", "digit_0", "digit_0", "digit_1_yao", "digit_7",
    "outcome_solved", interruptible=False,
)
# fmt: on

Story = list[tuple[IvrEvent, list[Verb]]]

BY_DAY: Story = [
    (Started(), NOTICE),
    (PlayFinished(), [NOTED, Announce()]),
    (NothingAnnounced(), [CONNECTING]),
    (PlayFinished(), [TO_SEAT]),
    (LeftQueue(LeaveReason.ANSWERED), [Hangup()]),
]

BY_NIGHT: Story = [
    (PlayFinished(), [TO_DUTY]),
    (LeftQueue(LeaveReason.ANSWERED), [Hangup()]),
]

WRONG_CODE: Story = [
    (Digits("20260214000017"), ASK_CODE),
    (Digits("000000"), [Lookup("ticket", ("20260214000017", "000000"))]),
    (NotFound(), UNKNOWN),
    (PlayFinished(), ASK_NUMBER),
]

MAIN_STORIES = [
    pytest.param({}, BY_DAY, id="answered by a seat"),
    pytest.param(
        {"night": "1"},
        [
            (Started(), NOTICE),
            (PlayFinished(), [NOTED, Announce()]),
            (NothingAnnounced(), [NIGHT]),
            (PlayFinished(), [TO_DUTY]),
            (LeftQueue(LeaveReason.ANSWERED), [Hangup()]),
        ],
        id="at night the duty seat answers",
    ),
    pytest.param(
        {},
        [
            *BY_DAY[:4],
            (LeftQueue(LeaveReason.NO_SEATS), [NOBODY]),
            (PlayFinished(), OFFER),
            (Timeout(), OFFER),
            (Timeout(), FAREWELL),
            (PlayFinished(), [Hangup()]),
        ],
        id="nobody is signed in",
    ),
    pytest.param(
        {},
        [
            *BY_DAY[:4],
            (LeftQueue(LeaveReason.OVERFLOW), [BUSY]),
            (PlayFinished(), OFFER),
            (Digits("1"), MESSAGE),
            (
                MessageKept({"message_number": "20260214000017", "message_code": "012345"}),
                [
                    Play(
                        (
                            PromptRef("message_kept"),
                            PromptRef("your_ticket"),
                            *spoken_digits("20260214000017"),
                            PromptRef("your_code"),
                            *spoken_digits("012345"),
                        ),
                        interruptible=False,
                    )
                ],
            ),
            (PlayFinished(), FAREWELL),
            (PlayFinished(), [Hangup()]),
        ],
        id="the queue is full, and a message is left",
    ),
    pytest.param(
        {},
        [
            *BY_DAY[:4],
            (LeftQueue(LeaveReason.NO_SEATS), [NOBODY]),
            (PlayFinished(), OFFER),
            (Digits("1"), MESSAGE),
            (NothingSaid(), [play("message_nothing", interruptible=False)]),
            (PlayFinished(), FAREWELL),
            (PlayFinished(), [Hangup()]),
        ],
        id="a message without a word is none",
    ),
    pytest.param(
        {},
        [
            *BY_DAY[:4],
            (LeftQueue(LeaveReason.NO_SEATS), [NOBODY]),
            (PlayFinished(), OFFER),
            (Digits("2"), ASK_NUMBER),
            *WRONG_CODE,
            *WRONG_CODE,
            *WRONG_CODE[:-1],
            (PlayFinished(), [play("status_given_up", interruptible=False)]),
            (PlayFinished(), [Enqueue("hotline", MUSIC)]),
            (LeftQueue(LeaveReason.ANSWERED), [Hangup()]),
        ],
        id="after three wrong codes a person is asked",
    ),
    pytest.param(
        {},
        [*BY_DAY[:4], (LeftQueue(LeaveReason.ABANDONED), []), (PlayFinished(), [])],
        id="gives up while waiting",
    ),
    pytest.param(
        {}, [BY_DAY[0], (HungUp(), []), (PlayFinished(), [])], id="hangs up during the notice"
    ),
    pytest.param(
        {},
        [BY_DAY[0], (Digits("1"), []), (Timeout(), []), *BY_DAY[1:]],
        id="keys during the notice change nothing",
    ),
    pytest.param(
        {},
        [*BY_DAY[:4], (Digits("0"), []), BY_DAY[4]],
        id="keys while music plays change nothing",
    ),
    pytest.param(
        {},
        [
            *BY_DAY[:2],
            (Announced(AnnouncementChoice.ENOUGH), FAREWELL),
            (PlayFinished(), [Hangup()]),
        ],
        id="an announcement is enough",
    ),
    pytest.param(
        {},
        [*BY_DAY[:2], (Announced(AnnouncementChoice.PERSON), [CONNECTING]), *BY_DAY[3:]],
        id="after an announcement a person is wanted",
    ),
    pytest.param(
        {"night": "1"},
        [*BY_DAY[:2], (Announced(), [NIGHT]), *BY_NIGHT],
        id="an announcement that asks nothing leads on",
    ),
    pytest.param(
        {"holiday": "night"},
        [*BY_DAY[:2], (NothingAnnounced(), [HOLIDAY]), *BY_NIGHT],
        id="on a holiday the duty seats answer by day too",
    ),
    pytest.param(
        {"holiday": "queue"},
        [*BY_DAY[:2], (NothingAnnounced(), [HOLIDAY]), (PlayFinished(), [CONNECTING]), *BY_DAY[3:]],
        id="on a holiday the hall answers, after a word about the day",
    ),
]


@pytest.mark.parametrize(("variables", "story"), MAIN_STORIES)
def test_stories_of_the_main_flow(variables: dict[str, str], story: Story) -> None:
    session = IvrSession(shipped_flow("main"), variables)

    assert [session.receive(event) for event, _ in story] == [verbs for _, verbs in story]
    assert session.ended


@pytest.mark.parametrize(
    "story",
    [
        pytest.param(
            [
                (Started(), NOTICE),
                (PlayFinished(), [NOTED, NIGHT]),
                (PlayFinished(), [TO_DUTY]),
                (LeftQueue(LeaveReason.ANSWERED), [Hangup()]),
            ],
            id="the duty seat answers",
        ),
        pytest.param(
            [
                (Started(), NOTICE),
                (PlayFinished(), [NOTED, NIGHT]),
                (PlayFinished(), [TO_DUTY]),
                (LeftQueue(LeaveReason.NO_SEATS), [NOBODY]),
                (PlayFinished(), AT_NIGHT),
                (Digits("1"), MESSAGE),
                (HungUp(), []),
            ],
            id="the duty seat is not there",
        ),
        pytest.param([(Started(), NOTICE), (HungUp(), []), (Started(), [])], id="hangs up at once"),
    ],
)
def test_stories_of_the_night_flow(story: Story) -> None:
    session = IvrSession(shipped_flow("night"))

    assert [session.receive(event) for event, _ in story] == [verbs for _, verbs in story]


ASKED: Story = [(Started(), [GREETING]), (PlayFinished(), ASK_SOLVED)]

SURVEY_STORIES = [
    pytest.param(
        [
            *ASKED,
            (Digits("1"), [Report("solved", "1"), *ASK_SATISFACTION]),
            (Digits("2"), [Report("satisfaction", "2"), THANKS]),
            (PlayFinished(), [Hangup()]),
        ],
        id="solved and satisfied",
    ),
    pytest.param(
        [
            *ASKED,
            (Digits("2"), [Report("solved", "2"), REOPENED]),
            (PlayFinished(), ASK_SATISFACTION),
            (Digits("1"), [Report("satisfaction", "1"), WORDS_NOTICE]),
            (PlayFinished(), [WORDS_NOTED, *WORDS]),
            (MessageKept({}), [THANKS]),
            (PlayFinished(), [Hangup()]),
        ],
        id="not solved: told that it is reopened, asked how satisfied, and why",
    ),
    pytest.param(
        [
            *ASKED,
            (Timeout(), ASK_SOLVED_AFTER_SILENCE),
            (Timeout(), ASK_SOLVED_AFTER_SILENCE),
            (Timeout(), [GIVE_UP]),
            (PlayFinished(), [Hangup()]),
        ],
        id="silence: asked twice more, then given up",
    ),
    pytest.param(
        [
            *ASKED,
            (Digits("9"), ASK_SOLVED_AFTER_WRONG),
            (Digits("#"), ASK_SOLVED_AFTER_WRONG),
            (Digits("0"), [GIVE_UP]),
            (PlayFinished(), [Hangup()]),
        ],
        id="wrong keys: asked twice more, then given up",
    ),
    pytest.param(
        [
            *ASKED,
            (Timeout(), ASK_SOLVED_AFTER_SILENCE),
            (Digits("7"), ASK_SOLVED_AFTER_WRONG),
            (Digits("1"), [Report("solved", "1"), *ASK_SATISFACTION]),
            (Timeout(), [play("no_key", "ask_satisfaction"), one_key(6)]),
            (Digits("5"), [Report("satisfaction", "5"), WORDS_NOTICE]),
            (PlayFinished(), [WORDS_NOTED, *WORDS]),
            (NothingSaid(), [THANKS]),
            (PlayFinished(), [Hangup()]),
        ],
        id="the second question has attempts of its own; who is dissatisfied may say why",
    ),
    pytest.param(
        [*ASKED, (Digits("1"), [Report("solved", "1"), *ASK_SATISFACTION]), (HungUp(), [])],
        id="hangs up after the first answer, which is kept",
    ),
    pytest.param([(Started(), [GREETING]), (HungUp(), [])], id="hangs up during the greeting"),
    pytest.param(
        [ASKED[0], (Digits("1"), []), ASKED[1]], id="keys during the greeting change nothing"
    ),
]


@pytest.mark.parametrize("story", SURVEY_STORIES)
def test_stories_of_the_survey(story: Story) -> None:
    session = IvrSession(shipped_flow("survey"), SURVEY)

    assert [session.receive(event) for event, _ in story] == [verbs for _, verbs in story]


@pytest.mark.parametrize("outcome", ["solved", "declined", "answered"])
def test_the_survey_speaks_the_outcome(outcome: str) -> None:
    session = IvrSession(shipped_flow("survey"), {**SURVEY, "outcome": outcome})

    [greeting] = session.receive(Started())

    assert isinstance(greeting, Play)
    assert greeting.prompts[-1] == f"outcome_{outcome}"


@pytest.mark.parametrize("key", ["1", "2", "3", "4", "5"])
def test_all_five_levels_of_satisfaction_are_reported(key: str) -> None:
    session = IvrSession(shipped_flow("survey"), SURVEY)
    for event in (Started(), PlayFinished(), Digits("1")):
        session.receive(event)

    assert session.receive(Digits(key))[0] == Report("satisfaction", key)


@pytest.mark.parametrize(
    ("variables", "problem"),
    [
        ({"ticket_number": "20260214000017"}, "outcome: missing"),
        ({**SURVEY, "outcome": "lost"}, "must be one of solved, declined, answered"),
        ({**SURVEY, "ticket_number": "A-17"}, "must be 1 to 64 digits"),
        ({**SURVEY, "ticket_number": ""}, "must be 1 to 64 digits"),
        ({**SURVEY, "ticket_number": "1" * 65}, "must be 1 to 64 digits"),
    ],
)
def test_a_call_without_what_it_must_say_is_refused(
    variables: dict[str, str], problem: str
) -> None:
    with pytest.raises(BadVariable, match=problem):
        IvrSession(shipped_flow("survey"), variables)


STATUS = """
  one:
    collect: [your_ticket]
    variable: ticket
    max_digits: 14
    silence: [no_key]
    repeats: 1
    visits: 2
    failed: end
    next: look
  look: {lookup: ticket, by: ticket, found: tell, not_found: one}
  tell: {play: ["prompt:outcome_{outcome}"], next: end}
  end: {hangup: yes}
"""
OUTCOMES = "{outcome: {values: [solved, declined], default: solved}}"
ASK_TICKET = [play("your_ticket"), Gather(14, timedelta(seconds=5), "#")]


@pytest.mark.parametrize(
    "story",
    [
        pytest.param(
            [
                (Started(), ASK_TICKET),
                (Digits("20260214000017"), [Lookup("ticket", ("20260214000017",))]),
                (Found({"outcome": "declined"}), [play("outcome_declined", interruptible=False)]),
                (PlayFinished(), [Hangup()]),
            ],
            id="a known number",
        ),
        pytest.param(
            [
                (Started(), ASK_TICKET),
                (Digits("1"), [Lookup("ticket", ("1",))]),
                (NotFound(), ASK_TICKET),
                (Digits("2"), [Lookup("ticket", ("2",))]),
                (NotFound(), [Hangup()]),
            ],
            id="unknown numbers: the visits are used up",
        ),
        pytest.param(
            [
                (Started(), ASK_TICKET),
                (Timeout(), [play("no_key", "your_ticket"), ASK_TICKET[1]]),
                (Timeout(), [Hangup()]),
            ],
            id="silence",
        ),
        pytest.param(
            [
                (Started(), ASK_TICKET),
                (Digits("123456789012345678"), [Lookup("ticket", ("12345678901234",))]),
            ],
            id="too many digits: the rest is dropped",
        ),
    ],
)
def test_collecting_and_looking_up(story: Story) -> None:
    session = IvrSession(small_flow(STATUS, variables=OUTCOMES))

    assert [session.receive(event) for event, _ in story] == [verbs for _, verbs in story]


def test_an_answer_from_outside_must_fit_the_flow() -> None:
    session = IvrSession(small_flow(STATUS, variables=OUTCOMES))
    session.receive(Started())
    session.receive(Digits("1"))

    with pytest.raises(BadVariable, match="outcome"):
        session.receive(Found({"outcome": "lost"}))


def test_nothing_happens_before_the_call_is_there() -> None:
    session = IvrSession(shipped_flow("main"))

    assert session.receive(PlayFinished()) == []
    assert session.receive(Started()) == NOTICE
    assert session.receive(Started()) == []


def test_a_menu_need_not_report_its_keys_and_may_say_quantities() -> None:
    steps = (
        '  one: {menu: [position_before, "number:{ahead}"], keys: {0: end}, failed: end}\n'
        "  end: {hangup: yes}\n"
    )
    session = IvrSession(small_flow(steps, variables="{ahead: {default: '12'}}"))

    assert session.receive(Started())[0] == play("position_before", "ten", "digit_2")
    assert session.receive(Digits("0")) == [Hangup()]


TOLD_OF_IT = {
    "ticket_state": "transferred",
    "opened_on": "20260214",
    "has_due": "1",
    "due_on": "20260228",
}
MESSAGE_TOLD = {"message_number": "20260214000017", "message_code": "012345"}

events = st.one_of(
    st.sampled_from(
        [
            *(Started(), PlayFinished(), Timeout(), HungUp(), NotFound(), NothingSaid()),
            *(NothingAnnounced(), *map(Announced, AnnouncementChoice)),
            *(Found(TOLD_OF_IT), MessageKept(MESSAGE_TOLD), TransferEnded(is_answered=True)),
        ]
    ),
    st.text("0123456789*#", min_size=1, max_size=3).map(Digits),
    st.sampled_from(LeaveReason).map(LeftQueue),
)


@given(st.sampled_from(["main", "night", "status", "survey"]), st.lists(events, max_size=40))
def test_no_order_of_events_breaks_a_session(name: str, story: list[IvrEvent]) -> None:
    session = IvrSession(shipped_flow(name), SURVEY)

    verbs = [verb for event in story for verb in session.receive(event)]

    assert verbs.count(Hangup()) <= 1
    assert Hangup() not in verbs[:-1]


@given(
    st.sampled_from(["main", "night", "status", "survey"]),
    st.lists(st.sampled_from([Timeout(), Digits("9"), Digits("1")]), min_size=80, max_size=80),
)
def test_every_call_ends_whatever_the_caller_presses(name: str, keys: list[IvrEvent]) -> None:
    session = IvrSession(shipped_flow(name), SURVEY)
    verbs = session.receive(Started())

    for key in keys:
        answers: dict[type[Verb], IvrEvent] = {
            Play: PlayFinished(),
            Gather: key,
            Enqueue: LeftQueue(LeaveReason.OVERFLOW),
            Lookup: NotFound(),
            Voicemail: NothingSaid(),
            Announce: Announced(),
        }
        verbs = session.receive(answers[type(verbs[-1])]) if not session.ended else verbs

    assert session.ended


def test_a_status_is_said_in_the_words_of_its_state_and_never_as_more() -> None:
    """Transferred is not closed, on the telephone as on the page."""
    session = IvrSession(shipped_flow("status"))
    for event in (Started(), PlayFinished(), Digits("20260214000017"), Digits("012345")):
        session.receive(event)

    (said,) = session.receive(Found(TOLD_OF_IT))
    (due,) = session.receive(PlayFinished())
    after = session.receive(PlayFinished())

    assert isinstance(said, Play)
    assert said.prompts[-1] == "status_transferred"
    assert due == play(
        "status_due_on",
        *("digit_2", "digit_0", "digit_2", "digit_6", "year", "digit_2", "month"),
        *("digit_2", "ten", "digit_8", "day"),
        interruptible=False,
    )
    assert after[0] == play("status_after")
    assert session.receive(Digits("1")) == [Enqueue("hotline", MUSIC)]


def test_a_transfer_goes_on_by_whether_somebody_was_reached() -> None:
    steps = (
        "  one: {transfer: emergency:119, answered: end, failed: two}\n"
        "  two: {transfer: seat:8001, answered: end, failed: end}\n"
        "  end: {hangup: yes}\n"
    )
    session = IvrSession(small_flow(steps))

    assert session.receive(Started()) == [Transfer(TransferTo.EMERGENCY, "119", MUSIC)]
    assert session.receive(TransferEnded(is_answered=False)) == [
        Transfer(TransferTo.SEAT, "8001", MUSIC)
    ]
    assert session.receive(TransferEnded(is_answered=True)) == [Hangup()]


def test_skills_language_and_priority_go_with_the_caller_into_the_queue() -> None:
    steps = (
        "  one: {enqueue: q, needs: {dialect.min: 2}, language: en, priority: 3,"
        " answered: end, no_seats: end, overflow: end}\n"
        "  end: {hangup: yes}\n"
    )

    (verb,) = IvrSession(small_flow(steps)).receive(Started())

    assert verb == Enqueue("q", MUSIC, needs={"language.en": 1, "dialect.min": 2}, priority=3)
