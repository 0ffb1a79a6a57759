"""The installation's secrets: made once, kept closed, never shown."""

from dataclasses import asdict
from pathlib import Path

import pytest

from config.secrets import LENGTH, SecretsError, open_secrets


def test_the_first_start_makes_one_long_secret_for_each_purpose(tmp_path: Path) -> None:
    secrets = asdict(open_secrets(tmp_path))

    assert sorted(secrets) == ["blind_index", "callback_link", "query_code", "receipt", "session"]
    assert {len(secret) for secret in secrets.values()} == {LENGTH}
    assert len(set(secrets.values())) == len(secrets)


def test_later_starts_find_the_same(tmp_path: Path) -> None:
    assert open_secrets(tmp_path) == open_secrets(tmp_path)


def test_only_the_owner_may_read_them(tmp_path: Path) -> None:
    open_secrets(tmp_path)

    folder = tmp_path / "secrets"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o600}


def test_a_secret_that_others_may_read_is_refused(tmp_path: Path) -> None:
    open_secrets(tmp_path)
    (tmp_path / "secrets" / "session").chmod(0o644)

    with pytest.raises(SecretsError, match=r"may be read by others: chmod 600"):
        open_secrets(tmp_path)


@pytest.mark.parametrize("content", ["", "not hexadecimal", "abcd"])
def test_a_damaged_secret_is_not_replaced_but_told(tmp_path: Path, content: str) -> None:
    open_secrets(tmp_path)
    (tmp_path / "secrets" / "blind_index").write_text(content)

    with pytest.raises(SecretsError, match=r"blind_index is damaged: restore it"):
        open_secrets(tmp_path)


def test_secrets_do_not_show(tmp_path: Path) -> None:
    secrets = open_secrets(tmp_path)

    assert secrets.session.hex() not in repr(secrets)
    assert repr(secrets.session) not in repr(secrets)
