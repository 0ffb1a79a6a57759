import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.data_files import DATA
from config.prompts import prompt_names
from ivr.checks import POSITION_PROMPTS
from ivr.speech import MOST_AHEAD, queue_position, spoken_digits, spoken_number

WORDS = {f"digit_{digit}": "零一二三四五六七八九"[digit] for digit in range(10)} | {
    "ten": "十",
    "hundred": "百",
    "thousand": "千",
    "digit_1_yao": "幺",
    "two_persons": "两",
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
        (2026, "二千零二十六"),
        (9999, "九千九百九十九"),
        (10_000, "一零零零零"),
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
