"""The bundled servers: started, adopted, replaced, side by side, as root and as somebody else."""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from redis import Redis

from config.detached import EmbeddedError
from config.embedded import POSTGRES_BIN, EmbeddedPostgres, EmbeddedServer, EmbeddedValkey
from config.processes import ProcessIdentity, wait_for_end

Make = Callable[..., EmbeddedServer]


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(tmp_path / "postgres")
    yield server
    server.stop()


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[EmbeddedValkey]:
    server = EmbeddedValkey(tmp_path / "valkey")
    yield server
    server.stop()


@pytest.fixture(params=[EmbeddedPostgres, EmbeddedValkey])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[EmbeddedServer]:
    server = request.param(tmp_path / "server")
    yield server
    server.stop()


def sql(server: EmbeddedPostgres, statement: str) -> str:
    done = subprocess.run(
        [
            POSTGRES_BIN / "psql",
            "-h",
            server.sockets,
            "-U",
            "hotline",
            "-Atqc",
            statement,
            "hotline",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def kill(process: ProcessIdentity | None) -> None:
    assert process is not None
    process.send(signal.SIGKILL)
    assert wait_for_end([process], 10) == []


def start_in_another_process(server: EmbeddedServer, *, then: str) -> subprocess.Popen[str]:
    script = f"""
        import sys, time
        from pathlib import Path
        from config.embedded import {type(server).__name__}
        from config.logging import configure_logging
        from config.settings import LogSettings
        configure_logging(LogSettings(), role="test")
        {type(server).__name__}(Path(sys.argv[1])).start()
        print("started", flush=True)
        {then}
    """
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script), str(server.directory)],
        stdout=subprocess.PIPE,
        text=True,
    )


def test_nothing_about_durability_is_relaxed(postgres: EmbeddedPostgres) -> None:
    postgres.start()

    shown = sql(
        postgres,
        "SELECT current_setting('fsync'), current_setting('synchronous_commit'),"
        " current_setting('full_page_writes'), current_setting('data_checksums')",
    )

    assert shown == "on|on|on|on"


def test_the_database_is_utf8_and_listens_on_no_network(postgres: EmbeddedPostgres) -> None:
    postgres.start()

    assert sql(postgres, "SHOW server_encoding") == "UTF8"
    assert sql(postgres, "SHOW listen_addresses") == ""
    assert sql(postgres, "SELECT upper('市民 ä')") == "市民 Ä"


def test_a_second_start_makes_nothing_anew_and_finds_the_data(postgres: EmbeddedPostgres) -> None:
    postgres.start()
    made = (postgres.directory / "PG_VERSION").stat().st_mtime_ns
    sql(postgres, "CREATE TABLE kept AS SELECT 12319 AS number")
    postgres.stop()

    postgres.start()

    assert (postgres.directory / "PG_VERSION").stat().st_mtime_ns == made
    assert sql(postgres, "SELECT number FROM kept") == "12319"


def test_start_adopts_the_server_that_runs(server: EmbeddedServer) -> None:
    first = server.start()
    leader = server.leader()

    second = type(server)(server.directory).start()

    assert second == first
    assert leader is not None
    assert server.leader() == leader


def test_the_server_outlives_a_killed_owner_and_is_adopted(server: EmbeddedServer) -> None:
    with start_in_another_process(server, then="time.sleep(60)") as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == "started\n"
        owner.kill()
    leader = server.leader()

    server.start()

    assert leader is not None
    assert server.leader() == leader
    assert server.is_ready()


def test_two_owners_that_start_at_once_share_one_server(server: EmbeddedServer) -> None:
    with (
        start_in_another_process(server, then="") as one,
        start_in_another_process(server, then="") as other,
    ):
        said = [one.communicate(timeout=60)[0], other.communicate(timeout=60)[0]]

    assert said == ["started\n", "started\n"]
    assert server.is_ready()


def test_a_killed_server_is_replaced_and_what_was_committed_is_there(
    postgres: EmbeddedPostgres,
) -> None:
    postgres.start()
    sql(postgres, "CREATE TABLE kept AS SELECT 12345 AS number")
    kill(postgres.leader())

    postgres.start()

    assert sql(postgres, "SELECT number FROM kept") == "12345"


def test_a_killed_valkey_is_replaced(valkey: EmbeddedValkey) -> None:
    valkey.start()
    kill(valkey.leader())
    assert valkey.socket_path.exists()

    with Redis.from_url(valkey.start()) as client:
        assert client.ping()


def test_a_stale_pid_file_with_a_recycled_pid_stops_nobody(postgres: EmbeddedPostgres) -> None:
    postgres.start()
    kill(postgres.leader())
    lines = postgres.control_file.read_text().splitlines(keepends=True)
    stranger = subprocess.Popen(["sleep", "60"], **as_owner_of(postgres.directory))
    postgres.control_file.write_text("".join([f"{stranger.pid}\n", *lines[1:]]))

    try:
        postgres.start()
        postgres.stop()
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def as_owner_of(directory: Path) -> dict[str, int]:
    owner = directory.stat().st_uid
    return {} if owner == os.geteuid() else {"user": owner}


def test_a_torn_first_start_leaves_nothing_behind(postgres: EmbeddedPostgres) -> None:
    torn = postgres.directory.parent / "postgres.new-4711"
    torn.mkdir()
    (torn / "PG_VERSION").write_text("18\n")

    postgres.start()

    assert not torn.exists()
    assert sql(postgres, "SELECT 1") == "1"


def test_two_instances_run_side_by_side(tmp_path: Path) -> None:
    one, other = EmbeddedPostgres(tmp_path / "one"), EmbeddedPostgres(tmp_path / "other")
    try:
        one.start()
        other.start()
        sql(one, "CREATE TABLE mine (id int)")

        assert sql(other, "SELECT to_regclass('mine') IS NULL") == "t"
        assert one.stop()
        assert other.is_ready()
    finally:
        one.stop()
        other.stop()


@pytest.mark.parametrize("kind", [EmbeddedPostgres, EmbeddedValkey])
def test_a_path_that_is_too_long_for_a_socket_works(
    tmp_path: Path, kind: type[EmbeddedServer]
) -> None:
    server = kind(tmp_path / ("very-" * 24 + "long") / "a data folder with blanks")
    try:
        server.start()

        assert len(str(server.directory)) > 107
        assert server.is_ready()
    finally:
        server.stop()
    assert not server.sockets.exists()


def test_a_stranger_cannot_take_the_place_of_the_sockets(tmp_path: Path) -> None:
    server = EmbeddedValkey(tmp_path / ("very-" * 24 + "long"))
    server.sockets.mkdir(mode=0o777)
    server.sockets.chmod(0o777)
    try:
        with pytest.raises(EmbeddedError, match="belongs to somebody else"):
            server.start()
    finally:
        server.sockets.rmdir()
        server.stop()


def test_stop_says_whether_there_was_a_server(server: EmbeddedServer) -> None:
    assert not server.stop()
    server.start()

    assert server.stop()

    assert server.leader() is None
    assert server.followers() == []
    assert not server.stop()


def test_another_major_version_is_refused_with_what_to_do(postgres: EmbeddedPostgres) -> None:
    postgres.directory.mkdir()
    (postgres.directory / "PG_VERSION").write_text("15\n")

    with pytest.raises(EmbeddedError, match=r"made by PostgreSQL 15.*hotline backup make"):
        postgres.start()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
class TestAsRootAndAsSomebodyElse:
    @pytest.fixture
    def folder(self) -> Iterator[Path]:
        # Not tmp_path: pytest's own folder above it is closed to other users.
        folder = Path(tempfile.mkdtemp(prefix="hotline-test-"))
        folder.chmod(0o755)
        yield folder
        shutil.rmtree(folder)

    @staticmethod
    def as_nobody(act: Callable[[], object]) -> str:
        """Do `act` in a fork that has become `nobody`; return what it raised, or nothing."""
        nobody = pwd.getpwnam("nobody")
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                os.setgroups([])
                os.setgid(nobody.pw_gid)
                os.setuid(nobody.pw_uid)
                act()
            except BaseException as error:
                os.write(writer, f"{type(error).__name__}: {error}".encode())
            os._exit(0)
        os.close(writer)
        with os.fdopen(reader) as pipe:
            said = pipe.read()
        os.waitpid(child, 0)
        return said

    def test_an_ordinary_user_runs_the_server_as_itself(self, folder: Path) -> None:
        nobody = pwd.getpwnam("nobody").pw_uid
        os.chown(folder, nobody, -1)
        server = EmbeddedPostgres(folder / "postgres")

        assert self.as_nobody(server.start) == ""

        leader = server.leader()
        assert leader is not None
        assert Path(f"/proc/{leader.pid}").stat().st_uid == nobody
        assert self.as_nobody(server.stop) == ""

    def test_root_runs_the_server_as_the_owner_of_its_data(self, folder: Path) -> None:
        nobody = pwd.getpwnam("nobody").pw_uid
        os.chown(folder, nobody, -1)
        server = EmbeddedPostgres(folder / "postgres")
        self.as_nobody(lambda: (server.start(), server.stop()))

        server.start()

        leader = server.leader()
        assert leader is not None
        assert Path(f"/proc/{leader.pid}").stat().st_uid == nobody
        assert server.stop()

    def test_root_s_data_is_refused_to_others_with_what_to_do(self, folder: Path) -> None:
        server = EmbeddedPostgres(folder / "postgres")
        server.start()
        server.stop()

        said = self.as_nobody(server.start)

        assert said.startswith("EmbeddedError: ")
        assert "belongs to another user" in said
        assert "choose another --data" in said
