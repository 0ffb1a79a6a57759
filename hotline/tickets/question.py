"""What a person types to find tickets, as PostgreSQL is asked; pure."""

import logging
from typing import Final

import jieba

from hotline.tickets.words import NUMBER, RUN, plain

jieba.setLogLevel(logging.WARNING)

LONGEST_QUESTION: Final = 60
MOST_WORDS: Final = 8
_EMPTY_WORDS: Final = frozenset("的了吗呢吧啊在是有和与也都就不没请我你他她它这那")


def question(text: str) -> str:
    """Return what a person looks for as a tsquery: all the words, anywhere; empty for none.

    Chinese is cut into words by jieba; each word is then a run of pairs, so that it is found in
    the middle of what the dictionary takes for another word. The first call in a process reads the
    dictionary, which takes about a second: call it in a thread.
    """
    words: dict[str, str] = {}
    for run in RUN.finditer(plain(text)[:LONGEST_QUESTION]):
        if run["han"]:
            words |= {word: _pairs(word) for word in jieba.cut(run["han"], HMM=False)}
        elif not NUMBER.search(run["other"]):
            words[run["other"]] = f"'{run['other']}':*"
    useful = [asked for word, asked in words.items() if word not in _EMPTY_WORDS]
    return " & ".join((useful or list(words.values()))[:MOST_WORDS])


def _pairs(word: str) -> str:
    if len(word) == 1:
        return f"'{word}':*"
    return "(" + " <-> ".join(f"'{word[at : at + 2]}'" for at in range(len(word) - 1)) + ")"
