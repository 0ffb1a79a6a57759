"""Lines and trunks: each with what is its own, and every mistake told before the first call."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest

from channels.voice.media.sdes import Srtp
from channels.voice.options import OutboundOptions, VoiceLimits
from config.data_files import DATA
from config.setting_errors import SettingsError
from config.settings import Settings, load_settings, variables
from config.telephony import (
    line_options,
    outbound_options,
    tls_options,
    trunk_options,
    voice_limits,
    websocket_options,
)
from config.telephony_checks import telephony_addresses, telephony_problems
from tests.fakes.certificates import Certificates, make_certificates

Chosen = Callable[..., Settings]


@pytest.fixture
def chosen(monkeypatch: pytest.MonkeyPatch) -> Chosen:
    for name in list(variables()):
        monkeypatch.delenv(name, raising=False)

    def choose(**values: str) -> Settings:
        for name, value in values.items():
            monkeypatch.setenv(f"HOTLINE_{name}", value)
        return load_settings()

    return choose


@pytest.fixture(name="certificates")
def make(tmp_path: Path) -> Certificates:
    made = make_certificates(tmp_path)
    made.key.chmod(0o600)
    return made


def tls(certificates: Certificates) -> dict[str, str]:
    return {
        "SIP__TLS__CERTIFICATE": str(certificates.certificate),
        "SIP__TLS__KEY": str(certificates.key),
    }


def problems(settings: Settings, now: datetime | None = None) -> list[str]:
    # The certificates of the tests are good for a day from now on.
    at = now or datetime.now(UTC) - timedelta(hours=12)
    return list(telephony_problems(settings, DATA, at))


def test_a_line_is_as_all_lines_except_for_what_is_its_own(chosen: Chosen) -> None:
    settings = chosen(
        LINE__NUMBERS="12345 12319",
        LINE__NIGHT="20:00-08:00",
        LINE__MAX_CALLS="40",
        LINE__IDENTITY="12345",
        LINES__12319__MAX_CALLS="7",
        LINES__12319__RETRY_AFTER="30",
        LINES__12319__PRIVATE="true",
        LINES__12320__FLOW="survey",
        LINES__12320__NIGHT_FLOW="night",
        LINES__12320__HOURS="08:30-12:00 14:00-18:00",
        LINES__12320__LANGUAGE="en",
        LINES__12320__QUEUE="english",
        LINES__12320__PROMPTS="/srv/prompts",
    )

    first, second, third = line_options(settings)

    assert [line.number for line in (first, second, third)] == ["12345", "12319", "12320"]
    assert settings.numbers == ("12345", "12319", "12320")
    assert (first.max_calls, first.night.begins, first.is_private) == (40, time(20), False)
    assert (second.max_calls, second.retry_after, second.is_private) == (7, 30, True)
    assert (second.night.begins, second.identity) == (time(20), "12345")
    assert (third.flow, third.night_flow, third.language) == ("survey", "night", "en")
    assert third.hours == ((time(8, 30), time(12)), (time(14), time(18)))
    assert third.night.holds(time(23)) is False  # its own hours say everything
    assert (third.queues["hotline"], third.prompts) == ("english", Path("/srv/prompts"))


def test_trunks_are_tried_in_the_order_of_their_names_after_the_first(chosen: Chosen) -> None:
    settings = chosen(
        TRUNKS__UNICOM__ADDRESS="sip.unicom.example:5061",
        TRUNKS__UNICOM__TRANSPORT="tls",
        TRUNKS__MOBILE__ADDRESS="192.0.2.9:5060",
        TRUNKS__MOBILE__REGISTERS="true",
        TRUNKS__MOBILE__USERNAME="city",
        TRUNKS__MOBILE__PASSWORD="hush",
        TRUNKS__MOBILE__REALM="ims.example",
        TRUNKS__MOBILE__ALLOWED=r"1\d{10}",
        TRUNK__ADDRESS="192.0.2.8:5060",
    )

    first, second, third = trunk_options(settings)

    assert [each.name for each in (first, second, third)] == ["trunk", "mobile", "unicom"]
    assert second.credentials is not None
    assert (second.credentials.realm, second.registers) == ("ims.example", True)
    assert (third.host, third.port, third.transport) == ("sip.unicom.example", 5061, "tls")
    budget = outbound_options(settings.all_trunks, settings.call)
    assert (budget.max_calls, budget.calls_an_hour, budget.calls_to_one) == (30, 1800, 6)
    assert {pattern.pattern for pattern in budget.allowed} >= {r"1\d{10}", r"1[3-9]\d{9}"}


def test_a_name_that_no_trunk_setting_has_is_told(chosen: Chosen) -> None:
    with pytest.raises(SettingsError, match="HOTLINE_TRUNKS__MOBILE__ADRESS: no setting"):
        chosen(TRUNKS__MOBILE__ADDRESS="192.0.2.9:5060", TRUNKS__MOBILE__ADRESS="x")


def test_a_problem_of_one_trunk_names_its_variable(chosen: Chosen) -> None:
    with pytest.raises(SettingsError, match=r"HOTLINE_TRUNKS__MOBILE__ADDRESS: '192\.0\.2\.9' is"):
        chosen(TRUNKS__MOBILE__ADDRESS="192.0.2.9")


def test_listeners_are_where_the_settings_say(chosen: Chosen, certificates: Certificates) -> None:
    settings = chosen(
        **tls(certificates),
        SIP__TLS__AUTHORITIES=str(certificates.authority),
        SIP__TLS__WANTS_CERTIFICATES="true",
        SIP__WEBSOCKET__ADDRESS="127.0.0.2:5062",
        SIP__WEBSOCKET__ORIGINS="https://a.example https://b.example",
    )

    made, websocket = tls_options(settings.sip), websocket_options(settings.sip)

    assert made is not None
    assert (made.host, made.port, made.wants_certificates) == ("127.0.0.1", 5061, True)
    assert made.authorities == certificates.authority
    assert websocket is not None
    assert (websocket.host, websocket.port, websocket.is_secure) == ("127.0.0.2", 5062, True)
    assert websocket.origins == {"https://a.example", "https://b.example"}
    assert [str(address) for _, address in telephony_addresses(settings.sip)] == [
        "127.0.0.1:5061",
        "127.0.0.2:5062",
    ]


def test_without_a_certificate_nothing_is_secure(chosen: Chosen) -> None:
    assert (tls_options(chosen().sip), websocket_options(chosen().sip)) == (None, None)
    with pytest.raises(SettingsError, match="a secure websocket needs tls"):
        chosen(SIP__WEBSOCKET__ADDRESS="127.0.0.1:5062")


def test_who_wants_certificates_says_whose(chosen: Chosen, certificates: Certificates) -> None:
    with pytest.raises(SettingsError, match="wants_certificates needs authorities"):
        chosen(**tls(certificates), SIP__TLS__WANTS_CERTIFICATES="true")


def test_a_sound_telephone_side_has_no_problem(chosen: Chosen, certificates: Certificates) -> None:
    settings = chosen(**tls(certificates), TRUNK__ADDRESS="localhost:5061", TRUNK__TRANSPORT="tls")

    long_ago = [problem for problem in problems(settings) if "renew it before" not in problem]
    assert long_ago == []


@pytest.mark.parametrize(
    ("days", "part"),
    [
        pytest.param(2, "renew it", id="ended"),
        pytest.param(0, "renew it before", id="ends soon"),
        pytest.param(-3, "only", id="not yet"),
    ],
)
def test_the_days_of_the_certificate_are_checked(
    chosen: Chosen, certificates: Certificates, days: int, part: str
) -> None:
    found = problems(chosen(**tls(certificates)), datetime.now(UTC) + timedelta(days=days))

    assert any("HOTLINE_SIP__TLS__CERTIFICATE" in each and part in each for each in found)


def test_a_key_of_another_certificate_is_told(
    chosen: Chosen, certificates: Certificates, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    other = make_certificates(tmp_path / "other")
    other.key.chmod(0o600)

    found = problems(chosen(**(tls(certificates) | {"SIP__TLS__KEY": str(other.key)})))

    assert found == [
        "HOTLINE_SIP__TLS__CERTIFICATE, HOTLINE_SIP__TLS__KEY: they cannot be used together: "
        "KEY_VALUES_MISMATCH"
    ]


def test_files_that_are_not_there_are_told(chosen: Chosen, tmp_path: Path) -> None:
    found = problems(
        chosen(SIP__TLS__CERTIFICATE=str(tmp_path / "no.pem"), SIP__TLS__KEY=str(tmp_path / "no"))
    )

    assert [each.partition(":")[0] for each in found] == [
        "HOTLINE_SIP__TLS__CERTIFICATE",
        "HOTLINE_SIP__TLS__KEY",
    ]


def test_a_key_for_everybody_and_a_certificate_for_somebody_else_are_told(
    chosen: Chosen, certificates: Certificates
) -> None:
    certificates.key.chmod(0o644)
    found = problems(chosen(**tls(certificates), SIP__PUBLIC_HOST="sip.city.example"))

    assert any("is not for sip.city.example" in each for each in found)
    assert any("chmod 600" in each for each in found)


def test_what_trunks_lack_is_told(chosen: Chosen) -> None:
    found = problems(
        chosen(
            TRUNK__ADDRESS="192.0.2.8:5061",
            TRUNK__TRANSPORT="tls",
            TRUNKS__B__ADDRESS="no-such-host.invalid:5060",
            TRUNKS__B__REGISTERS="true",
            TRUNKS__B__PEERS="nor-this.invalid",
        )
    )

    assert [each.partition(":")[0] for each in found] == [
        "HOTLINE_TRUNK__TRANSPORT",
        "HOTLINE_TRUNKS__B__ADDRESS",
        "HOTLINE_TRUNKS__B__PEERS",
        "HOTLINE_TRUNKS__B__REGISTERS",
    ]


def test_a_line_whose_flow_or_prompts_are_not_there_is_told(chosen: Chosen, tmp_path: Path) -> None:
    found = problems(
        chosen(
            LINE__NUMBERS="12345 12319",
            LINES__12345__FLOW="mian",
            LINES__12319__PROMPTS=str(tmp_path),
        )
    )

    assert "line 12345: there is no flow mian: choose one of " in found[0]
    assert all(each.startswith("line 12319: with the prompts of") for each in found[1:])
    assert len(found) > 1


def test_srtp_that_is_required_needs_tls(chosen: Chosen, certificates: Certificates) -> None:
    """Issue B 1: SRTP with SDES over TLS only."""
    settings = chosen(
        SIP__SRTP="required",
        TRUNK__ADDRESS="127.0.0.1:5060",
        TRUNK__SRTP="required",
        TRUNKS__SAFE__ADDRESS="127.0.0.1:5061",
        TRUNKS__SAFE__TRANSPORT="tls",
        TRUNKS__SAFE__SRTP="required",
        TRUNKS__PLAIN__ADDRESS="127.0.0.1:5062",
        TRUNKS__PLAIN__SRTP="off",
    )

    found = [each for each in problems(settings) if "SRTP" in each]

    assert [each.partition(":")[0] for each in found] == [
        "HOTLINE_SIP__SRTP",
        "HOTLINE_TRUNK__SRTP",
    ]
    assert {trunk.name: trunk.srtp for trunk in trunk_options(settings)} == {
        "trunk": Srtp.REQUIRED,
        "plain": Srtp.OFF,
        "safe": Srtp.REQUIRED,
    }


def test_srtp_may_be_required_of_phones_that_come_over_tls(
    chosen: Chosen, certificates: Certificates
) -> None:
    found = problems(chosen(SIP__SRTP="required", **tls(certificates)))

    assert [each for each in found if "SRTP" in each] == []


def test_srtp_that_is_required_needs_the_engine_that_can(
    chosen: Chosen, certificates: Certificates
) -> None:
    settings = chosen(
        SIP__SRTP="required",
        MEDIA__ENGINE="rtpengine",
        MEDIA__HOSTS="127.0.0.1:22223",
        **tls(certificates),
    )

    assert any("HOTLINE_MEDIA__ENGINE=embedded" in each for each in problems(settings))


def test_how_long_things_take_is_the_operators_choice(chosen: Chosen) -> None:
    settings = chosen(
        CALL__PARK="PT5M",
        CALL__MAX_TALK="PT1H30M",
        CALL__PAGE_RETURNS="PT45S",
        CALL__RETRY_AFTER="30",
        CALL__RING_LIMIT="PT20S",
        CALL__TRUNK_PATIENCE="PT2S",
        TRUNK__ADDRESS="127.0.0.1:5060",
    )

    limits = voice_limits(settings.call)
    outbound = outbound_options(settings.all_trunks, settings.call)

    assert (limits.park, limits.max_talk) == (timedelta(minutes=5), timedelta(minutes=90))
    assert (limits.page_returns, limits.retry_after) == (timedelta(seconds=45), 30)
    assert outbound.ring_limit == timedelta(seconds=20)
    assert outbound.trunk_patience == timedelta(seconds=2)
    with pytest.raises(SettingsError):
        chosen(CALL__PARK="PT0S")


def test_what_is_not_chosen_is_as_the_voice_process_has_it(chosen: Chosen) -> None:
    settings = chosen()

    assert voice_limits(settings.call) == VoiceLimits()
    assert outbound_options({}, settings.call) == OutboundOptions()


def test_a_trunk_may_be_a_domain_with_srv_records(chosen: Chosen) -> None:
    settings = chosen(
        SIP__NAME_SERVERS="127.0.0.1:5353",
        TRUNK__ADDRESS="nowhere.invalid:5060",
        TRUNK__SRV="true",
    )

    assert trunk_options(settings)[0].uses_srv
    assert [str(server) for server in settings.sip.name_servers] == ["127.0.0.1:5353"]
    assert not [each for each in problems(settings) if "nowhere.invalid" in each]
    with pytest.raises(SettingsError, match="name the host itself"):
        chosen(TRUNK__TRANSPORT="tls")
