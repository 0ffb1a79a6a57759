"""Settings choose who carries the sound, and `hotline check` asks it."""

import asyncio
from pathlib import Path

import pytest

from channels.voice.media.embedded import EmbeddedMediaEngine
from channels.voice.rtpengine.engine import RtpengineMediaEngine
from config.media import media_engine, media_problems
from config.setting_errors import SettingsError
from config.settings import load_settings
from hotline.kernel.clock import system_clock
from tests.fakes.media_host import media_host

NOBODY = "127.0.0.1:9"


def choose(monkeypatch: pytest.MonkeyPatch, **media: str) -> None:
    for name, value in media.items():
        monkeypatch.setenv(f"HOTLINE_MEDIA__{name.upper()}", value)


def test_without_a_setting_the_voice_process_carries_the_sound(tmp_path: Path) -> None:
    settings = load_settings({"data": tmp_path})

    assert isinstance(media_engine(settings, system_clock), EmbeddedMediaEngine)
    assert list(media_problems(settings)) == []


def test_rtpengine_needs_hosts_and_sides_come_in_pairs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose(monkeypatch, engine="rtpengine")
    with pytest.raises(SettingsError, match="needs hosts"):
        load_settings({"data": tmp_path})
    choose(monkeypatch, hosts=NOBODY, sides="public")
    with pytest.raises(SettingsError, match="two names"):
        load_settings({"data": tmp_path})


async def test_the_check_asks_each_host_and_looks_at_the_spool(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with media_host(tmp_path / "host") as host:
        address = f"{host.address[0]}:{host.address[1]}"
        choose(monkeypatch, engine="rtpengine", hosts=f"{address}, {NOBODY}")
        choose(monkeypatch, http_port=str(host.http[1]))
        settings = load_settings({"data": tmp_path})
        chosen = media_engine(settings, system_clock)
        without_spool = await asyncio.to_thread(lambda: list(media_problems(settings)))
        choose(monkeypatch, hosts=address, spool=str(host.spool), http_port="9")
        settings = load_settings({"data": tmp_path})
        without_http = await asyncio.to_thread(lambda: list(media_problems(settings)))
        choose(monkeypatch, http_port=str(host.http[1]))
        settings = load_settings({"data": tmp_path})
        whole = await asyncio.to_thread(lambda: list(media_problems(settings)))
        choose(monkeypatch, spool=str(tmp_path))
        settings = load_settings({"data": tmp_path})
        elsewhere = await asyncio.to_thread(lambda: list(media_problems(settings)))

    assert isinstance(chosen, RtpengineMediaEngine)
    assert len(without_spool) == 2
    assert without_spool[0].startswith(f"HOTLINE_MEDIA__HOSTS: {NOBODY}: nobody answers")
    assert "HOTLINE_MEDIA__SPOOL" in without_spool[1]
    assert "listen-http" in without_http[0]
    assert whole == []
    assert "no recording-dir" in elsewhere[0]
