"""Logs: one line an event, with its role, and no personal data."""

import json
import logging
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
import structlog

from config.logging import configure_logging, mask_personal_data
from config.settings import LogSettings
from tests.fakes.logs import logging_restored


@pytest.fixture(autouse=True)
def _restore_logging() -> Iterator[None]:
    with logging_restored():
        yield


def masked(**fields: Any) -> dict[str, Any]:
    return dict(mask_personal_data(None, "info", dict(fields)))


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("13800001234", "138****1234"),
        ("citizen@example.org", "c***@example.org"),
        ("张三", "张***"),
        ("my number is 13800001234", "m***"),
        (None, None),
        (12345678, "1***5678"),
    ],
)
def test_a_personal_field_is_masked_whole(value: object, shown: str | None) -> None:
    assert masked(pii_caller=value) == {"pii_caller": shown}


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("rang 13800001234 twice", "rang 138****1234 twice"),
        ("mail from citizen@example.org", "mail from c***@example.org"),
        (["13800001234"], ["138****1234"]),
        ({"pii_name": "张三", "note": "13800001234"}, {"pii_name": "张***", "note": "138****1234"}),
        (12319, 12319),
        ("12345", "12345"),
        (True, True),
    ],
)
def test_what_looks_like_a_number_is_masked_in_every_field(value: object, shown: object) -> None:
    assert masked(anything=value) == {"anything": shown}


def test_ids_and_ticket_numbers_stay_readable() -> None:
    fields = {
        "ticket_id": UUID("12345678-1234-5678-1234-567812345678"),
        "ticket_number": "20260311000042",
        "hash": "1234567890123456",
        "call": "51000000-1000-4d7c-aa67-478221000000",
    }

    assert masked(**fields) == fields


def test_a_line_is_json_with_role_level_and_time(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(LogSettings(format="json"), role="web")

    structlog.get_logger().info("call_ended", seconds=3, pii_caller="13800001234")

    line = json.loads(capsys.readouterr().err)
    assert line.pop("timestamp").endswith("Z")
    assert line.pop("logger")
    assert line == {
        "event": "call_ended",
        "level": "info",
        "role": "web",
        "seconds": 3,
        "pii_caller": "138****1234",
    }


def test_context_ids_are_in_every_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(LogSettings(format="json"), role="web")

    with structlog.contextvars.bound_contextvars(request_id="r1"):
        structlog.get_logger().info("anything")

    assert json.loads(capsys.readouterr().err)["request_id"] == "r1"


def test_what_libraries_say_is_masked_too(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(LogSettings(format="json"), role="web")

    logging.getLogger("somebody.else").warning("no route to %s", "13800001234")

    line = json.loads(capsys.readouterr().err)
    assert (line["event"], line["role"]) == ("no route to 138****1234", "web")


def test_a_trace_is_masked_too(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(LogSettings(format="json"), role="web")

    try:
        int("13800001234?")
    except ValueError:
        structlog.get_logger().exception("parse_failed")

    text = capsys.readouterr().err
    assert "ValueError: invalid literal" in text
    assert "13800001234" not in text


def test_the_level_is_a_choice(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(LogSettings(format="console", level="warning"), role="web")

    structlog.get_logger().info("not_this")
    structlog.get_logger().warning("but_this")

    text = capsys.readouterr().err
    assert "but_this" in text
    assert "not_this" not in text
