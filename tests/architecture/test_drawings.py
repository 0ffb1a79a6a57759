"""The drawings follow the tables."""

import ast
from pathlib import Path

from config.drawings import PAGE, draw, machines

ROOT = Path(__file__).parents[2]


def test_the_drawings_are_in_step_with_the_tables() -> None:
    assert PAGE.read_text(encoding="utf-8") == draw(), "run `make docs`"


def test_every_table_of_states_lives_in_a_module_called_states() -> None:
    strays = [
        str(path.relative_to(ROOT))
        for package in ("hotline", "channels", "case_bridge", "ivr", "config")
        for path in (ROOT / package).rglob("*.py")
        if path.name != "states.py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Machine"
    ]

    assert strays == []


def test_every_machine_has_a_name_of_its_own() -> None:
    names = [machine.name for _, machine in machines()]

    assert len(names) == len(set(names)) > 10
