"""The command line: errors are sentences that say what to do next."""

import asyncio
import errno
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import structlog
from click.testing import CliRunner, Result

from config import checking
from config.cli import COMMANDS, main
from config.cli.folder import data_folder
from config.embedded import EmbeddedPostgres, EmbeddedValkey
from config.processes import ProcessIdentity
from config.runtime import Servers
from config.settings import load_settings, variables
from hotline.kernel.clock import system_clock
from hotline.kernel.db import Database
from hotline.kernel.ids import new_id
from hotline.reports.processes.service import SignOfLife, say_alive
from tests.fakes.ports import free_port, free_range


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in list(variables()):
        monkeypatch.delenv(name, raising=False)
    yield
    structlog.reset_defaults()


@pytest.fixture
def free_ports() -> list[str]:
    return [f"127.0.0.1:{free_port()}" for _ in range(3)]


@pytest.fixture(autouse=True)
def _pages_are_built(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    built = tmp_path / "built"
    built.mkdir()
    (built / "pages.js").touch()
    monkeypatch.setattr(checking, "BUILT_PAGES", built)


def run(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(main, list(arguments), env=environment)


def check(data: Path, ports: list[str], **environment: str) -> Result:
    http, sip, smtp = ports
    return run(
        "check", "--data", str(data), "--http", http, "--sip", sip, "--smtp", smtp,
        "--rtp-ports", "{}-{}".format(*free_range(2)), **environment,
    )  # fmt: skip


def test_check_of_a_sound_configuration_ends_with_0(tmp_path: Path, free_ports: list[str]) -> None:
    result = check(tmp_path / "data", free_ports)

    assert result.output == "No problem: settings, data files, servers and ports are fine.\n"
    assert result.exit_code == 0
    assert not (tmp_path / "data").exists()


def test_check_prints_every_problem_and_not_the_first(
    tmp_path: Path, free_ports: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "built" / "pages.js").unlink()
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "session").write_text("torn")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        free_ports[0] = "{}:{}".format(*taken.getsockname())
        result = check(
            tmp_path,
            free_ports,
            HOTLINE_DATABASE_URL="postgresql://nobody@127.0.0.1:1/none",
            HOTLINE_REDIS_URL="redis://127.0.0.1:1/0",
            HOTLINE_TRUNK__USERNAME="operator",
            HOTLINE_SEAT__OFFER_LIMIT="soon",
            HOTLINE_TELEPATHY="on",
        )

    said = result.output
    assert result.exit_code == 1
    for part in (
        "pages: not built: run `make pages`",
        "HOTLINE_TELEPATHY: no setting has this name",
        "HOTLINE_SEAT__OFFER_LIMIT: ",
        "HOTLINE_TRUNK__ADDRESS: Field required",
        "secrets/session may be read by others: chmod 600",
        "HOTLINE_DATABASE_URL: the database does not answer",
        "HOTLINE_REDIS_URL: Redis does not answer",
        f"--http {free_ports[0]} (TCP): Address already in use",
        "8 problems.",
    ):
        assert part in said


def test_check_reads_the_data_files(
    tmp_path: Path, free_ports: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "standards"
    (folder / "calendars").mkdir(parents=True)
    monkeypatch.setattr(checking, "DATA", folder)

    result = check(tmp_path / "data", free_ports)

    assert result.exit_code == 1
    assert "data file categories.csv" in result.output
    assert "data file units.yaml" in result.output


def test_check_asks_the_servers_that_are_named(
    tmp_path: Path, free_ports: list[str], servers: Servers
) -> None:
    result = check(
        tmp_path / "data",
        free_ports,
        HOTLINE_DATABASE_URL=servers.database_url,
        HOTLINE_REDIS_URL=servers.redis_url,
    )

    assert result.exit_code == 0, result.output


def test_unusable_settings_stop_a_command_with_every_problem() -> None:
    result = run("serve", HOTLINE_SIP__ADDRESS="nowhere", HOTLINE_TELEPATHY="on")

    assert result.exit_code == 2
    assert "HOTLINE_SIP__ADDRESS: 'nowhere' is not HOST:PORT" in result.output
    assert "HOTLINE_TELEPATHY: no setting has this name" in result.output


def test_an_option_of_the_wrong_form_is_explained() -> None:
    result = run("serve", "--http", "8080")

    assert result.exit_code == 2
    assert "'8080' is not HOST:PORT, for example 127.0.0.1:8080" in result.output


def test_a_deadline_is_explained() -> None:
    result = run("explain", "deadline", "--start", "2026-02-14T16:30", "--limit", "4wh")

    assert result.exit_code == 0
    assert "2026-02-24" in result.output
    assert "10:30" in result.output


def test_stop_where_nothing_runs_says_so(tmp_path: Path) -> None:
    result = run("stop", "--data", str(tmp_path))

    assert (result.exit_code, result.output) == (0, f"{tmp_path}: nothing runs\n")


@pytest.fixture
def migrated(tmp_path: Path) -> Iterator[Path]:
    data = tmp_path / "data"
    assert run("migrate", "--data", str(data)).exit_code == 0
    yield data
    EmbeddedPostgres(data / "postgres").stop()
    EmbeddedValkey(data / "valkey").stop()


def test_users_are_made_listed_and_audited(migrated: Path) -> None:
    data = ("--data", str(migrated))
    runner = CliRunner()

    added = runner.invoke(
        main,
        ["user", "add", "lin", "--name", "林晓芳", "--role", "seat", "--password-stdin", *data],
        input="a long enough password\n",
    )
    changed = runner.invoke(
        main, ["user", "passwd", "lin", "--password-stdin", *data], input="another long password\n"
    )
    listed = runner.invoke(main, ["user", "list", *data])
    verified = runner.invoke(main, ["audit", "verify", *data])

    assert (added.exit_code, changed.exit_code) == (0, 0), added.output + changed.output
    assert listed.stdout.split() == ["lin", "林晓芳", "seat"]
    assert verified.stdout.startswith("The chain is whole: 2 rows, head 2:")

    erased = runner.invoke(main, ["audit", "erase", "1", "--reason", "个保法第四十七条", *data])
    nowhere = runner.invoke(main, ["audit", "erase", "99", "--reason", "个保法", *data])
    again = runner.invoke(main, ["audit", "verify", *data])

    assert (erased.exit_code, nowhere.exit_code) == (0, 1), erased.output + nowhere.output
    assert again.stdout.startswith("The chain is whole: 3 rows, head 3:")


def test_a_broken_audit_chain_ends_with_1_and_names_the_row(migrated: Path) -> None:
    data = ("--data", str(migrated))
    runner = CliRunner()
    for login in ("one", "two"):
        runner.invoke(
            main,
            ["user", "add", login, "--name", login, "--role", "seat", "--password-stdin", *data],
            input="a long enough password\n",
        )
    head = runner.invoke(main, ["audit", "verify", *data]).stdout.split()[-1]

    forged = runner.invoke(main, ["audit", "verify", "--head", f"2:{'0' * 64}", *data])
    whole = runner.invoke(main, ["audit", "verify", "--head", head, *data])

    assert forged.exit_code == 1
    assert "row 2: the row noted as head earlier is not in the chain" in forged.stdout
    assert whole.exit_code == 0


@pytest.mark.parametrize("command", [["web"], ["audit", "verify"]])
def test_a_database_without_our_schema_is_told_what_to_do(
    tmp_path: Path, command: list[str]
) -> None:
    data = tmp_path / "empty"
    try:
        result = run(*command, "--data", str(data))
    finally:
        EmbeddedPostgres(data / "postgres").stop()
        EmbeddedValkey(data / "valkey").stop()

    assert result.exit_code == 1
    assert "the database is at revision none" in result.output
    assert "run `hotline migrate`" in result.output


def test_a_user_that_does_not_exist_gets_no_password(migrated: Path) -> None:
    result = CliRunner().invoke(
        main,
        ["user", "passwd", "nobody", "--password-stdin", "--data", str(migrated)],
        input="a long enough password\n",
    )

    assert result.exit_code == 1
    assert "hotline: user nobody does not exist" in result.output


def test_every_command_explains_itself() -> None:
    listed = run("--help").output

    for name in COMMANDS:
        assert f"  {name} " in listed
        assert run(name, "--help").exit_code == 0


def test_asking_whether_all_is_alive_loads_nothing_of_the_house() -> None:
    """A container is asked every few seconds, and a machine has several of them."""
    script = "import sys, config.cli.alive as one; print(*sorted(sys.modules))"

    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    loaded = set(done.stdout.split())
    assert "config.probing" in loaded
    assert not loaded & {"config.settings", "sqlalchemy", "aiohttp", "pydantic"}


@pytest.mark.parametrize("place", [None, "elsewhere"])
def test_the_folder_is_the_one_that_the_settings_mean(
    place: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if place:
        monkeypatch.setenv("HOTLINE_DATA", place)

    assert data_folder(None) == load_settings({}).data
    assert data_folder(Path("chosen")) == load_settings({"data": Path("chosen")}).data


def test_a_wrong_setting_does_not_keep_anybody_from_stopping(tmp_path: Path) -> None:
    result = run("stop", "--data", str(tmp_path), HOTLINE_SIP__ADDRESS="nowhere")

    assert result.exit_code == 0
    assert "nothing runs" in result.output


def test_a_place_that_is_no_folder_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    result = run("serve", "--data", str(tmp_path / "file" / "data"))

    assert result.exit_code == 1
    assert "file/data/run: Not a directory: choose another --data" in result.output


def test_a_full_disk_is_told_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(ProcessIdentity, "write", refuse)

    result = run("serve", "--data", str(tmp_path))

    assert result.exit_code == 1
    assert result.output == (
        "hotline: No space left on device: make room on the disk of the data folder, "
        "then begin again\n"
    )


def test_a_clock_that_is_wrong_is_found_before_deadlines_are(
    tmp_path: Path, free_ports: list[str], servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine whose clock has lost its time disagrees with the database and with the past."""
    asyncio.run(_be_alive(servers.database_url))
    monkeypatch.setattr(checking, "system_clock", lambda: system_clock() - timedelta(days=1))

    result = check(
        tmp_path / "data",
        free_ports,
        HOTLINE_DATABASE_URL=servers.database_url,
        HOTLINE_REDIS_URL=servers.redis_url,
    )

    assert result.exit_code == 1
    assert "clock: this machine and the database's differ by 864" in result.output
    assert "but the house was alive at" in result.output


async def _be_alive(database_url: str) -> None:
    now = system_clock()
    told = SignOfLife(
        role="web", host="a", pid=1, version="1", started_at=now, disk_free=1, disk_total=1
    )
    database = Database.connect(database_url, clock=system_clock)
    async with database.begin() as uow:
        await say_alive(uow, new_id(), told, now=now)
    await database.close()
