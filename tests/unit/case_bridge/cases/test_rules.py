"""What a city settles by data."""

import pytest

from case_bridge.cases.rules import CaseRules, Stage, StreetRule
from config.catalogue import load_catalogue
from hotline.kernel.errors import Invalid


def test_rules_survive_storage() -> None:
    rules = load_catalogue().rules

    assert CaseRules.from_payload(rules.to_payload()) == rules


def test_the_shipped_rules_are_the_defaults_and_name_the_street_facilities() -> None:
    """R45: a sewer cover that is missing; not one that rattles, nor exposed waste."""
    rules = load_catalogue().rules

    assert rules.stages == CaseRules().stages
    assert rules.extension == CaseRules().extension
    assert rules.street.applies("facility", "0102", "HAZARD")
    assert rules.street.applies("facility", "0131", "TILT")
    assert not rules.street.applies("facility", "0102", "RATTLE")
    assert not rules.street.applies("incident", "0102", "HAZARD")
    assert not rules.street.applies("facility", "0113", "HAZARD")


def test_a_condition_that_the_standard_leaves_open_is_no_danger() -> None:
    assert not StreetRule(codes=("facility:0101",)).applies("facility", "0101", None)


def test_rules_without_a_limit_for_every_stage_are_refused() -> None:
    payload = CaseRules().to_payload()
    del payload["stages"][Stage.CHECK.value]

    with pytest.raises(Invalid):
        CaseRules.from_payload(payload)
