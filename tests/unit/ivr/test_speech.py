import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.data_files import DATA
from config.prompts import prompt_names
from ivr.checks import POSITION_PROMPTS
from ivr.speech import (
    MOST_AHEAD,
    queue_position,
    spoken_count,
    spoken_date,
    spoken_digits,
    spoken_money,
    spoken_number,
)

WORDS = {f"digit_{digit}": "零一二三四五六七八九"[digit] for digit in range(10)} | {
    "ten": "十",
    "hundred": "百",
    "thousand": "千",
    "digit_1_yao": "幺",
    "two": "两",
    "ten_thousand": "万",
    "year": "年",
    "month": "月",
    "day": "日",
    "yuan": "元",
    "jiao": "角",
    "fen": "分",
    "position_before": "前面还有",
    "position_after": "位",
    "position_next": "下一位",
    "position_many": "较多",
}


def said(prompts: tuple[str, ...]) -> str:
    return "".join(WORDS[prompt] for prompt in prompts)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0, "零"),
        (1, "一"),
        (10, "十"),
        (11, "十一"),
        (20, "二十"),
        (99, "九十九"),
        (100, "一百"),
        (105, "一百零五"),
        (110, "一百一十"),
        (205, "二百零五"),
        (1000, "一千"),
        (1005, "一千零五"),
        (1050, "一千零五十"),
        (2026, "两千零二十六"),
        (9999, "九千九百九十九"),
        (10_000, "一万"),
        (10_005, "一万零五"),
        (10_012, "一万零一十二"),
        (20_000, "两万"),
        (22_222, "两万两千二百二十二"),
        (100_500, "十万零五百"),
        (105_000, "十万五千"),
        (120_000, "十二万"),
        (1_020_000, "一百零二万"),
        (99_999_999, "九千九百九十九万九千九百九十九"),
        (100_000_000, "一零零零零零零零零"),
    ],
)
def test_quantities_are_said_as_in_mandarin(value: int, words: str) -> None:
    assert said(spoken_number(value)) == words


def test_a_row_of_digits_is_said_one_by_one_with_yao_for_one() -> None:
    assert said(spoken_digits("20260211")) == "二零二六零二幺幺"


def test_yao_can_be_turned_off() -> None:
    assert said(spoken_digits("110", one="yi")) == "一一零"


def test_what_is_no_digit_is_not_said() -> None:
    assert spoken_digits("1*2#") == ("digit_1_yao", "digit_2")


@pytest.mark.parametrize(
    ("ahead", "words"),
    [
        (0, "下一位"),
        (1, "前面还有一位"),
        (2, "前面还有两位"),
        (12, "前面还有十二位"),
        (MOST_AHEAD, "前面还有九十九位"),
        (MOST_AHEAD + 1, "较多"),
    ],
)
def test_the_position_in_the_queue(ahead: int, words: str) -> None:
    assert said(queue_position(ahead)) == words


@given(st.integers(0, 10**6))
def test_every_word_of_a_position_has_its_file(ahead: int) -> None:
    files = prompt_names(DATA / "prompts", "zh-CN")

    assert set(queue_position(ahead)) <= set(POSITION_PROMPTS) <= files
    assert set(spoken_number(ahead)) <= files


@pytest.mark.parametrize(
    ("value", "words"),
    [(0, "零"), (1, "一"), (2, "两"), (12, "十二"), (102, "一百零二"), (2000, "两千")],
)
def test_two_of_something_is_liang(value: int, words: str) -> None:
    assert said(spoken_count(value)) == words


@pytest.mark.parametrize(
    ("day", "words"),
    [
        ("20261101", "二零二六年十一月一日"),
        ("20260222", "二零二六年二月二十二日"),
        ("20201012", "二零二零年十月十二日"),
        ("214", "二一四"),
    ],
)
def test_a_day_is_said_with_its_year_digit_by_digit(day: str, words: str) -> None:
    assert said(spoken_date(day)) == words


@pytest.mark.parametrize(
    ("fen", "words"),
    [
        (0, "零元"),
        (2, "两分"),
        (50, "五角"),
        (200, "两元"),
        (205, "两元零五分"),
        (210, "两元一角"),
        (10_132, "一百零一元三角两分"),
        (2_000_000, "两万元"),
    ],
)
def test_an_amount_is_said_in_yuan_jiao_and_fen(fen: int, words: str) -> None:
    assert said(spoken_money(fen)) == words


UNITS = {"十": 10, "百": 100, "千": 1000}


def understood(words: str) -> int:
    """What a listener makes of a number."""
    whole = part = digit = 0
    for word in words:
        if word == "万":
            whole, part, digit = (part + digit) * 10_000, 0, 0
        elif word in UNITS:
            part, digit = part + (digit or 1) * UNITS[word], 0
        elif word != "零":
            digit = "一二三四五六七八九".index(word.replace("两", "二")) + 1
    return whole + part + digit


@given(st.integers(0, 99_999_999))
def test_a_listener_understands_every_quantity(value: int) -> None:
    words = said(spoken_number(value))

    assert understood(words) == value
    assert "零零" not in words
    assert not words.endswith("零") or value == 0
    assert "二千" not in words
    assert words != "二万"
