"""The import contracts of pyproject.toml hold."""

import os

import pytest
from importlinter.cli import lint_imports


def test_the_import_contracts_hold(capsys: pytest.CaptureFixture[str]) -> None:
    os.chdir(os.path.dirname(os.path.dirname(os.path.dirname(__file__))))  # noqa: PTH100, PTH120

    assert lint_imports(cache_dir=None) == 0, capsys.readouterr().out
