"""What a person types to find tickets, as PostgreSQL is asked; pure."""

import logging
from collections.abc import Iterator
from typing import Final

import jieba

from hotline.tickets.words import NUMBER, RUN, plain

jieba.setLogLevel(logging.WARNING)

LONGEST_QUESTION: Final = 60
MOST_WORDS: Final = 8
_EMPTY_WORDS: Final = frozenset("的了吗呢吧啊在是有和与也都就不没请我你他她它这那")


def question(text: str) -> str:
    """Return what a person looks for as a tsquery: all the words, anywhere; empty for none.

    Chinese is cut by jieba into every word of its dictionary that the text holds; each is then a
    run of pairs, so that it is found in the middle of what the dictionary takes for another word.
    Neighbours that are in no word, as in the name of a road, are a word of their own. A single
    letter counts only beside few words: as the beginning of a pair it is found in very many texts.
    The first call in a process reads the dictionary, which takes about a second:
    call it in a thread.
    """
    words: dict[str, None] = {}
    letters: dict[str, None] = {}
    for run in RUN.finditer(plain(text)[:LONGEST_QUESTION]):
        if run["han"]:
            for word in _cut(run["han"]):
                (words if len(word) > 1 else letters)[word] = None
        elif not NUMBER.search(run["other"]):
            words[run["other"]] = None
    alone = [each for each in letters if not any(each in word for word in words)]
    asked = [*words, *(each for each in alone if each not in _EMPTY_WORDS)]
    if len(words) > 1:
        asked = list(words)
    return " & ".join(_run(word) for word in (asked or alone)[:MOST_WORDS])


def _cut(han: str) -> Iterator[str]:
    """Cut a run of Chinese into its words, and what is in none."""
    strange, at = "", 0
    for word in jieba.cut(han, cut_all=True):
        at = han.index(word, at)
        if len(word) > 1 or word in _EMPTY_WORDS:
            yield from (each for each in (strange, word) if each)
            strange = ""
        else:
            strange += word
    if strange:
        yield strange


def _run(word: str) -> str:
    if word.isdecimal():
        return f"'{word}'"  # house 13 is not house 138
    is_han = RUN.fullmatch(word)
    if len(word) == 1 or is_han is None or not is_han["han"]:
        return f"'{word}':*"
    pairs = [f"'{word[at : at + 2]}'" for at in range(len(word) - 1)]
    return pairs[0] if len(pairs) == 1 else f"({' <-> '.join(pairs)})"
