"""The import contracts of pyproject.toml hold."""

from pathlib import Path

import pytest
from importlinter.cli import lint_imports


def test_the_import_contracts_hold(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(Path(__file__).parents[2])

    assert lint_imports(cache_dir=None) == 0, capsys.readouterr().out
