"""The query code (提取码): with the ticket's number it opens the public status page.

The code is derived from the installation's secret, so the database holds nothing that could be
read or guessed offline; `generation` makes a fresh code when the old one has leaked.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

from hotline.kernel.ids import TicketId

TRIES_BEFORE_LOCK = 5
LOCK_FOR = timedelta(minutes=15)
"""The wait after the first five wrong guesses; each further five double it, up to a day."""


@dataclass(frozen=True, slots=True)
class QueryCodeOptions:
    """The secret of the installation, at least 16 bytes."""

    secret: bytes

    def __post_init__(self) -> None:
        """Refuse a secret that could be guessed.

        Raises:
            ValueError: if it is shorter than 16 bytes.
        """
        if len(self.secret) < 16:
            raise ValueError("the secret for query codes needs at least 16 bytes")


def query_code(options: QueryCodeOptions, ticket_id: TicketId, generation: int) -> str:
    """Return the six digits for one generation of one ticket."""
    message = f"query-code:{ticket_id}:{generation}".encode()
    digest = hmac.new(options.secret, message, hashlib.sha256).digest()
    return f"{int.from_bytes(digest[:8], 'big') % 1_000_000:06d}"


def is_right(options: QueryCodeOptions, ticket_id: TicketId, generation: int, guess: str) -> bool:
    """Compare a guess in constant time."""
    right = query_code(options, ticket_id, generation)
    return hmac.compare_digest(right.encode(), guess.strip().encode())


def locked_until(failures: int, now: datetime) -> datetime | None:
    """Return until when no further guess is heard, after `failures` wrong ones in a row.

    Every further five wrong guesses double the wait, up to a day.
    """
    if failures == 0 or failures % TRIES_BEFORE_LOCK:
        return None
    rounds = failures // TRIES_BEFORE_LOCK
    doubled: timedelta = LOCK_FOR * (1 << min(rounds - 1, 10))
    return now + min(doubled, timedelta(days=1))
