"""The responsibility matrix (R31, R32)."""

from dataclasses import replace
from datetime import date
from uuid import UUID

from case_bridge.units.matcher import Matter, categories_over, suggest_unit
from case_bridge.units.unit import Duty, Responsibility
from hotline.kernel.ids import UnitId

TODAY = date(2026, 3, 11)
COVER = Matter(scheme="GB", kind="facility", code="0102", place="城东街道人民路12号")


def rule(
    number: int,
    *,
    category: str = "facility:*",
    area: str = "*",
    scheme: str = "*",
    duty: Duty = Duty.MAINTAINER,
    since: date = date(2026, 1, 1),
    until: date | None = None,
) -> Responsibility:
    return Responsibility(
        scheme=scheme,
        category=category,
        area=area,
        unit_id=UnitId(UUID(int=number)),
        unit_name=f"单位{number}",
        duty=duty,
        valid_from=since,
        valid_to=until,
    )


def test_r50_a_unit_that_returned_the_case_is_passed_over_and_the_reason_says_so() -> None:
    """R50: the next rule names the unit; the dispatcher reads who has given it back."""
    rules = [rule(1, category="facility:0102"), rule(2)]
    returned = replace(COVER, returned_by=frozenset({UnitId(UUID(int=1))}))

    suggestion = suggest_unit(rules, returned, on=TODAY)

    assert suggestion is not None
    assert suggestion.unit_name == "单位2"
    assert suggestion.reason.endswith("；单位1本轮已退回，不再建议")
    assert suggest_unit(rules[:1], returned, on=TODAY) is None


def test_units_of_a_platform_that_gave_the_case_back_are_passed_over_too() -> None:
    """R28, R50: the city is not sent to the same district twice, and reads why."""
    rules = [rule(1, category="facility:0102"), rule(2)]
    given_back = replace(COVER, beyond=frozenset({UnitId(UUID(int=1))}))

    suggestion = suggest_unit(rules, given_back, on=TODAY)

    assert suggestion is not None
    assert suggestion.unit_name == "单位2"
    assert suggestion.reason.endswith("；单位1所属二级平台本轮已退回，不再建议")
    assert suggest_unit(rules[:1], given_back, on=TODAY) is None


def test_a_platform_is_told_of_its_own_units_alone() -> None:
    """R30: what it may not dispatch to is not suggested to it."""
    rules = [rule(1, category="facility:0102"), rule(2)]
    own = replace(COVER, within=frozenset({UnitId(UUID(int=2))}))

    suggestion = suggest_unit(rules, own, on=TODAY)

    assert suggestion is not None
    assert suggestion.unit_name == "单位2"
    assert "单位1" not in suggestion.reason


def suggested(*rules: Responsibility) -> str | None:
    suggestion = suggest_unit(rules, COVER, on=TODAY)
    return suggestion.unit_name if suggestion else None


def test_the_narrower_category_wins() -> None:
    assert (
        suggested(rule(1), rule(2, category="facility:01"), rule(3, category="facility:0102"))
        == "单位3"
    )


def test_the_category_outweighs_the_area() -> None:
    assert suggested(rule(1, area="城东街道"), rule(2, category="facility:0102")) == "单位2"


def test_the_named_area_wins_over_the_whole_city() -> None:
    assert suggested(rule(1), rule(2, area="城东街道"), rule(3, area="城西街道")) == "单位2"


def test_r32_the_maintainer_comes_before_manager_and_owner() -> None:
    assert suggested(rule(1, duty=Duty.OWNER), rule(2, duty=Duty.MAINTAINER)) == "单位2"


def test_codes_of_facilities_say_nothing_about_incidents() -> None:
    assert suggested(rule(1, category="incident:0102")) is None


def test_codes_of_another_scheme_say_nothing() -> None:
    assert suggested(rule(1, category="facility:0102", scheme="CJ"), rule(2)) == "单位2"


def test_a_rule_holds_from_its_first_day_and_no_longer_on_its_last() -> None:
    assert suggested(rule(1, since=TODAY)) == "单位1"
    assert suggested(rule(1, until=TODAY)) is None
    assert suggested(rule(1, since=date(2026, 3, 12))) is None


def test_the_reason_names_category_area_duty_and_day() -> None:
    suggestion = suggest_unit([rule(1, category="facility:01", area="城东街道")], COVER, on=TODAY)

    assert suggestion is not None
    assert suggestion.reason == (
        "责任矩阵：类别 01 × 城东街道 → 单位1（维护单位，自 2026-01-01 起）"
    )


def test_units_of_equal_standing_are_all_named() -> None:
    suggestion = suggest_unit([rule(2), rule(1)], COVER, on=TODAY)

    assert suggestion is not None
    assert suggestion.unit_name == "单位1"
    assert suggestion.reason.endswith("同级还有 单位2")


def test_the_categories_asked_for_are_those_of_every_rule_that_could_fit() -> None:
    """R26: the matrix is read for the categories of a page only, and loses no rule by it."""
    written = ("facility:*", "facility:0", "facility:01", "facility:0102", "facility:01021",
               "facility:02", "incident:*", "incident:0102")  # fmt: skip

    fitting = {each for each in written if suggested(rule(1, category=each))}

    assert fitting == set(written) & set(categories_over(COVER))
    assert len(fitting) == 4


def test_a_matter_without_a_category_asks_for_none() -> None:
    assert categories_over(Matter(scheme="", kind="", code="", place="")) == ()
