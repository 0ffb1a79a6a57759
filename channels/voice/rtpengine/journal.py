"""What happened to a leg while it was recorded, so that its two channels can be made of it later.

rtpengine captures what comes to it. What it plays it does not capture, and what it was told to
keep from somebody it captures all the same: the journal says when it was which. It is a file of
JSON lines beside the captures, so that a process that was killed loses no recording.
"""

import fcntl
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

SUFFIX = ".journal"


@dataclass(frozen=True, slots=True)
class Moment:
    """How it is from `at` (Unix seconds) on."""

    at: float
    hears: bool = True
    """We hear the telephone."""
    speaks: bool = True
    """The telephone hears us."""
    paused: bool = False
    plays: tuple[str, ...] = ()
    """The files that the telephone hears instead of its partner, from `at` on."""
    loop: bool = False
    number: int = 0
    """Tells a sound that is played again from one that goes on."""


@dataclass(frozen=True, slots=True)
class Story:
    """A whole journal."""

    path: Path
    """Where the recording belongs."""
    outer_port: int
    inner_port: int
    started_at: float
    moments: tuple[Moment, ...] = ()
    ended_at: float | None = None
    """None: the process was killed meanwhile."""

    @classmethod
    def read(cls, text: str) -> Self:
        """Read a journal; a last line that is cut off is left out.

        Raises:
            ValueError: it is none.
        """
        lines = [json.loads(line) for line in text.splitlines(keepends=True) if line[-1] == "\n"]
        if not lines or "path" not in lines[0]:
            raise ValueError("a journal begins with its path")
        head = lines[0]
        moments = (_moment(line) for line in lines[1:] if "at" in line)
        ends = [line["ended_at"] for line in lines if "ended_at" in line]
        return cls(
            path=Path(head["path"]),
            outer_port=head["outer_port"],
            inner_port=head["inner_port"],
            started_at=head["started_at"],
            moments=tuple(moments),
            ended_at=ends[-1] if ends else None,
        )


def _moment(line: Mapping[str, Any]) -> Moment:
    return Moment(**{**line, "plays": tuple(line["plays"])})


@dataclass(slots=True)
class JournalFile:
    """A journal that is being written; locked, so that nobody takes it for a dead one's."""

    path: Path
    _descriptor: int = field(init=False)

    def __post_init__(self) -> None:
        """Make the file.

        Raises:
            OSError: it cannot be made, or exists.
        """
        flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC
        self._descriptor = os.open(self.path, flags, 0o640)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def begin(self, path: Path, outer_port: int, inner_port: int, started_at: float) -> None:
        """Write the first line."""
        self._line(
            path=str(path.absolute()),
            outer_port=outer_port,
            inner_port=inner_port,
            started_at=started_at,
        )

    def note(self, moment: Moment) -> None:
        """Write how it is from now on."""
        self._line(**asdict(moment))

    def end(self, at: float) -> None:
        """Write the last line; the lock stays."""
        self._line(ended_at=at)

    def remove(self) -> None:
        """Delete the file: what it was for is done."""
        self.path.unlink(missing_ok=True)
        os.close(self._descriptor)

    def abandon(self) -> None:
        """Leave the file to whoever looks for recordings of the dead."""
        os.close(self._descriptor)

    def _line(self, **values: object) -> None:
        # One write of a short line to the page cache: as quick as a log line.
        os.write(self._descriptor, json.dumps(values).encode() + b"\n")


def is_abandoned(path: Path) -> bool:
    """Say whether nobody writes this journal any more."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True
