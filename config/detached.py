"""Whom the bundled servers run as, and how they are started so that they outlive their owner."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import structlog

from config.processes import ProcessIdentity
from hotline.kernel.errors import HotlineError

log = structlog.get_logger()

SYSTEM_USER = "hotline-db"
RUN_SECONDS = 60.0


class EmbeddedError(HotlineError):
    """A bundled server cannot run here; the message says what to do."""


def server_account(directory: Path, *programs: Path) -> pwd.struct_passwd | None:
    """Return whom the servers run as, or None for this process's own user.

    As root: the owner of an existing directory, else a system user, made when it is missing.

    Raises:
        EmbeddedError: if the directory is another user's, or no system user can be made.
    """
    owner = directory.stat().st_uid if directory.exists() else None
    if os.geteuid() != 0:
        if owner not in {None, os.geteuid()}:
            raise belongs_to_another(directory)
        return None
    account = pwd.getpwuid(owner) if owner else _system_user()
    for path in (directory, *programs):
        _open_the_way(path)
    return account


def _system_user() -> pwd.struct_passwd:
    with suppress(KeyError):
        return pwd.getpwnam(SYSTEM_USER)
    program = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    command = [program or "useradd", "--system", "--user-group", "--no-create-home"]
    try:
        subprocess.run(  # noqa: S603 - every word is ours
            [*command, "--shell", "/usr/sbin/nologin", SYSTEM_USER], check=True, capture_output=True
        )
        return pwd.getpwnam(SYSTEM_USER)
    except (OSError, subprocess.CalledProcessError, KeyError):
        # Another start may have made the user in the same moment.
        with suppress(KeyError):
            return pwd.getpwnam(SYSTEM_USER)
        raise EmbeddedError(
            f"PostgreSQL does not run as root, and the system user {SYSTEM_USER} cannot be made: "
            "start as an ordinary user, or set HOTLINE_DATABASE_URL and HOTLINE_REDIS_URL"
        ) from None


def _open_the_way(path: Path) -> None:
    """Let other users pass through, not read, the folders above `path`, as far as needed."""
    for folder in path.parents:
        if folder.exists() and not folder.stat().st_mode & 0o001:
            log.warning("folder_opened_for_passage", folder=str(folder))
            folder.chmod(folder.stat().st_mode | 0o001)


def make_directory(path: Path, account: pwd.struct_passwd | None) -> None:
    """Make a directory that only its account may enter; None is this process's own user."""
    path.mkdir(mode=0o700)
    if account:
        os.chown(path, account.pw_uid, account.pw_gid)


def belongs_to_another(directory: Path) -> EmbeddedError:
    """Return the error for a directory that another user has made."""
    return EmbeddedError(
        f"{directory} belongs to another user (uid {directory.stat().st_uid}): "
        "start as root or as that user, or choose another --data"
    )


def _identity(account: pwd.struct_passwd | None) -> dict[str, int | list[int]]:
    if account is None:
        return {}
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _environment() -> dict[str, str]:
    # PG* variables of the caller would redirect the server's own tools.
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def run_once(
    command: Sequence[str | Path], account: pwd.struct_passwd | None, answer: str = ""
) -> None:
    """Run a tool of the server to its end, with `answer` as its input.

    Raises:
        EmbeddedError: with what the tool wrote, if it fails.
    """
    try:
        done = subprocess.run(  # type: ignore[call-overload]  # noqa: S603 - every word is ours
            [str(part) for part in command],
            input=answer,
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            env=_environment(),
            timeout=RUN_SECONDS,
            **_identity(account),
        )
    except PermissionError:
        raise _unreadable(command) from None
    if done.returncode != 0:
        raise EmbeddedError(f"{Path(command[0]).name} failed:\n{done.stdout}{done.stderr}")


def run_detached(
    command: Sequence[str | Path], log_path: Path, account: pwd.struct_passwd | None
) -> ProcessIdentity | None:
    """Start a server that is nobody's child: it survives this process and leaves no zombie.

    None if it ended at once.
    """
    script = '"$@" </dev/null >>"$0" 2>&1 & echo $!'
    try:
        done = subprocess.run(  # type: ignore[call-overload]  # noqa: S603 - every word is ours
            ["/bin/sh", "-c", script, str(log_path), *map(str, command)],
            check=True,
            stdout=subprocess.PIPE,
            cwd="/",
            env=_environment(),
            start_new_session=True,
            timeout=RUN_SECONDS,
            **_identity(account),
        )
    except PermissionError:
        raise _unreadable(command) from None
    return ProcessIdentity.of(int(done.stdout))


def _unreadable(command: Sequence[str | Path]) -> EmbeddedError:
    return EmbeddedError(
        f"user {SYSTEM_USER} may not run {command[0]}: "
        "make it readable with `chmod -R a+rX .venv`, or start as an ordinary user"
    )
