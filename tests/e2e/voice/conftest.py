"""A whole house for talks: a voice process, the pages, Chromium as seats, scripted citizens."""

import asyncio
import os
import wave
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from aiohttp import web
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, async_playwright

from channels.voice.tones import write_tone
from hotline.accounts import service as accounts
from hotline.accounts.roles import Role
from hotline.kernel.clock import system_clock
from hotline.kernel.db import Database
from hotline.queues.values import QueuePolicy
from hotline.web.app import make_app
from hotline.web.desk.handlers import desk_part
from hotline.web.desk.options import DeskOptions
from hotline.web.keys import WebOptions
from hotline.web.pages import OWN_STATIC
from hotline.web.recordings.handlers import recordings_part
from hotline.web.recordings.options import RecordingsOptions
from tests.fakes.memory_signals import MemorySignals
from tests.fakes.web_house import CODES, PASSWORD, PEOPLE, SECRET, MemoryDoorbell
from tests.integration.channels.voice.hall import Hall, eventually, open_hall, voice_options

CHROMIUM = Path("/usr/bin/chromium")
CITIZEN_HZ, SEAT_HZ, SUPERVISOR_HZ = 440.0, 880.0, 1500.0
LIMIT = 30_000
TOPICS = ("orders", "phone", "free", "offer")

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--allow-loopback-in-peer-connection",
]

# A pure tone is what noise suppression is made to remove; the path is what is tested here.
RAW_MICROPHONE = """
const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = () => open({audio: {
  echoCancellation: false, noiseSuppression: false, autoGainControl: false}});
"""

# The share of the energy near a frequency in what the page hears, over some frames.
EAR = """
async ([where, hertz]) => {
  const path = eval(where);
  if (!path?.heard) return 0;
  window.ears ??= new AudioContext();
  await window.ears.resume();
  const analyser = new AnalyserNode(window.ears, {fftSize: 8192, smoothingTimeConstant: 0});
  window.ears.createMediaStreamSource(path.heard).connect(analyser);
  await new Promise((resolve) => setTimeout(resolve, 400));
  const decibels = new Float32Array(analyser.frequencyBinCount);
  analyser.getFloatFrequencyData(decibels);
  const width = window.ears.sampleRate / analyser.fftSize;
  const energy = [...decibels].map((d) => (d < -80 ? 0 : 10 ** (d / 10)));
  const total = energy.reduce((a, b) => a + b, 0);
  const near = energy.filter((_, i) => Math.abs(i * width - hertz) < 40).reduce((a, b) => a + b, 0);
  return total > 0 ? near / total : 0;
}
"""

SEAT_PATH = "document.querySelector('phone-panel').phone.path"
BOARD_PATH = "document.querySelector('supervise-panel').path"


def browser_tone(path: Path, hertz: float) -> Path:
    """A WAV file for Chromium's fake microphone, at the rate that it works with."""
    at = np.arange(48_000 * 4) / 48_000
    samples = (0.4 * 32_767 * np.sin(2 * np.pi * hertz * at)).astype("<i2")
    with wave.open(str(path), "wb") as sound:
        sound.setparams((1, 2, 48_000, 0, "NONE", ""))
        sound.writeframes(samples.tobytes())
    return path


@dataclass
class Person:
    """Somebody before a page."""

    page: Page
    ear: str = SEAT_PATH

    async def hears(self, hertz: float, *, share: float = 0.6) -> None:
        """Wait until most of what the page hears is a tone."""

        async def heard() -> bool:
            return bool(await self.page.evaluate(EAR, [self.ear, hertz]) > share)

        await eventually(heard, f"the page hears {hertz:g} Hz")

    async def share_of(self, hertz: float) -> float:
        """The part of what the page hears at this moment that is a tone."""
        return float(await self.page.evaluate(EAR, [self.ear, hertz]))

    async def picture(self, name: str) -> None:
        """Keep what it looks like, where HOTLINE_PICTURES names a folder."""
        if folder := os.environ.get("HOTLINE_PICTURES"):
            await self.page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


@dataclass
class TalkHouse:
    """Pages, voice process and browsers over one database."""

    hall: Hall
    database: Database
    address: str
    folder: Path
    browsers: "Browsers"

    @property
    def pictures(self) -> Path | None:
        """Where pictures of the pages are kept."""
        folder = os.environ.get("HOTLINE_PICTURES")
        return Path(folder) if folder else None

    async def finds_nothing_wrong(self, page: Page) -> None:
        """Axe judges the page (WCAG AA)."""
        found = await Axe().run(page)
        assert found.violations_count == 0, found.generate_report()

    async def account(self, login: str, role: Role, *, extension: str | None = None) -> None:
        seat_id = await self.hall.put_seat(extension) if extension else None
        async with self.database.begin() as uow:
            await accounts.create_user(
                uow,
                login=login,
                password=PASSWORD,
                display_name=f"测试{login}",
                roles=(role,),
                seat_id=seat_id,
                actor="test",
                now=system_clock(),
            )

    async def open(self, login: str, hertz: float, path: str) -> Person:
        """A person who has signed in, in a browser of their own, with a tone for a voice."""
        browser = await self.browsers.open(browser_tone(self.folder / f"{login}.wav", hertz))
        page = await browser.new_page(
            base_url=self.address, locale="zh-CN", viewport={"width": 1366, "height": 900}
        )
        page.set_default_timeout(LIMIT)
        await page.add_init_script(RAW_MICROPHONE)
        await page.goto("/login")
        await page.fill("#login", login)
        await page.fill("#password", PASSWORD)
        await page.keyboard.press("Enter")
        await page.wait_for_selector("form[action='/logout']")
        await page.goto(path)
        return Person(page)

    async def seat(self, login: str = "wang", extension: str = "801") -> Person:
        """A seat that has signed in, whose page is its telephone."""
        await self.account(login, Role.SEAT, extension=extension)
        person = await self.open(login, SEAT_HZ, "/desk")
        page = person.page
        await page.wait_for_selector("#seat-state:text('签出')")
        await page.keyboard.press("Alt+3")
        await page.wait_for_selector("#seat-state:text('空闲')")
        await page.check("input[name=phone][value=page]")
        await page.wait_for_selector("#phone-sound")
        return person

    async def supervisor(self, login: str = "luo") -> Person:
        """A shift leader before the board."""
        await self.account(login, Role.SHIFT_LEADER)
        person = await self.open(login, SUPERVISOR_HZ, "/board")
        person.ear = BOARD_PATH
        return person


class Browsers:
    """Chromium processes; each has its own microphone."""

    def __init__(self, playwright: object) -> None:
        self._playwright = playwright
        self._open: list[Browser] = []

    async def open(self, microphone: Path) -> Browser:
        browser = await self._playwright.chromium.launch(  # type: ignore[attr-defined]
            executable_path=CHROMIUM,
            args=[*ARGUMENTS, f"--use-file-for-fake-audio-capture={microphone}"],
        )
        self._open.append(browser)
        return browser

    async def close(self) -> None:
        for browser in self._open:
            await browser.close()


@asynccontextmanager
async def _relayed(signals: MemorySignals, hall: Hall) -> AsyncGenerator[None, None]:
    async def relay() -> None:
        async with signals.subscribe(*TOPICS) as news:
            async for signal in news:
                hall.voice.wake(signal.topic)

    task = asyncio.create_task(relay())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


PATIENT = QueuePolicy(offer_limit=timedelta(seconds=60))
"""A page rings until it is answered, however slow the machine is."""


@pytest.fixture
async def house(
    request: pytest.FixtureRequest, database_url: str, tmp_path: Path
) -> AsyncGenerator[TalkHouse, None]:
    """The house, open for calls and pages; the time is the real one.

    A parameter says for how long a lost page is waited for.
    """
    if not CHROMIUM.exists():
        tell = pytest.fail if os.environ.get("CI") else pytest.skip
        tell("the Debian package chromium is missing")
    if not (OWN_STATIC / "built" / "desk.js").exists():
        pytest.fail("the pages are not built: make pages")
    signals = MemorySignals()
    database = Database.connect(database_url, clock=system_clock, doorbell=MemoryDoorbell(signals))
    page_returns = getattr(request, "param", timedelta(seconds=30))
    limits = replace(voice_options(tmp_path).limits, page_returns=page_returns)
    async with (
        open_hall(database, tmp_path, limits=limits, queue_policy=PATIENT) as hall,
        _relayed(signals, hall),
    ):
        app = make_app(
            database,
            (
                desk_part(DeskOptions(query_codes=CODES, people=PEOPLE)),
                recordings_part(RecordingsOptions(hall.options.recordings)),
            ),
            WebOptions(SECRET),
            clock=system_clock,
            signals=signals,
        )
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        async with async_playwright() as playwright:
            browsers = Browsers(playwright)
            try:
                yield TalkHouse(hall, database, f"http://{host}:{port}", tmp_path, browsers)
            finally:
                await browsers.close()
        await runner.cleanup()
    await database.close()


@pytest.fixture
def citizen_voice(tmp_path: Path) -> Path:
    return write_tone(tmp_path / "citizen-voice.wav", CITIZEN_HZ, seconds=2)
