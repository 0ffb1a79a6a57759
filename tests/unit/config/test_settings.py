"""Settings: read from the environment once, every problem told with its variable."""

from datetime import time, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from config.addresses import Address, PortRange
from config.setting_errors import SettingsError
from config.settings import Settings, load_settings, variables


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(variables()):
        monkeypatch.delenv(name, raising=False)


def test_without_any_variable_the_documented_defaults_hold() -> None:
    settings = load_settings()

    assert settings.data == Path("var")
    assert settings.http.address == Address("127.0.0.1", 8080)
    assert settings.sip.address == Address("127.0.0.1", 5060)
    assert settings.smtp.address == Address("127.0.0.1", 2525)
    assert settings.rtp.ports == PortRange(16384, 17383)
    assert settings.line.numbers == ("12319", "12345")
    assert settings.demo is False


def test_parts_that_are_not_configured_are_absent() -> None:
    settings = load_settings()

    assert (settings.trunk, settings.relay, settings.sms) == (None, None, None)
    assert (settings.database_url, settings.redis_url) == (None, None)


def test_nested_variables_reach_their_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTLINE_HTTP__ADDRESS", "0.0.0.0:80")
    monkeypatch.setenv("HOTLINE_LINE__NUMBERS", "12345, 12319 12329")
    monkeypatch.setenv("HOTLINE_CALLBACK__GAP", "PT90M")
    monkeypatch.setenv("HOTLINE_CALLBACK__HOURS", "08:30-12:00 14:00-00:00")
    monkeypatch.setenv("HOTLINE_TRUNK__ADDRESS", "192.0.2.7:5060")
    monkeypatch.setenv("HOTLINE_TRUNK__REGISTERS", "true")

    settings = load_settings()

    assert settings.http.address == Address("0.0.0.0", 80)
    assert settings.line.numbers == ("12345", "12319", "12329")
    assert settings.callback.gap == timedelta(minutes=90)
    assert settings.callback.hours == ((time(8, 30), time(12)), (time(14), time(0)))
    assert settings.trunk is not None
    assert settings.trunk.address == Address("192.0.2.7", 5060)
    assert settings.trunk.registers


def test_the_command_line_comes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTLINE_HTTP__ADDRESS", "0.0.0.0:80")
    monkeypatch.setenv("HOTLINE_HTTP__TRUSTED_PROXIES", "1")

    settings = load_settings({"http": {"address": Address("127.0.0.1", 8000)}})

    assert settings.http.address == Address("127.0.0.1", 8000)
    assert settings.http.trusted_proxies == 1


def test_every_problem_is_told_with_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTLINE_SIP__ADDRESS", "5060")
    monkeypatch.setenv("HOTLINE_DATABASE_URL", "mysql://localhost/hotline")
    monkeypatch.setenv("HOTLINE_CALLBACK__HOURS", "21:00-09:00")
    monkeypatch.setenv("HOTLINE_RELAY__PORT", "587")
    monkeypatch.setenv("HOTLINE_HTTP__ADRESS", "127.0.0.1:80")

    with pytest.raises(SettingsError) as raised:
        load_settings()

    assert sorted(raised.value.problems) == [
        "HOTLINE_CALLBACK__HOURS: 21:00-09:00 must end after it begins; "
        "00:00 at the end is midnight",
        "HOTLINE_DATABASE_URL: must be postgresql://USER:PASSWORD@HOST:PORT/DATABASE",
        "HOTLINE_HTTP__ADRESS: no setting has this name (did you mean HOTLINE_HTTP__ADDRESS?)",
        "HOTLINE_RELAY__HOST: Field required",
        "HOTLINE_SIP__ADDRESS: '5060' is not HOST:PORT, for example 127.0.0.1:8080",
    ]


def test_an_unknown_variable_of_ours_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTLINE_TELEPATHY", "on")

    with pytest.raises(SettingsError, match="HOTLINE_TELEPATHY: no setting has this name"):
        load_settings()


def test_variables_of_others_are_none_of_our_business(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTLINES_OF_OTHERS", "1")

    assert load_settings().demo is False


def test_a_json_text_for_a_whole_part_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTLINE_RELAY", '{"host": "mail.example.org", "security": "starttls"}')

    relay = load_settings().relay

    assert relay is not None
    assert (relay.host, relay.port, relay.security) == ("mail.example.org", 25, "starttls")


def test_a_broken_json_text_is_a_problem_of_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTLINE_RELAY", '{"host": ')

    with pytest.raises(SettingsError, match="HOTLINE_RELAY: "):
        load_settings()


@pytest.mark.parametrize(
    ("given", "used"),
    [
        (
            "postgresql://u:p@db.example.org/hotline",
            "postgresql+asyncpg://u:p@db.example.org/hotline",
        ),
        ("postgres://u@h/d?sslmode=require", "postgresql+asyncpg://u@h/d?ssl=require"),
        ("postgresql+asyncpg://u@h/d", "postgresql+asyncpg://u@h/d"),
    ],
)
def test_a_database_url_is_made_one_for_our_driver(
    monkeypatch: pytest.MonkeyPatch, given: str, used: str
) -> None:
    monkeypatch.setenv("HOTLINE_DATABASE_URL", given)

    url = load_settings().database_url

    assert url is not None
    assert url.get_secret_value() == used


def test_passwords_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTLINE_DATABASE_URL", "postgresql://u:hush@db/hotline")
    monkeypatch.setenv("HOTLINE_RELAY__HOST", "mail.example.org")
    monkeypatch.setenv("HOTLINE_RELAY__PASSWORD", "hush")

    assert "hush" not in repr(load_settings())


def test_a_wildcard_for_calls_needs_a_name_for_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTLINE_SIP__ADDRESS", "0.0.0.0:5060")
    with pytest.raises(SettingsError, match="public_host is needed"):
        load_settings()

    monkeypatch.setenv("HOTLINE_SIP__PUBLIC_HOST", "192.0.2.10")
    assert load_settings().sip.advertised_host == "192.0.2.10"


@pytest.mark.parametrize(
    ("public_url", "base_url", "https"),
    [
        (None, "http://127.0.0.1:8080", False),
        ("https://12345.example.org/", "https://12345.example.org", True),
    ],
)
def test_links_begin_with_what_citizens_can_reach(
    monkeypatch: pytest.MonkeyPatch, public_url: str | None, base_url: str, https: bool
) -> None:
    if public_url:
        monkeypatch.setenv("HOTLINE_HTTP__PUBLIC_URL", public_url)

    http = load_settings().http

    assert (http.base_url, http.https) == (base_url, https)


def test_settings_do_not_change_after_they_were_read() -> None:
    settings = load_settings()

    with pytest.raises(ValidationError):
        settings.demo = True  # type: ignore[misc]


def test_every_field_explains_itself_by_a_variable() -> None:
    names = set(variables())

    assert {f"HOTLINE_{name.upper()}" for name in Settings.model_fields} <= names
    assert "HOTLINE_SIP__MAX_CALLS" in names
    assert "HOTLINE_TRUNK__PASSWORD" in names


def test_several_web_processes_need_a_port_that_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTLINE_HTTP__PROCESSES", "2")
    monkeypatch.setenv("HOTLINE_HTTP__ADDRESS", "127.0.0.1:0")

    with pytest.raises(SettingsError, match="several processes share one port"):
        load_settings()

    monkeypatch.setenv("HOTLINE_HTTP__ADDRESS", "127.0.0.1:8080")
    assert load_settings().http.processes == 2
