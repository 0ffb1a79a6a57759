"""What docker-compose.yml and the Dockerfile name is there: files, commands, settings, ports."""

import re
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from config.addresses import Address
from config.cli import COMMANDS
from config.settings import Settings, load_settings

ROOT = Path(__file__).parents[3]
TELEPHONY = ROOT / "config" / "data" / "telephony"
ENVIRONMENT = {"POSTGRES_PASSWORD": "secret", "HOTLINE_SIP__PUBLIC_HOST": "192.0.2.1"}
"""What the file .env must say."""

VARIABLE = re.compile(r"\$\{(\w+)(?::[-?]([^}]*))?\}")
OF_HOUSE = ("web", "voice", "mail", "worker", "sweeper", "migrate", "voice-1", "voice-2")
NODES = ("voice-1", "voice-2")


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    filled = VARIABLE.sub(lambda found: ENVIRONMENT.get(found[1], found[2] or ""), text)
    found: dict[str, dict[str, Any]] = yaml.safe_load(filled)["services"]
    return found


@pytest.fixture(scope="module")
def dockerfile() -> str:
    return (ROOT / "Dockerfile").read_text(encoding="utf-8")


def settings_of(service: Mapping[str, Any], monkeypatch: pytest.MonkeyPatch) -> Settings:
    with monkeypatch.context() as patch:
        for name, value in service["environment"].items():
            patch.setenv(name, str(value))
        return load_settings({"data": "/var/lib/hotline/data"})


def options_of(name: str) -> dict[str, str]:
    """Return `key = value` of an rtpengine configuration."""
    lines = (TELEPHONY / name).read_text(encoding="utf-8").splitlines()
    pairs = (line.partition("=") for line in lines if "=" in line and not line.startswith("#"))
    return {key.strip(): value.strip() for key, _, value in pairs}


def test_a_service_of_the_house_is_a_command_of_the_program(
    services: dict[str, dict[str, Any]],
) -> None:
    ours = {name: each for name, each in services.items() if each.get("image") == "hotline:local"}

    assert set(ours) == set(OF_HOUSE)
    assert {each["command"][0] for each in ours.values()} <= set(COMMANDS)


@pytest.mark.parametrize("name", OF_HOUSE)
def test_every_variable_of_a_service_is_a_setting_and_its_value_is_taken(
    services: dict[str, dict[str, Any]], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_of(services[name], monkeypatch)

    assert settings.log.format == "json"


def test_an_image_is_built_once_and_never_asked_of_a_registry(
    services: dict[str, dict[str, Any]],
) -> None:
    for image in ("hotline:local", "hotline-telephony:local"):
        users = [each for each in services.values() if each["image"] == image]
        assert sum("build" in each for each in users) == 1
        assert {each["pull_policy"] for each in users if "build" not in each} == {"never"}


def test_what_is_written_in_memory_belongs_to_the_user_of_the_image(
    services: dict[str, dict[str, Any]], dockerfile: str
) -> None:
    """A folder in memory is root's unless its owner is named, and no process of ours is root."""
    users = set(re.findall(r"useradd --system --uid (\d+)", dockerfile))
    ours = [place for each in services.values() for place in each.get("tmpfs", ()) if ":" in place]

    assert users == {"990"}
    assert {place.partition(":")[2] for place in ours} == {"uid=990,gid=990"}
    assert {place.partition(":")[0] for place in ours} == {
        "/run/hotline",
        "/var/lib/hotline/data/run",
    }


def test_the_passwords_of_the_host_stay_out_of_the_image() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()

    assert {".env", "var", ".git"} <= set(ignored)


def test_the_proxy_hands_calls_to_the_voice_processes_that_there_are(
    services: dict[str, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (TELEPHONY / "dispatcher.list").read_text(encoding="utf-8")
    told = set(re.findall(r"^1 sip:(\S+) ", text, re.MULTILINE))
    nodes = [settings_of(services[name], monkeypatch) for name in NODES]

    assert {str(node.sip.address) for node in nodes} == told
    assert [node.sip.name for node in nodes] == list(NODES)
    assert {str(node.trunk.address) for node in nodes if node.trunk} == {"192.0.2.1:5060"}
    assert f"udp:{nodes[0].trunk.address}" in services["kamailio"]["command"]  # type: ignore[union-attr]


def test_the_nodes_ask_the_media_host_that_there_is_and_read_its_captures(
    services: dict[str, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    told = options_of("rtpengine.conf")
    for name in NODES:
        media = settings_of(services[name], monkeypatch).media
        assert media.engine == "rtpengine"
        assert media.hosts == (Address.parse(told["listen-tcp-ng"]),)
        assert Address.parse(told["listen-http"]).port == media.http_port
        assert str(media.spool) == told["recording-dir"]
        assert f"spool:{media.spool}" in services[name]["volumes"]
    assert f"spool:{told['recording-dir']}" in services["rtpengine"]["volumes"]


def test_no_two_on_one_host_take_the_same_port(
    services: dict[str, dict[str, Any]], monkeypatch: pytest.MonkeyPatch, dockerfile: str
) -> None:
    told = options_of("rtpengine.conf")
    nodes = [settings_of(services[name], monkeypatch) for name in NODES]
    ranges = sorted((node.rtp.ports.first, node.rtp.ports.last) for node in nodes)
    ranges.append((int(told["port-min"]), int(told["port-max"])))
    exposed = re.search(r"(\d+)-(\d+)/udp", dockerfile)

    assert all(one[1] < other[0] for one, other in pairwise(ranges))
    assert exposed is not None
    assert int(exposed[1]) <= ranges[0][0] <= ranges[-2][1] <= int(exposed[2])
    # Sound of pages and of encrypted telephones: the address that telephones reach.
    assert {node.rtp.host for node in nodes} == {"192.0.2.1"}


def test_the_files_of_the_telephony_image_are_ours(
    services: dict[str, dict[str, Any]], dockerfile: str
) -> None:
    assert f"COPY {TELEPHONY.relative_to(ROOT)} /etc/hotline" in dockerfile
    words = [*services["kamailio"]["command"], *services["rtpengine"]["command"]]
    named = {Path(word).name for word in re.findall(r"/etc/hotline/[\w./-]+", " ".join(words))}
    proxy = (TELEPHONY / "kamailio.cfg").read_text(encoding="utf-8")
    defines = {word.partition("=")[0] for word in words if re.match(r"[A-Z_]+=", word)}

    assert {"kamailio.cfg", "rtpengine.conf", "dispatcher.list", "address.list"} == named
    assert named <= {path.name for path in TELEPHONY.iterdir()}
    assert defines == {"DISPATCHER_LIST", "ADDRESS_LIST", "CONTROL_SOCKET"}
    for name in defines:
        assert f"#!ifndef {name}\n" in proxy


def test_what_the_image_copies_is_there_and_what_services_share_is_declared(
    services: dict[str, dict[str, Any]], dockerfile: str
) -> None:
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", dockerfile, re.MULTILINE)
    declared = yaml.safe_load(
        VARIABLE.sub("x", (ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    )["volumes"]
    volumes = [volume for each in services.values() for volume in each.get("volumes", ())]
    named = {volume.partition(":")[0] for volume in volumes if not volume.startswith((".", "/"))}
    waited = {name for each in services.values() for name in each.get("depends_on", ())}

    assert copied
    for word in " ".join(copied).split():
        assert (ROOT / word).exists(), word
    assert named == set(declared)
    assert waited <= set(services)
