"""Settings reach each part as the part's own options."""

from dataclasses import dataclass
from datetime import time, timedelta
from pathlib import Path

import pytest
from redis.asyncio import Redis

from channels.sms.gateway import SmsGateway
from channels.web.options import REPORTS
from config import wiring
from config.secrets import Secrets, open_secrets
from config.settings import Settings, load_settings, variables
from config.shared_limits import SharedLimit
from hotline.callbacks.hours import Window
from hotline.contacts.contact import Channel
from hotline.web.rates import InProcess
from ivr.flow import Flow


@dataclass(frozen=True)
class House:
    settings: Settings
    secrets: Secrets


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    for name in list(variables()):
        monkeypatch.delenv(name, raising=False)
    chosen = {
        "HOTLINE_HTTP__PUBLIC_URL": "https://12345.example.org/",
        "HOTLINE_HTTP__TRUSTED_PROXIES": "1",
        "HOTLINE_HTTP__METRICS_TOKEN": "figures",
        "HOTLINE_SIP__ADDRESS": "0.0.0.0:5060",
        "HOTLINE_SIP__PUBLIC_HOST": "192.0.2.10",
        "HOTLINE_SIP__MAX_CALLS": "30",
        "HOTLINE_RTP__PORTS": "20000-20099",
        "HOTLINE_LINE__NUMBERS": "12345",
        "HOTLINE_LINE__NIGHT": "20:00-08:00",
        "HOTLINE_LINE__AREA_CODE": "0312",
        "HOTLINE_TRUNK__ADDRESS": "192.0.2.20:5080",
        "HOTLINE_TRUNK__USERNAME": "city",
        "HOTLINE_TRUNK__PASSWORD": "hush",
        "HOTLINE_TRUNK__REGISTERS": "true",
        "HOTLINE_TRUNK__PEERS": "192.0.2.21 192.0.2.22",
        "HOTLINE_TRUNK__ALLOWED": r"1[3-9]\d{9}",
        "HOTLINE_SMTP__MAILBOX": "Hotline@city.example",
        "HOTLINE_RELAY__HOST": "relay.example.org",
        "HOTLINE_RELAY__SECURITY": "starttls",
        "HOTLINE_SMS__URL": "https://sms.example.org/send",
        "HOTLINE_SMS__SECRET": "shared",
        "HOTLINE_CALLBACK__HOURS": "09:00-12:00 14:00-00:00",
        "HOTLINE_CALLBACK__HOLIDAY_HOURS": "10:00-11:00",
        "HOTLINE_CALLBACK__PHONE_ATTEMPTS": "2",
        "HOTLINE_SEAT__OFFER_LIMIT": "PT15S",
        "HOTLINE_CALL__DRAIN": "PT10M",
        "HOTLINE_HTTP__ADMINISTRATORS_IDLE": "PT10M",
    }
    for name, value in chosen.items():
        monkeypatch.setenv(name, value)
    return House(load_settings({"data": tmp_path}), open_secrets(tmp_path))


def test_lines_trunk_and_limits_reach_the_voice_process(house: House) -> None:
    people = wiring.people_options(house.settings, house.secrets)
    flows: dict[str, Flow] = {}

    options = wiring.voice_options(
        house.settings,
        people,
        wiring.query_code_options(house.secrets),
        flows,
        Path("prompts"),
    )

    assert (options.host, options.port, options.public_host) == ("0.0.0.0", 5060, "192.0.2.10")
    assert options.max_calls == 30
    (line,) = options.lines
    assert (line.number, line.flow, line.night.begins) == ("12345", "main", time(20))
    (trunk,) = options.trunks
    assert (trunk.host, trunk.port, trunk.number) == ("192.0.2.20", 5080, "12345")
    assert trunk.registers
    assert trunk.credentials is not None
    assert trunk.peers == ("192.0.2.21", "192.0.2.22")
    assert options.outbound.allowed[0].fullmatch("13800001234")
    assert not options.outbound.allowed[0].fullmatch("0031201234567")
    assert options.queue_policy.offer_limit == timedelta(seconds=15)
    assert options.limits.drain == timedelta(minutes=10)
    assert options.recordings == house.settings.data / "recordings"


def test_media_is_told_its_ports_and_what_to_call_itself(house: House) -> None:
    options = wiring.media_options(house.settings)

    assert (options.first_port, options.last_port) == (20000, 20099)
    assert (options.host, options.sdp_host) == ("0.0.0.0", "192.0.2.10")


def test_media_may_have_an_address_of_its_own(house: House) -> None:
    rtp = house.settings.rtp.model_copy(update={"host": "192.0.2.77"})
    options = wiring.media_options(house.settings.model_copy(update={"rtp": rtp}))

    assert (options.host, options.sdp_host) == ("192.0.2.77", "192.0.2.77")


def test_pages_behind_tls_demand_it_of_their_cookies(house: House) -> None:
    options = wiring.web_options(house.settings, house.secrets, Redis.from_url("redis://nobody"))

    assert options.https
    assert (options.trusted_proxies, options.metrics_token) == (1, "figures")
    assert options.numbers == ("12345",)
    assert options.administrators_idle == timedelta(minutes=10)


def test_mail_is_taken_for_the_mailbox_alone(house: House) -> None:
    options = wiring.mail_server_options(house.settings)

    assert options.mailboxes == frozenset({"hotline@city.example"})
    assert options.hostname == "city.example"


def test_complainants_are_asked_in_the_permitted_hours(house: House) -> None:
    options = wiring.callback_options(
        house.settings, house.secrets, frozenset({Channel.MAIL, Channel.SMS})
    )

    assert options.policy.windows == (Window(time(9), time(12)), Window(time(14), None))
    assert options.policy.holiday_windows == (Window(time(10), time(11)),)
    assert options.policy.phone_attempts == 2
    assert options.channels == {Channel.VOICE, Channel.MAIL, Channel.SMS}
    assert options.links.public_url == "https://12345.example.org"
    assert options.home_area_code == "0312"


def test_without_a_trunk_nobody_is_promised_a_call(tmp_path: Path) -> None:
    settings, secrets = load_settings({"data": tmp_path}), open_secrets(tmp_path)

    assert wiring.callback_options(settings, secrets, frozenset()).channels == frozenset()
    assert (
        wiring.voice_options(
            settings,
            wiring.people_options(settings, secrets),
            wiring.query_code_options(secrets),
            {},
            tmp_path,
        ).outbound.allowed
        == ()
    )


async def test_letters_leave_only_by_what_is_configured(house: House, tmp_path: Path) -> None:
    class NoSession:
        """Nothing is sent here."""

    outbound = wiring.outbound_channels(house.settings, NoSession())  # type: ignore[arg-type]
    bare = wiring.outbound_channels(
        house.settings.model_copy(update={"relay": None, "sms": None}),
        NoSession(),  # type: ignore[arg-type]
    )

    assert outbound.channels == {Channel.MAIL, Channel.SMS}
    assert isinstance(outbound._senders[Channel.SMS], SmsGateway)
    assert bare.channels == frozenset()


def test_the_demo_permits_every_hour(house: House) -> None:
    settings = house.settings.model_copy(update={"demo": True})

    options = wiring.callback_options(settings, house.secrets, frozenset())

    assert options.policy.windows == (Window(time(0), None),)


def test_no_two_purposes_share_a_secret(house: House) -> None:
    settings, secrets = house.settings, house.secrets
    people = wiring.people_options(settings, secrets)
    intake = wiring.intake_options(people)
    public = wiring.public_options(settings, secrets, intake, Redis.from_url("redis://nobody"))

    keys = {
        people.index_key,
        public.query_codes.secret,
        public.links.secret,
        public.receipt_secret,
        wiring.web_options(settings, secrets, Redis.from_url("redis://nobody")).secret,
    }

    assert len(keys) == 5


async def test_several_web_processes_count_the_tries_of_one_source_together(house: House) -> None:
    settings = house.settings
    many = settings.model_copy(update={"http": settings.http.model_copy(update={"processes": 2})})
    intake = wiring.intake_options(wiring.people_options(settings, house.secrets))
    redis = Redis.from_url("redis://nobody")

    alone = wiring.public_options(settings, house.secrets, intake, redis)
    together = wiring.public_options(many, house.secrets, intake, redis)

    assert isinstance(alone.reports, InProcess)
    assert isinstance(together.reports, SharedLimit)
    assert (together.reports.times, together.reports.window) == REPORTS
