"""State machines as literal tables."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from hotline.kernel.errors import IllegalTransition

S = TypeVar("S", bound=StrEnum)
T = TypeVar("T", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Machine(Generic[S, T]):
    """A named transition table; holds no state of its own.

    The table is total by omission: a pair that is not in it is refused.
    """

    name: str
    initial: S
    moves: Mapping[tuple[S, T], S]

    def next(self, state: S, trigger: T) -> S:
        """Return the state that `trigger` leads to.

        Raises:
            IllegalTransition: if the table has no such move.
        """
        try:
            return self.moves[state, trigger]
        except KeyError:
            raise IllegalTransition(self.name, state, trigger) from None

    def allows(self, state: S, trigger: T) -> bool:
        """Say whether `trigger` is in the table for `state`."""
        return (state, trigger) in self.moves

    def triggers_from(self, state: S) -> frozenset[T]:
        """Return the triggers that `state` answers to."""
        return frozenset(trigger for (source, trigger) in self.moves if source == state)

    def states(self) -> frozenset[S]:
        """Return every state that the table can be in."""
        return frozenset({self.initial, *self.moves.values(), *(s for s, _ in self.moves)})

    def replay(self, triggers: Iterable[T]) -> S:
        """Return the state after a history of triggers, from the initial state.

        Raises:
            IllegalTransition: if the history is not a path of the table.
        """
        state = self.initial
        for trigger in triggers:
            state = self.next(state, trigger)
        return state

    def as_mermaid(self) -> str:
        """Draw the table as a Mermaid state diagram, in the order of the table."""
        lines = ["stateDiagram-v2", f"    [*] --> {self.initial}"]
        lines += [
            f"    {source} --> {target}: {trigger}"
            for (source, trigger), target in self.moves.items()
        ]
        ends = [s for s in dict.fromkeys(self.moves.values()) if not self.triggers_from(s)]
        lines += [f"    {end} --> [*]" for end in ends]
        return "\n".join(lines)
