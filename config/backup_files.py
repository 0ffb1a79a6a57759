"""The files of a backup: copied once, shared with the backup before, and listed with their sums.

The list has the form that `sha256sum -c SHA256SUMS` reads, so a backup can be checked where this
program is not.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from hotline.kernel.errors import HotlineError

DUMP: Final = "database.dump"
SUMS: Final = "SHA256SUMS"
MANIFEST: Final = "manifest.json"
COPIED: Final = ("secrets", "recordings")
"""What is copied of the data folder; the servers are dumped, and exports are made again."""
NAMES: Final = "hotline-*Z"
"""The folders of backups beside each other; the name is the moment, so they sort by age."""


class BackupError(HotlineError):
    """A backup cannot be made, read or loaded; the message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a backup says of itself: the house at one moment."""

    backup_id: str
    made_at: str
    program: str
    """The version that made it."""
    revision: str
    """Of the schema."""
    audit_head: str
    """SEQ:HASH of the audit chain."""
    rows: Mapping[str, int]
    """How many rows each table has."""

    def write(self, folder: Path) -> None:
        """Write it into the backup."""
        text = json.dumps(asdict(self), indent=1, sort_keys=True)
        (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> "Manifest":
        """Read it.

        Raises:
            BackupError: if the folder is no whole backup.
        """
        try:
            return cls(**json.loads((folder / MANIFEST).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise BackupError(
                f"{folder} is not a backup ({MANIFEST} cannot be read: {type(error).__name__}): "
                "name a folder that `hotline backup make` has made"
            ) from None


def copy_files(data: Path, folder: Path) -> int:
    """Copy what belongs to the backup of `data`, list all files with sums; return their bytes.

    What the newest backup beside it has unchanged is linked, not copied: same size, same time.
    """
    before = max(folder.parent.glob(NAMES), default=None)
    known = read_sums(before) if before else {}
    sums, size = {DUMP: _sum(folder / DUMP)}, (folder / DUMP).stat().st_size
    for path in _files_of(data):
        name = path.relative_to(data).as_posix()
        copy = folder / name
        copy.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # A recording may reach the end of its keeping in this moment.
        with suppress(FileNotFoundError):
            linked = before is not None and name in known and _link(path, before / name, copy)
            if not linked:
                shutil.copy2(path, copy)
            sums[name] = known[name] if linked else _sum(copy)
            size += copy.stat().st_size
    lines = (f"{digest}  {name}\n" for name, digest in sorted(sums.items()))
    (folder / SUMS).write_text("".join(lines), encoding="utf-8")
    return size


def read_sums(folder: Path) -> dict[str, str]:
    """Return the sum of each file of a backup by its name.

    Raises:
        BackupError: if there is no such list.
    """
    try:
        lines = (folder / SUMS).read_text(encoding="utf-8").splitlines()
    except OSError:
        raise BackupError(f"{folder} has no {SUMS}: it is not a whole backup") from None
    pairs = (line.partition("  ") for line in lines)
    return {name: digest for digest, _, name in pairs}


def damaged_files(folder: Path) -> Iterator[str]:
    """Yield a sentence for each file that is missing or changed."""
    for name, digest in read_sums(folder).items():
        try:
            found = _sum(folder / name)
        except OSError as error:
            yield f"{name} cannot be read: {error.strerror}"
        else:
            if found != digest:
                yield f"{name} was changed: its sum does not match"


def put_files_back(folder: Path, data: Path) -> int:
    """Copy the files of a backup into a data folder; return how many."""
    names = [name for name in read_sums(folder) if name != DUMP]
    for name in names:
        place = data / name
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.copy2(folder / name, place)
    return len(names)


def _files_of(data: Path) -> Iterator[Path]:
    for part in COPIED:
        for path in sorted((data / part).rglob("*")):
            # Names that begin with a dot are being written.
            if path.is_file() and not path.name.startswith("."):
                yield path


def _link(path: Path, before: Path, copy: Path) -> bool:
    """Share the file with the backup before, if it is unchanged; some disks cannot."""
    here = path.stat()
    try:
        there = before.stat()
        if (here.st_size, here.st_mtime_ns) != (there.st_size, there.st_mtime_ns):
            return False
        os.link(before, copy)
    except OSError:
        return False
    return True


def _sum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
