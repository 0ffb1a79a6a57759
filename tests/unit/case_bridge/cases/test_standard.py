"""Which limit the standard gives."""

import pytest

from case_bridge.cases.standard import choose_limit
from hotline.kernel.errors import Invalid
from hotline.tickets.category import Category, CategoryKind, ConditionLimit

COVER = Category(
    scheme="Yuncheng-GB30428.2",
    version="",
    code="0101",
    kind=CategoryKind.FACILITY,
    name_zh="上水井盖",
    limits=(
        ConditionLimit("HAZARD", "2uh"),
        ConditionLimit("BROKEN", "4wh"),
        ConditionLimit("BROKEN", "2wd"),
    ),
)
WASTE = Category(
    "Yuncheng-GB30428.2",
    "",
    "0110",
    CategoryKind.INCIDENT,
    "暴露生活垃圾",
    limits=(ConditionLimit("", "4wh"),),
)
OLD = Category("CJ/T214-2007", "", "0101", CategoryKind.FACILITY, "上水井盖")


@pytest.mark.parametrize(
    ("category", "condition", "limit", "expected"),
    [
        (COVER, "HAZARD", None, "2uh"),
        (COVER, "BROKEN", "2wd", "2wd"),
        (WASTE, None, None, "4wh"),
        (WASTE, "", "4wh", "4wh"),
        (OLD, None, "24uh", "24uh"),
    ],
    ids=["by condition", "one of two", "no conditions", "named again", "R45: none but ours"],
)
def test_the_limit_follows_category_and_condition(
    category: Category, condition: str | None, limit: str | None, expected: str
) -> None:
    assert str(choose_limit(category, condition, limit)) == expected


@pytest.mark.parametrize(
    ("category", "condition", "limit", "field"),
    [
        (COVER, None, None, "condition"),
        (COVER, "DARK", None, "condition"),
        (COVER, "BROKEN", None, "limit"),
        (COVER, "HAZARD", "15wd", "limit"),
        (OLD, None, None, "limit"),
        (OLD, None, "soon", "limit"),
    ],
    ids=["none named", "unknown", "two to choose from", "overruled", "none at all", "no limit"],
)
def test_an_open_question_is_refused_with_its_field(
    category: Category, condition: str | None, limit: str | None, field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        choose_limit(category, condition, limit)

    assert refused.value.field == field
