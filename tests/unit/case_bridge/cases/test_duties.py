"""Who may do what to a case."""

import pytest

from case_bridge.cases.case import HOUSE, Actor
from case_bridge.cases.duties import DUTIES, check_duty
from case_bridge.cases.states import CaseTrigger
from hotline.accounts.roles import Role
from hotline.kernel.errors import Forbidden
from hotline.kernel.ids import UserId, new_id


def actor(*roles: Role) -> Actor:
    return Actor(name="某人", user_id=UserId(new_id()), roles=frozenset(roles))


def test_every_act_has_a_row_in_the_table_of_duties() -> None:
    assert set(DUTIES) == set(CaseTrigger)


def test_r65_only_a_shift_leader_closes() -> None:
    may = [role for role in Role if role in DUTIES[CaseTrigger.CLOSE]]

    assert may == [Role.SHIFT_LEADER]


def test_a_dispatcher_who_closes_is_refused() -> None:
    with pytest.raises(Forbidden):
        check_duty(DUTIES, CaseTrigger.CLOSE, actor(Role.DISPATCHER))


def test_one_fitting_role_of_several_is_enough() -> None:
    check_duty(DUTIES, CaseTrigger.CLOSE, actor(Role.DISPATCHER, Role.SHIFT_LEADER))


def test_no_person_pulls_the_triggers_of_the_house() -> None:
    with pytest.raises(Forbidden):
        check_duty(DUTIES, CaseTrigger.REOPEN, actor(*Role))
    check_duty(DUTIES, CaseTrigger.REOPEN, HOUSE)
