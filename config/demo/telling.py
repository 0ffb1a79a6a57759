"""How the demo tells what happens: each step with its time, and a summary at the end."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field


@dataclass(slots=True)
class Story:
    """One story as it is played."""

    name: str
    ticket: str = ""
    case: str = ""
    outcome: str = ""
    seconds: float = 0.0

    def as_json(self) -> dict[str, object]:
        """Return the line of the summary."""
        return asdict(self) | {"seconds": round(self.seconds, 1)}


@dataclass(slots=True)
class Teller:
    """Prints steps with the seconds since the story began."""

    tell: Callable[[str], None]
    _began: float = field(default_factory=time.monotonic)

    def begin(self, title: str) -> None:
        """Begin a story."""
        self._began = time.monotonic()
        self.tell(f"\n{title}")

    def step(self, what: str) -> None:
        """Tell one step that held."""
        self.tell(f"  {self.seconds:6.1f} s  {what}")

    @property
    def seconds(self) -> float:
        """Seconds since the story began."""
        return time.monotonic() - self._began
