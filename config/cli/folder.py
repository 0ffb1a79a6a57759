"""The option `--data`, apart from the settings.

`hotline alive` is asked every few seconds and `hotline stop` must work while a setting is wrong:
both read nothing but the name of the folder.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

VARIABLE = "HOTLINE_DATA"
DEFAULT = "var"


def data_option(function: F) -> F:
    """Add `--data`."""
    return click.option(
        "--data",
        type=click.Path(file_okay=False, path_type=Path),
        metavar="DIR",
        help=f"Data directory.  [default: {VARIABLE}, else ./{DEFAULT}]",
    )(function)


def data_folder(chosen: Path | None) -> Path:
    """Return the data directory as the settings would, without reading them."""
    return chosen or Path(os.environ.get(VARIABLE, DEFAULT))
