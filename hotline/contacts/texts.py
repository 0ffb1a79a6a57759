"""How long a text message is (3GPP TS 23.040): characters beyond GSM's are sent as UCS-2; pure."""

from math import ceil
from typing import Final

ALONE: Final = 70
"""UTF-16 units of a message in one part."""
IN_A_CHAIN: Final = 67
"""Of each part of a longer one: the header that chains them takes the rest."""
MOST_PARTS: Final = 7
LONGEST: Final = MOST_PARTS * IN_A_CHAIN


def units(text: str) -> int:
    """Return how many UTF-16 units a text has; a character outside of the first plane has two."""
    return len(text.encode("utf-16-le")) // 2


def parts(text: str) -> int:
    """Return in how many parts a text is sent and paid for."""
    length = units(text)
    return 1 if length <= ALONE else ceil(length / IN_A_CHAIN)


def shortened(text: str, limit: int) -> str:
    """Return the text, or its beginning with an ellipsis, in at most `limit` UTF-16 units."""
    if units(text) <= limit:
        return text
    kept = text[: limit - 1]
    while units(kept) > limit - 1:
        kept = kept[:-1]
    return f"{kept}…"
