"""Who may do what to a case, at which level."""

from dataclasses import replace
from types import MappingProxyType

import pytest

from case_bridge.cases.case import HOUSE, Actor
from case_bridge.cases.duties import ANYBODY, check_duty, duties_of
from case_bridge.cases.organisation import DEFAULT, Organisation
from case_bridge.cases.states import CaseState, CaseTrigger
from config.catalogue import load_catalogue
from hotline.accounts.roles import Role
from hotline.kernel.errors import Forbidden, Invalid
from hotline.kernel.ids import UnitId, UserId, new_id

PRESETS = load_catalogue().organisations
HERE, THERE = UnitId(new_id()), UnitId(new_id())
S, T = CaseState, CaseTrigger


def actor(*roles: Role, district_id: UnitId | None = None) -> Actor:
    return Actor(
        name="某人", user_id=UserId(new_id()), roles=frozenset(roles), district_id=district_id
    )


@pytest.mark.parametrize("organisation", PRESETS.values(), ids=PRESETS)
def test_every_act_has_a_row_in_the_table_of_every_city(organisation: Organisation) -> None:
    table = duties_of(organisation)

    assert set(table) == set(CaseTrigger) == set(ANYBODY)
    assert all(table[trigger] <= ANYBODY[trigger] for trigger in CaseTrigger)


def test_r65_only_a_shift_leader_closes() -> None:
    assert duties_of(DEFAULT)[T.CLOSE] == {Role.SHIFT_LEADER}


def test_a_dispatcher_who_closes_is_refused() -> None:
    with pytest.raises(Forbidden):
        check_duty(DEFAULT, T.CLOSE, actor(Role.DISPATCHER))


def test_one_fitting_role_of_several_is_enough() -> None:
    check_duty(DEFAULT, T.CLOSE, actor(Role.DISPATCHER, Role.SHIFT_LEADER))


def test_no_person_pulls_the_triggers_of_the_house() -> None:
    with pytest.raises(Forbidden):
        check_duty(DEFAULT, T.REOPEN, actor(*Role))
    check_duty(DEFAULT, T.REOPEN, HOUSE)


WHO = {
    # preset, act, state of the case, in a district: who may (first level, its district)
    "000 a21": ("junan", T.DISPATCH, S.FILED, False, (False, False)),
    "000 a21, handed down": ("junan", T.DISPATCH, S.HANDED_DOWN, True, (False, True)),
    "001 a15": ("qinzhou", T.DISPATCH, S.FILED, False, (True, False)),
    "001 a11": ("qinzhou", T.DISPATCH, S.HANDED_DOWN, True, (False, True)),
    "003 a15": ("suning", T.DISPATCH, S.FILED, False, (True, False)),
    "001 a17": ("qinzhou", T.CLOSE, S.READY_TO_CLOSE, True, (True, False)),
    "004 a21": ("chongqing", T.CLOSE, S.READY_TO_CLOSE, True, (False, True)),
    "004 a21, the city's own": ("chongqing", T.CLOSE, S.READY_TO_CLOSE, False, (True, False)),
    "001 a16": ("qinzhou", T.PASS_UP, S.HANDLED, True, (False, True)),
    "called back": ("qinzhou", T.HAND_UP, S.HANDED_DOWN, True, (True, True)),
    "urged by both, 001 a18": ("qinzhou", T.URGE, S.DISPATCHED, True, (True, True)),
}


@pytest.mark.parametrize(("preset", "act", "state", "below", "who"), WHO.values(), ids=WHO)
def test_r28_r30_each_level_does_its_own(
    preset: str, act: CaseTrigger, state: CaseState, below: bool, who: tuple[bool, bool]
) -> None:
    held_by = HERE if below else None
    roles = (Role.DISPATCHER, Role.SHIFT_LEADER)

    def may(district: UnitId | None) -> bool:
        person = actor(*roles, district_id=district)
        try:
            check_duty(PRESETS[preset], act, person, state=state, district_id=held_by)
        except Forbidden:
            return False
        return True

    assert (may(None), may(HERE)) == who
    assert not may(THERE), "another district's people have nothing to do with it"


def test_r112_the_default_is_the_shipped_organisation_of_its_name() -> None:
    assert PRESETS[DEFAULT.key] == DEFAULT


@pytest.mark.parametrize("organisation", PRESETS.values(), ids=PRESETS)
def test_an_organisation_comes_back_from_the_database_as_it_was(
    organisation: Organisation,
) -> None:
    assert Organisation.from_payload(organisation.to_payload()) == organisation


def _with(question: str, **changes: object) -> Organisation:
    rules = dict(DEFAULT.rules)
    key = next(each for each in rules if each == question)
    rules[key] = replace(rules[key], **changes)  # type: ignore[arg-type]
    return replace(DEFAULT, rules=MappingProxyType(rules))


@pytest.mark.parametrize(
    ("question", "changes", "problem"),
    [
        ("closes", {"roles": frozenset({Role.UNIT})}, "cannot be the duty of unit"),
        ("closes", {"roles": frozenset()}, "is the duty of nobody"),
        ("closes", {"level": "either"}, "needs two command levels"),
        ("checks", {"delegates": frozenset({Role.SEAT})}, "only closing can be delegated"),
        ("closes", {"delegates": frozenset({Role.SHIFT_LEADER})}, "needs no delegation"),
    ],
)
def test_an_organisation_that_contradicts_itself_is_refused(
    question: str, changes: dict[str, object], problem: str
) -> None:
    with pytest.raises(Invalid, match=problem):
        _with(question, **changes)


def test_no_more_than_two_command_and_four_assessment_levels() -> None:
    """R79, R112."""
    with pytest.raises(Invalid, match="1 to 2 levels"):
        replace(DEFAULT, command=replace(DEFAULT.command, value=3))
    with pytest.raises(Invalid, match="1 to 4 levels"):
        replace(DEFAULT, assessment=DEFAULT.assessment * 5)
    assert len(PRESETS["jincheng"].assessment) == 3
