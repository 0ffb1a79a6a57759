"""Backups by the documented commands: made of a living house, proven, restored beside it."""

import asyncio
import errno
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from click.testing import CliRunner, Result
from sqlalchemy import select

from config.cli import main
from config.embedded import EmbeddedPostgres, EmbeddedValkey
from config.runtime import Servers
from hotline.accounts import audit
from hotline.accounts.model import AuditRow
from hotline.contacts.contact import Channel, InboundContact
from hotline.contacts.model import ContactRow
from hotline.contacts.service import store_contact
from hotline.kernel.clock import system_clock
from hotline.kernel.db import Database
from hotline.reports.backups.model import BackupRow

MAIL = "From: 王女士\r\n\r\n路灯不亮".encode()


@pytest.fixture(autouse=True)
def _loggers() -> Iterator[None]:
    yield
    structlog.reset_defaults()


@pytest.fixture
def house(tmp_path: Path, servers: Servers, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with a recording; the rows are on servers of its own."""
    data = tmp_path / "house"
    (data / "recordings").mkdir(parents=True)
    (data / "recordings" / "call.wav").write_bytes(b"RIFF call")
    monkeypatch.setenv("HOTLINE_DATABASE_URL", servers.database_url)
    monkeypatch.setenv("HOTLINE_REDIS_URL", servers.redis_url)
    asyncio.run(_take_a_mail(servers.database_url))
    return data


async def _take_a_mail(url: str) -> None:
    database = Database.connect(url, clock=system_clock)
    async with database.begin() as uow:
        mail = InboundContact(
            channel=Channel.MAIL,
            provider_id="m1",
            received_at=system_clock(),
            raw=MAIL,
            sender="wang@example.org",
        )
        await store_contact(uow, mail)
        await audit.append(
            uow, actor="a", action="login", target="t", detail={}, now=system_clock()
        )
    await database.close()


async def _read(url: str) -> tuple[list[bytes], list[str], list[audit.Problem]]:
    database = Database.connect(url, clock=system_clock)
    async with database.read() as session:
        mails = list(await session.scalars(select(ContactRow.raw)))
        acts = list(await session.scalars(select(AuditRow.action).order_by(AuditRow.seq)))
        problems = await audit.verify(session)
    await database.close()
    return mails, acts, problems


async def _proofs(url: str) -> list[str | None]:
    database = Database.connect(url, clock=system_clock)
    async with database.read() as session:
        rows = await session.scalars(select(BackupRow).where(BackupRow.verified_at.is_not(None)))
        problems = [row.problem for row in rows]
    await database.close()
    return problems


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(each) for each in arguments])


def made(target: Path) -> Path:
    (folder,) = target.glob("hotline-*Z")
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_a_backup_is_made_proven_and_restored_beside_the_house(
    house: Path, tmp_path: Path, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows, raw mail, recordings, secrets and the audit chain come back; the house is untouched."""
    target, new = tmp_path / "target", tmp_path / "new"

    done = run("backup", "make", target, "--data", house)
    assert done.exit_code == 0, done.output
    assert "on the same disk as the data" in done.stderr
    before = contents(house)
    proven = run("backup", "verify", made(target), "--data", house)
    assert proven.exit_code == 0, proven.output
    assert "The backup is whole" in proven.stdout
    assert asyncio.run(_proofs(servers.database_url)) == [None]

    # What comes after it is not in it.
    asyncio.run(_take_a_mail(servers.database_url))
    monkeypatch.delenv("HOTLINE_DATABASE_URL")
    restored = run("backup", "restore", made(target), "--data", new)
    assert restored.exit_code == 0, restored.output
    try:
        mails, acts, problems = asyncio.run(_read(EmbeddedPostgres(new / "postgres").start()))
        chain = run("audit", "verify", "--data", new)
    finally:
        EmbeddedPostgres(new / "postgres").stop()
        EmbeddedValkey(new / "valkey").stop()
    assert (mails, acts, problems) == ([MAIL], ["login"], [])
    assert "The chain is whole: 1 rows" in chain.output
    for name, content in before.items():
        assert (new / name).read_bytes() == content
    assert contents(house) == before

    again = run("backup", "restore", made(target), "--data", new)
    assert again.exit_code == 1
    assert "is not empty: name a new folder, nothing is ever overwritten" in again.output


def test_a_server_of_ones_own_must_be_empty(house: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"
    assert run("backup", "make", target, "--data", house).exit_code == 0

    result = run("backup", "restore", made(target), "--data", tmp_path / "new")

    assert result.exit_code == 1
    assert "HOTLINE_DATABASE_URL: this database has tables: name an empty one" in result.output
    assert not (tmp_path / "new").exists()


def test_a_backup_that_lacks_something_is_found_out_and_noted(
    house: Path, tmp_path: Path, servers: Servers
) -> None:
    target = tmp_path / "target"
    assert run("backup", "make", target, "--data", house).exit_code == 0
    path = made(target) / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["rows"]["contacts"] += 1
    path.write_text(json.dumps(manifest))

    result = run("backup", "verify", made(target), "--data", house)

    assert result.exit_code == 1
    assert result.stdout.splitlines()[-1] == "table contacts: 1 rows instead of 2"
    assert "cannot be relied on" in result.stderr
    assert asyncio.run(_proofs(servers.database_url)) == ["table contacts: 1 rows instead of 2"]


def test_a_damaged_backup_restores_nothing(house: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"
    assert run("backup", "make", target, "--data", house).exit_code == 0
    (made(target) / "recordings" / "call.wav").write_bytes(b"noise")

    result = run("backup", "restore", made(target), "--data", tmp_path / "new")

    assert result.exit_code == 1
    assert "recordings/call.wav was changed: its sum does not match" in result.output
    assert not (tmp_path / "new").exists()


def test_a_backup_for_which_there_is_no_room_leaves_nothing(
    house: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(shutil, "copy2", refuse)

    result = run("backup", "make", tmp_path / "target", "--data", house)

    assert result.exit_code == 1
    assert "No space left on device: make room, then begin again" in result.output
    assert list((tmp_path / "target").iterdir()) == []
