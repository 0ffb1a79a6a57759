"""Numbers as rows of prompts: every word is a file, so nothing is synthesised in a call."""

from collections.abc import Mapping

from ivr.flow import Speech, SpeechKind
from ivr.verbs import PromptRef

MOST_AHEAD = 99
"""From here on a caller hears "many callers": an exact number would promise an exact wait."""

TWO = PromptRef("two")
"""两: two of something."""

TEN_THOUSAND = 10_000
MOST_SAID = TEN_THOUSAND * TEN_THOUSAND
"""From here on a quantity would need 亿: no line of ours says one."""

UNITS = ((1000, "thousand"), (100, "hundred"), (10, "ten"))


def spoken_digits(digits: str, one: str = "yao") -> tuple[PromptRef, ...]:
    """Return the prompts that say `digits` one by one, with 1 as 幺 (`yao`) or 一 (`yi`)."""
    return tuple(
        PromptRef("digit_1_yao" if digit == "1" and one == "yao" else f"digit_{digit}")
        for digit in digits
        if digit in "0123456789"
    )


def spoken_number(value: int) -> tuple[PromptRef, ...]:
    """Return the prompts that say a quantity, 0 or more, in Mandarin: 205 is 二百零五.

    2 is 两 before 千 and 万, and 二 elsewhere. From 100 million on the digits are said one by one.
    """
    if not 0 < value < MOST_SAID:
        return spoken_digits(str(value), one="yi")
    high, low = divmod(value, TEN_THOUSAND)
    if high == 0:
        return _below_ten_thousand(low, is_first=True)
    group = (TWO,) if high == 2 else _below_ten_thousand(high, is_first=True)
    zero = (PromptRef("digit_0"),) if 0 < low < TEN_THOUSAND // 10 else ()
    return (*group, PromptRef("ten_thousand"), *zero, *_below_ten_thousand(low, is_first=False))


def _below_ten_thousand(value: int, *, is_first: bool) -> tuple[PromptRef, ...]:
    """Return what is said of four digits; behind 万 nothing is left out, so 12 is 一十二."""
    words: list[str] = []
    rest = value
    skipped = False
    for unit, word in UNITS:
        digit, rest = divmod(rest, unit)
        if digit == 0:
            skipped = bool(words)
            continue
        words += ["digit_0"] * skipped
        skipped = False
        # 10 to 19 are said 十, 十一 …, without the leading 一.
        is_bare = is_first and value < 20
        name = TWO if digit == 2 and word == "thousand" else f"digit_{digit}"
        words += [word] if is_bare else [name, word]
    if rest:
        words += ["digit_0"] * skipped + [f"digit_{rest}"]
    return tuple(PromptRef(word) for word in words)


def spoken_count(value: int) -> tuple[PromptRef, ...]:
    """Return a quantity as it is said before a measure word: 两位, and not 二位."""
    return (TWO,) if value == 2 else spoken_number(value)


def spoken_date(day: str) -> tuple[PromptRef, ...]:
    """Return a day written `20260214` as 二零二六年二月十四日; anything else digit by digit."""
    if len(day) != 8:
        return spoken_digits(day, one="yi")
    return (
        *spoken_digits(day[:4], one="yi"),
        PromptRef("year"),
        *spoken_number(int(day[4:6])),
        PromptRef("month"),
        *spoken_number(int(day[6:])),
        PromptRef("day"),
    )


def spoken_money(fen: int) -> tuple[PromptRef, ...]:
    """Return an amount in fen as 元, 角 and 分: 205 is 两元零五分."""
    yuan, rest = divmod(fen, 100)
    jiao, left = divmod(rest, 10)
    words: list[PromptRef] = []
    if yuan or not rest:
        words += [*spoken_count(yuan), PromptRef("yuan")]
    if jiao:
        words += [*spoken_count(jiao), PromptRef("jiao")]
    if left:
        zero = [PromptRef("digit_0")] if yuan and not jiao else []
        words += [*zero, *spoken_count(left), PromptRef("fen")]
    return tuple(words)


def queue_position(ahead: int) -> tuple[PromptRef, ...]:
    """Return the announcement for a caller with `ahead` (0 or more) others in front."""
    if ahead <= 0:
        return (PromptRef("position_next"),)
    if ahead > MOST_AHEAD:
        return (PromptRef("position_many"),)
    return (PromptRef("position_before"), *spoken_count(ahead), PromptRef("position_after"))


def queue_wait(minutes: int, *, is_more: bool) -> tuple[PromptRef, ...]:
    """Return the announcement of a wait: about so many minutes, or more than so many."""
    about = PromptRef("wait_more" if is_more else "wait_about")
    return (about, *spoken_count(minutes), PromptRef("minutes"))


def prompts(
    say: tuple[Speech, ...], variables: Mapping[str, str], one: str = "yao"
) -> tuple[PromptRef, ...]:
    """Return the prompt files for what is to be said, with the variables filled in."""
    spoken: list[PromptRef] = []
    for speech in say:
        text = speech.template.format_map(variables)
        match speech.kind:
            case SpeechKind.PROMPT:
                spoken.append(PromptRef(text))
            case SpeechKind.DIGITS:
                spoken += spoken_digits(text, one)
            case SpeechKind.NUMBER:
                spoken += spoken_number(int(text))
            case SpeechKind.COUNT:
                spoken += spoken_count(int(text))
            case SpeechKind.DATE:
                spoken += spoken_date(text)
            case SpeechKind.MONEY:
                spoken += spoken_money(int(text))
    return tuple(spoken)
