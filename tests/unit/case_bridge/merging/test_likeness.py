"""What speaks for one matter and what against it, pair by pair."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from benchmarks.cases.merging import measure
from case_bridge.merging.likeness import Ground, Matter, compare
from hotline.tickets.category import CategoryKind

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def matter(**changes: Any) -> Matter:
    told: dict[str, Any] = {
        "subject": "污水井盖缺失",
        "body": "荷香路12号门口的井盖不见了，很危险",
        "place": "荷香路12号",
        "kind": CategoryKind.FACILITY,
        "category_code": "0102",
        "reported_at": NOON,
    }
    return Matter(**told | changes)


def test_two_who_tell_of_one_cover_in_their_own_words_are_proposed_with_reasons() -> None:
    other = matter(
        subject="井盖丢失",
        body="十二号对面有个窨井没有盖子",
        place="莲池市荷香路十二号",
        reported_at=NOON + timedelta(hours=2),
    )

    found = compare(matter(), other)

    assert found.is_proposed
    assert [each.ground for each in found.reasons] == [
        Ground.PLACE,
        Ground.CATEGORY,
        Ground.WORDS,
        Ground.TIME,
    ]
    assert found.reasons[0].text == "同一门牌（12号）"
    assert found.points == sum(each.points for each in found.reasons)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"body": "荷香路14号的井盖不见了", "place": "荷香路14号"}, "门牌不同（12号、14号）"),
        ({"body": "东关街的井盖不见了", "place": "东关街"}, "道路不同"),
    ],
    ids=["the same street, another number", "another street"],
)
def test_the_same_trouble_elsewhere_is_another_matter(changes: Any, why: str) -> None:
    found = compare(matter(), matter(**changes))

    assert not found.is_proposed
    assert found.reasons[0].text == why


def test_the_same_thing_again_after_it_was_done_is_another_matter() -> None:
    done = matter(ended_at=NOON + timedelta(days=1))

    assert compare(done, matter(reported_at=NOON + timedelta(hours=3))).is_proposed
    assert not compare(done, matter(reported_at=NOON + timedelta(days=2))).is_proposed


def test_positions_far_apart_are_two_places() -> None:
    here = matter(longitude=115.9, latitude=38.3)

    assert compare(here, matter(longitude=115.9002, latitude=38.3)).is_proposed
    assert not compare(here, matter(longitude=115.91, latitude=38.3)).is_proposed


def test_one_number_on_the_thing_makes_it_one_thing() -> None:
    one = matter(body="灯杆编号LD-0231的路灯不亮", place="", category_code="0137")
    same = matter(body="编号：LD-0231，灯坏了", place="", category_code="0137")
    other = matter(body="灯杆编号LD-0232的路灯不亮", place="", category_code="0137")

    assert compare(one, same).reasons[0].text == "同一编号 LD-0231"
    assert compare(one, same).is_proposed
    assert not compare(one, other).is_proposed


def test_another_trouble_at_the_same_door_is_another_matter() -> None:
    noise = matter(
        subject="夜间施工噪声",
        body="荷香路12号旁边工地半夜打桩",
        kind=CategoryKind.INCIDENT,
        category_code="0301",
    )

    assert not compare(matter(), noise).is_proposed


def test_words_alone_make_no_matter_one() -> None:
    nowhere = matter(body="井盖不见了，很危险", place="")

    assert compare(nowhere, nowhere).points == 0


@pytest.mark.parametrize("part", ["tune", "held"])
def test_the_proposals_keep_their_precision_and_recall_on_the_sample(part: str) -> None:
    found = measure(part)

    assert found.reports >= 200
    assert found.alike >= 190
    assert found.precision >= 0.85
    assert found.recall >= 0.82
