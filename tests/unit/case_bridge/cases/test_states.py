"""Stories of a case through its table, and everything else refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from case_bridge.cases.states import CASE, CaseState, CaseTrigger
from hotline.kernel.errors import IllegalTransition

S, T = CaseState, CaseTrigger

STORIES = {
    "straight": (
        [T.FILE, T.DISPATCH, T.ACCEPT, T.HANDLE, T.INSPECT, T.PASS, T.CLOSE],
        S.CLOSED,
    ),
    "handled without signing for it": (
        [T.FILE, T.DISPATCH, T.HANDLE, T.INSPECT, T.PASS],
        S.READY_TO_CLOSE,
    ),
    "R18: verified first, true": ([T.VERIFY, T.CONFIRM, T.FILE], S.FILED),
    "R17: verified first, not true": ([T.VERIFY, T.REFUTE, T.DECLINE], S.DECLINED),
    "looked at again after a doubtful no": (
        [T.VERIFY, T.REFUTE, T.VERIFY, T.CONFIRM, T.FILE],
        S.FILED,
    ),
    "R50: not theirs, dispatched again": (
        [T.FILE, T.DISPATCH, T.ACCEPT, T.RETURN, T.DISPATCH],
        S.DISPATCHED,
    ),
    "R66: failed in the street, then good": (
        [T.FILE, T.DISPATCH, T.HANDLE, T.INSPECT, T.REWORK, T.HANDLE, T.INSPECT, T.PASS, T.CLOSE],
        S.CLOSED,
    ),
    "R65: not what was ordered": (
        [T.FILE, T.DISPATCH, T.HANDLE, T.INSPECT, T.PASS, T.REWORK],
        S.DISPATCHED,
    ),
    "reopened by the complainant": (
        [T.FILE, T.DISPATCH, T.HANDLE, T.INSPECT, T.PASS, T.CLOSE, T.REOPEN, T.DISPATCH],
        S.DISPATCHED,
    ),
    "a refusal taken up again": ([T.DECLINE, T.REOPEN, T.FILE], S.FILED),
    "filed by mistake": ([T.FILE, T.VOID], S.VOIDED),
    "R19: settled on the spot": ([T.SETTLE], S.SETTLED),
    "R19: settled by whoever went to verify": ([T.VERIFY, T.SETTLE], S.SETTLED),
    "R19: settled, but the complainant says no": ([T.SETTLE, T.REOPEN, T.FILE], S.FILED),
    "R45: guarded at once, then repaired": ([T.FILE, T.DISPATCH, T.GUARD, T.HANDLE], S.HANDLED),
    "R52: extended twice, if the city lets it": (
        [T.FILE, T.DISPATCH, T.EXTEND, T.ACCEPT, T.EXTEND, T.HANDLE],
        S.HANDLED,
    ),
    "R55: put off by the leader, taken up again": (
        [T.FILE, T.DISPATCH, T.DEFER, T.RESUME, T.HANDLE],
        S.HANDLED,
    ),
    "R56: shelved, taken up again": (
        [T.FILE, T.DISPATCH, T.ACCEPT, T.SHELVE, T.UNSHELVE, T.HANDLE],
        S.HANDLED,
    ),
    "R58: nobody agrees, met on site, decided": (
        [T.FILE, T.DISPATCH, T.DISPUTE, T.MEET, T.DECIDE, T.HANDLE],
        S.HANDLED,
    ),
    "R57: nobody is responsible": ([T.FILE, T.DISPUTE, T.DECIDE], S.DISPATCHED),
    "R48: urged, supervised, ordered, circulated": (
        [T.FILE, T.DISPATCH, T.URGE, T.SUPERVISE, T.ORDER, T.CIRCULATE, T.HANDLE],
        S.HANDLED,
    ),
    "R109: handed to enforcement": ([T.FILE, T.REFER, T.DISPATCH, T.REFER], S.DISPATCHED),
    "ended by the leader while shelved": (
        [T.FILE, T.DISPATCH, T.SHELVE, T.FORCE_CLOSE],
        S.CLOSED,
    ),
}


@pytest.mark.parametrize(("triggers", "end"), STORIES.values(), ids=STORIES.keys())
def test_a_story_ends_where_it_should(triggers: list[CaseTrigger], end: CaseState) -> None:
    assert CASE.replay(triggers) is end


@given(st.sampled_from(CaseState), st.sampled_from(CaseTrigger))
def test_every_move_that_is_not_in_the_table_is_refused(
    state: CaseState, trigger: CaseTrigger
) -> None:
    if trigger in CASE.triggers_from(state):
        assert CASE.next(state, trigger) in CaseState
    else:
        with pytest.raises(IllegalTransition):
            CASE.next(state, trigger)


@given(st.lists(st.sampled_from(CaseTrigger), max_size=40))
def test_no_sequence_of_triggers_closes_a_case_that_nobody_inspected(
    triggers: list[CaseTrigger],
) -> None:
    """R63, R65: between the last dispatch and the closing lies a passed inspection.

    Only the leader's forced closing does without, and says so in the history.
    """
    state, done = CASE.initial, []
    for trigger in triggers:
        if trigger is not T.FORCE_CLOSE and CASE.allows(state, trigger):
            state = CASE.next(state, trigger)
            done.append(trigger)

    if state is S.CLOSED:
        ways = [each for each in done if each is not T.REFER]
        assert ways[-3:] == [T.INSPECT, T.PASS, T.CLOSE]


def test_every_state_can_be_reached_and_only_a_voided_case_is_over_for_good() -> None:
    assert CASE.states() == frozenset(CaseState)
    assert [s for s in CaseState if not CASE.triggers_from(s)] == [S.VOIDED]


@pytest.mark.parametrize("trigger", [T.EXTEND, T.URGE, T.SUPERVISE, T.ORDER, T.CIRCULATE, T.RECKON])
def test_what_changes_only_data_leaves_the_state_as_it_is(trigger: CaseTrigger) -> None:
    assert all(
        target is source for (source, pulled), target in CASE.moves.items() if pulled is trigger
    )


def test_r63_nobody_ends_a_case_over_the_head_of_an_inspector() -> None:
    """R63: while an inspector is out, no privileged end is in the table."""
    for state in (S.VERIFYING, S.INSPECTING):
        assert not CASE.triggers_from(state) & {T.FORCE_CLOSE, T.FORCE_VOID, T.VOID}


def test_the_table_draws_itself() -> None:
    drawing = CASE.as_mermaid()

    assert drawing.startswith("stateDiagram-v2\n    [*] --> registered\n")
    assert "    inspecting --> dispatched: rework\n" in drawing
    assert drawing.endswith("    voided --> [*]")
