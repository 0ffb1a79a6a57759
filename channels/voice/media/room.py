"""Who talks with whom: two lines of a bridge, or the members of a conference; pure."""

from typing import Generic, TypeVar

T = TypeVar("T")


class Room(Generic[T]):
    """Members in the order in which they came; each is to hear the others and not itself."""

    def __init__(self) -> None:
        self.members: tuple[T, ...] = ()

    def add(self, member: T) -> None:
        """Let one in; again changes nothing."""
        if member not in self.members:
            self.members += (member,)

    def remove(self, member: T) -> None:
        """Let one out; harmless if it is not here."""
        self.members = tuple(each for each in self.members if each is not member)

    def others(self, member: T) -> tuple[T, ...]:
        """Return those whom `member` hears."""
        return tuple(each for each in self.members if each is not member)
