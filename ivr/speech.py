"""Numbers as rows of prompts: every word is a file, so nothing is synthesised in a call."""

from collections.abc import Mapping

from ivr.flow import Speech, SpeechKind
from ivr.verbs import PromptRef

MOST_AHEAD = 99
"""From here on a caller hears "many callers": an exact number would promise an exact wait."""

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

    From 10000 on the digits are said one by one.
    """
    if not 0 < value <= 9999:
        return spoken_digits(str(value), one="yi")
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
        words += [word] if value < 20 else [f"digit_{digit}", word]
    if rest:
        words += ["digit_0"] * skipped + [f"digit_{rest}"]
    return tuple(PromptRef(word) for word in words)


def queue_position(ahead: int) -> tuple[PromptRef, ...]:
    """Return the announcement for a caller with `ahead` (0 or more) others in front."""
    if ahead <= 0:
        return (PromptRef("position_next"),)
    if ahead > MOST_AHEAD:
        return (PromptRef("position_many"),)
    # 两位, not 二位.
    number = (PromptRef("two_persons"),) if ahead == 2 else spoken_number(ahead)
    return (PromptRef("position_before"), *number, PromptRef("position_after"))


def queue_wait(minutes: int, *, is_more: bool) -> tuple[PromptRef, ...]:
    """Return the announcement of a wait: about so many minutes, or more than so many."""
    number = (PromptRef("two_persons"),) if minutes == 2 else spoken_number(minutes)
    return (PromptRef("wait_more" if is_more else "wait_about"), *number, PromptRef("minutes"))


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
    return tuple(spoken)
