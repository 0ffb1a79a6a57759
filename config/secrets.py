"""The installation's own secrets: made on the first start, kept in DIR/secrets, never shown.

Every process of an installation needs the same ones: on several machines the folder is copied or
mounted. Losing `blind_index` makes citizens unfindable by number, losing `query_code` and
`callback_link` makes the codes and links that citizens hold void: the folder belongs in the backup.
"""

import os
import secrets
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path

from hotline.kernel.errors import HotlineError

LENGTH = 32
"""Bytes: as long as the keys of HMAC-SHA-256 need to be."""


class SecretsError(HotlineError):
    """The secrets cannot be used; the message says what to do."""


@dataclass(frozen=True, slots=True, repr=False)
class Secrets:
    """One key for each purpose, so that no message for one fits another."""

    session: bytes
    """Signs form tokens and sessions."""
    blind_index: bytes
    """Hashes phone numbers and addresses for search."""
    callback_link: bytes
    """Signs the links to the two questions of a callback."""
    query_code: bytes
    """Derives the codes for the public status page."""
    receipt: bytes
    """Signs the addresses of receipts."""


def open_secrets(data: Path) -> Secrets:
    """Return the secrets of the data directory; make those that are missing.

    Raises:
        SecretsError: if one is damaged, or others may read it.
    """
    folder = data / "secrets"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Secrets(**{field.name: _open_secret(folder / field.name) for field in fields(Secrets)})


def _open_secret(path: Path) -> bytes:
    if not path.exists():
        _make_secret(path)
    if path.stat().st_mode & 0o077:
        raise SecretsError(f"{path} may be read by others: chmod 600 {path}")
    try:
        secret = bytes.fromhex(path.read_text(encoding="utf-8"))
    except ValueError:
        secret = b""
    if len(secret) != LENGTH:
        raise SecretsError(f"{path} is damaged: restore it from the backup")
    return secret


def _make_secret(path: Path) -> None:
    """Write a new secret whole; of two processes that do so at once, the first one wins."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(secrets.token_hex(LENGTH))
        file.flush()
        os.fsync(file.fileno())
    with suppress(FileExistsError):
        path.hardlink_to(fresh)
    fresh.unlink()
