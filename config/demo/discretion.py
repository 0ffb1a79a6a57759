"""Whether the log of the stories keeps silent about who was in them."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class LogWatch:
    """What a log says from a moment on."""

    log: Path
    begin: int
    """Bytes that were in it before."""

    @classmethod
    def of(cls, log: Path) -> "LogWatch":
        """Begin at the end of a log, which need not exist yet."""
        return cls(log, log.stat().st_size if log.exists() else 0)

    def tellers(self, personal: Iterable[str]) -> list[str]:
        """Return the lines that hold any of these texts."""
        with self.log.open("rb") as file:
            file.seek(self.begin)
            lines = file.read().decode(errors="replace").splitlines()
        wanted = tuple(personal)
        return [line for line in lines if any(each in line for each in wanted)]
