"""The files of a backup: what is copied, what is shared, and what is noticed."""

import errno
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from config.backup_files import (
    DUMP,
    BackupError,
    Manifest,
    copy_files,
    damaged_files,
    put_files_back,
    read_sums,
)

MANIFEST = Manifest(
    backup_id="b", made_at="2026-03-02", program="1", revision="1", audit_head="0:0", rows={"t": 1}
)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    data = tmp_path / "data"
    (data / "recordings" / "2026").mkdir(parents=True)
    (data / "recordings" / "2026" / "one.wav").write_bytes(b"RIFF one")
    (data / "recordings" / "2026" / ".two.wav.part").write_bytes(b"RIFF")
    (data / "secrets").mkdir(mode=0o700)
    (data / "secrets" / "session").write_text("0123")
    (data / "secrets" / "session").chmod(0o600)
    (data / "exports").mkdir()
    (data / "exports" / "list.csv").write_text("a")
    return data


def backup(data: Path, target: Path, moment: str) -> Path:
    folder = target / f"hotline-{moment}Z.part"
    folder.mkdir(parents=True)
    (folder / DUMP).write_bytes(b"dump " + moment.encode())
    copy_files(data, folder)
    return folder.rename(target / f"hotline-{moment}Z")


def test_recordings_and_secrets_are_copied_and_what_is_being_written_is_not(
    data: Path, tmp_path: Path
) -> None:
    folder = backup(data, tmp_path / "target", "1")

    assert set(read_sums(folder)) == {DUMP, "recordings/2026/one.wav", "secrets/session"}
    assert (folder / "secrets" / "session").stat().st_mode & 0o777 == 0o600
    assert list(damaged_files(folder)) == []


def test_a_backup_can_be_checked_without_this_program(data: Path, tmp_path: Path) -> None:
    folder = backup(data, tmp_path / "target", "1")

    subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=folder, check=True)


def test_what_has_not_changed_is_shared_with_the_backup_before(data: Path, tmp_path: Path) -> None:
    first = backup(data, tmp_path / "target", "1")
    (data / "secrets" / "session").write_text("4567")
    (data / "recordings" / "2026" / "two.wav").write_bytes(b"RIFF two")

    second = backup(data, tmp_path / "target", "2")

    one, session = Path("recordings/2026/one.wav"), Path("secrets/session")
    assert (second / one).samefile(first / one)
    assert not (second / session).samefile(first / session)
    assert (first / session).read_text() == "0123"
    assert len(read_sums(second)) == len(read_sums(first)) + 1
    shutil.rmtree(first)
    assert list(damaged_files(second)) == []


def test_a_disk_without_links_takes_copies(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "no links here")

    first = backup(data, tmp_path / "target", "1")
    monkeypatch.setattr(os, "link", refuse)

    second = backup(data, tmp_path / "target", "2")

    one = Path("recordings/2026/one.wav")
    assert not (second / one).samefile(first / one)
    assert list(damaged_files(second)) == []


def test_each_damaged_file_is_named(data: Path, tmp_path: Path) -> None:
    folder = backup(data, tmp_path / "target", "1")
    (folder / DUMP).write_bytes(b"dump X")
    (folder / "secrets" / "session").unlink()

    assert list(damaged_files(folder)) == [
        "database.dump was changed: its sum does not match",
        "secrets/session cannot be read: No such file or directory",
    ]


def test_files_go_back_to_their_places_and_the_dump_does_not(data: Path, tmp_path: Path) -> None:
    folder = backup(data, tmp_path / "target", "1")

    assert put_files_back(folder, tmp_path / "new") == 2

    assert (tmp_path / "new" / "recordings" / "2026" / "one.wav").read_bytes() == b"RIFF one"
    assert (tmp_path / "new" / "secrets").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "new" / "secrets" / "session").stat().st_mode & 0o777 == 0o600
    assert not (tmp_path / "new" / DUMP).exists()


def test_a_manifest_is_read_as_it_was_written(tmp_path: Path) -> None:
    MANIFEST.write(tmp_path)

    assert Manifest.read(tmp_path) == MANIFEST


@pytest.mark.parametrize("text", [None, "torn", json.dumps({"made_at": "x"})])
def test_another_folder_is_no_backup(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "manifest.json").write_text(text)

    with pytest.raises(BackupError, match="is not a backup"):
        Manifest.read(tmp_path)
