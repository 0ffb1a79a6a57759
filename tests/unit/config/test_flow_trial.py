"""`hotline flow`: flows are tried and checked without a telephone."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from config.cli.flow import flow
from config.data_files import DATA


def run(*arguments: str) -> Result:
    return CliRunner().invoke(flow, arguments)


def edited(folder: Path, old: str, new: str, name: str = "main") -> Path:
    """A folder with one flow, changed in one place."""
    text = (DATA / "flows" / f"{name}.yaml").read_text("utf-8")
    assert old in text
    (folder / f"{name}.yaml").write_text(text.replace(old, new, 1), "utf-8")
    return folder


def test_the_flows_in_use_are_told_with_their_version() -> None:
    result = run("check")

    assert result.exit_code == 0
    assert "main 2026-4: 31 steps, nothing wrong" in result.output


def test_a_caller_is_told_where_a_ticket_stands_step_by_step() -> None:
    found = ("ticket_state=transferred", "opened_on=20260214", "has_due=0", "due_on=20260214")

    result = run(
        *("try", "status", "--keys", "20260214000017,123456,2,-,-"),
        *(option for pair in found for option in ("--found", pair)),
    )

    assert result.exit_code == 0, result.output
    assert "[look_up]\n    look up  ticket 20260214000017 123456\n" in result.output
    assert "受理日期是二零二六年二月十四日您反映的事项已经转交承办单位" in result.output
    assert result.output.endswith("[done]\n    hang up\n")


@pytest.mark.parametrize(
    ("options", "heard"),
    [
        (("--queue", "no_seats", "--keys", "1"), "留言已经记录"),
        (("--queue", "no_seats", "--keys", "1", "--no-message"), "没有听到您的留言"),
        (("--queue", "overflow", "--keys", "-,-"), "感谢您的来电"),
        (("--set", "night=1"), "现在是夜间值班时间"),
    ],
)
def test_what_a_caller_does_decides_what_is_heard(options: tuple[str, ...], heard: str) -> None:
    result = run("try", "main", *options)

    assert result.exit_code == 0, result.output
    assert heard in result.output
    assert result.output.endswith("hang up\n")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("nowhere",), "there is no flow nowhere"),
        (("main", "--set", "night"), "'night': write NAME=VALUE"),
        (("main", "--set", "night=2"), "must be one of 0, 1"),
        (("survey",), "give it with --set"),
    ],
)
def test_what_cannot_be_tried_says_why(options: tuple[str, ...], told: str) -> None:
    result = run("try", *options)

    assert result.exit_code == 1
    assert told in result.output


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("lookup: ticket", "lookup: weather", "there is no lookup 'weather'; choose one of ticket"),
        ("opened_on: {later: yes}", "opened: {later: yes}\n  opened_on: {later: yes}",
         "opened: no step of this flow sets it later"),
        ("declined, answered]", "declined]", "ticket_state: write the values open, "),
        ("has_due:\n    values: [\"0\", \"1\"]\n    later: yes", "has_due: {later: yes}",
         "has_due: write the values 0, 1"),
        ("  night:  ", "  day: {values: [workday, holiday], default: workday}\n  night:  ",
         "day: write the values workday, weekend, holiday, make_up"),
        ("  kept:   ", "  kopt:   ", "there is no step 'kept'"),
    ],
)  # fmt: skip
def test_what_the_house_cannot_do_is_found(
    tmp_path: Path, old: str, new: str, problem: str
) -> None:
    result = run("check", "--folder", str(edited(tmp_path, old, new)))

    assert result.exit_code == 1
    assert problem in result.stderr


@pytest.mark.parametrize("target", ["emergency:118", "department:119"])
def test_a_transfer_outside_the_directory_is_found(tmp_path: Path, target: str) -> None:
    step = f"transfer: {target}\n    answered: done\n    failed: farewell\n  unused:\n    "
    folder = edited(tmp_path, "enqueue: duty\n    answered: done\n    no_seats: nobody\n"
                    "    overflow: busy\n", step.removesuffix("  unused:\n    "))  # fmt: skip

    result = run("check", "--folder", str(folder))

    assert "the directory has no" in result.stderr


def test_a_flow_with_mistakes_is_not_tried(tmp_path: Path) -> None:
    folder = edited(tmp_path, "next: to_seat", "next: to_nobody")

    result = run("try", "main", "--folder", str(folder))

    assert "connecting: there is no step 'to_nobody'" in result.output
