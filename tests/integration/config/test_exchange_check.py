"""`hotline check` asks the other houses; settings name and choose them (R92, R93)."""

import asyncio
import base64
from datetime import timedelta

import aiohttp
import pytest

from case_bridge.platforms.http import HttpPlatform
from case_bridge.platforms.local import LocalPlatform
from case_bridge.signing import KeyRing
from config.exchange_checks import exchange_problems
from config.exchange_wiring import case_platform, exchange_options, maker_options
from config.setting_errors import SettingsError
from config.settings import Settings, load_settings
from hotline.kernel.clock import system_clock
from hotline.kernel.db import Database
from tests.fakes.other_maker import serve_other_maker

KEY = "k1:hmac:" + base64.b64encode(b"what hotline and maker share, 32+").decode()


def with_maker(monkeypatch: pytest.MonkeyPatch, url: str, key: str = KEY) -> Settings:
    monkeypatch.setenv("HOTLINE_CASE_PLATFORM__URL", url)
    monkeypatch.setenv("HOTLINE_CASE_PLATFORM__KEY", key)
    return load_settings()


async def problems(settings: Settings) -> list[str]:
    return await asyncio.to_thread(lambda: list(exchange_problems(settings)))


async def test_the_setting_chooses_the_case_system(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R92: without the setting ours, with it the other maker's."""
    async with aiohttp.ClientSession() as http:
        ours = case_platform(load_settings(), database, http, system_clock)
        settings = with_maker(monkeypatch, "http://127.0.0.1:9/api")
        theirs = case_platform(settings, database, http, system_clock)

    assert isinstance(ours, LocalPlatform)
    assert isinstance(theirs, HttpPlatform)
    assert maker_options(load_settings()) is not None


async def test_a_maker_that_answers_is_no_problem_one_that_does_not_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """R92: the check asks as the platform does, with the key."""
    async with serve_other_maker(KeyRing.of(KEY), system_clock) as maker:
        assert await problems(with_maker(monkeypatch, maker.url)) == []
        other = "k1:hmac:" + base64.b64encode(b"q" * 32).decode()
        (wrong,) = await problems(with_maker(monkeypatch, maker.url, other))
        url = maker.url
    (gone,) = await problems(with_maker(monkeypatch, url))

    assert wrong.startswith("HOTLINE_CASE_PLATFORM__URL: ")
    assert gone.startswith("HOTLINE_CASE_PLATFORM__URL: ")


async def test_a_peer_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """R93: each superior or subordinate platform by its name."""
    monkeypatch.setenv("HOTLINE_EXCHANGE__NAME", "city")
    for name, value in {
        "URL": "http://127.0.0.1:9",
        "ROLE": "subordinate",
        "KEY": KEY,
        "UNIT": "east",
        "CHECKS": "true",
        "TIMEOUT": "PT2S",
    }.items():
        monkeypatch.setenv(f"HOTLINE_PEERS__EAST__{name}", value)
    settings = load_settings()

    options = exchange_options(settings)
    peer = options.peer("east")
    assert (options.name, peer.unit_code, peer.checks) == ("city", "east", True)
    assert peer.timeout == timedelta(seconds=2)
    (problem,) = await problems(settings)
    assert problem.startswith("HOTLINE_PEERS__EAST__URL: east")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("URL", "ftp://127.0.0.1"),
        ("KEY", "k1:hmac:c2hvcnQ="),
        ("ACCEPTS", "k2:rot13:AAAA"),
        ("NAME", "local"),
    ],
)
def test_what_cannot_be_used_is_told_before_anything_starts(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """R92: the variable and what to write instead."""
    monkeypatch.setenv("HOTLINE_CASE_PLATFORM__URL", "http://127.0.0.1:9/api")
    monkeypatch.setenv("HOTLINE_CASE_PLATFORM__KEY", KEY)
    monkeypatch.setenv(f"HOTLINE_CASE_PLATFORM__{name}", value)

    with pytest.raises(SettingsError) as told:
        load_settings()
    assert any("HOTLINE_CASE_PLATFORM" in problem for problem in told.value.problems)
    assert KEY not in str(told.value)
