"""Why a seat was not reached, on whatever telephone."""

from enum import StrEnum


class Missed(StrEnum):
    """Why a seat was not reached."""

    NO_ANSWER = "no_answer"
    DECLINED = "declined"
    UNREACHABLE = "unreachable"
    NO_PORT = "no_port"
    NO_DATABASE = "no_database"


OURS = frozenset({Missed.NO_PORT, Missed.NO_DATABASE})
"""Our fault, not the seat's."""
