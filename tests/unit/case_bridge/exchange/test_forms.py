"""The published schema, and the seam for other makers."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from case_bridge.exchange.dialect import DIALECTS, NEUTRAL, Dialect, message_of
from case_bridge.exchange.forms import SCHEMA_FILE, AnyMessage, FormKind, schema
from hotline.kernel.errors import Invalid

NOW = datetime(2026, 3, 11, 2, 0, tzinfo=UTC)
BODIES: dict[FormKind, dict[str, Any]] = {
    FormKind.REGISTRATION: {
        "number": "26031100001",
        "source": "hotline",
        "subject": "污水井盖缺失",
        "text": "",
        "place": "人民路12号",
        "registered_at": NOW,
    },
    FormKind.VERIFY_ORDER: {"text": "请核实"},
    FormKind.VERIFY_ANSWER: {"passed": True, "text": "属实", "by": "监督员", "found_at": NOW},
    FormKind.FILING: {"category": "a:facility:0102", "limit": "2uh", "filed_at": NOW},
    FormKind.DISPATCH: {"order": "补装井盖", "due_at": None, "dispatched_at": NOW},
    FormKind.FEEDBACK: {"outcome": "handled", "text": "已补装", "answered_at": NOW},
    FormKind.CHECK_ORDER: {"text": "请核查"},
    FormKind.CHECK_ANSWER: {
        "passed": False,
        "text": "松动",
        "by": "监督员",
        "found_at": NOW,
        "files": [
            {"name": "井盖.jpg", "media_type": "image/jpeg", "size": 9, "sha256": "0" * 64},
        ],
    },
    FormKind.CLOSING: {"outcome": "withdrawn", "text": "已并案", "ended_at": NOW},
    FormKind.EVALUATION: {
        "period": "2026-02",
        "kind": "unit",
        "revision": 1,
        "formula": "肃宁办法第二十六条",
        "published_at": NOW,
        "objects": [
            {
                "name": "排水公司",
                "place": 1,
                "score": "80.4",
                "grade": None,
                "filed": 50,
                "should_close": 50,
                "closed": 48,
            }
        ],
    },
}


def message(form: FormKind, /, **changes: Any) -> AnyMessage:
    return message_of(
        {
            "message_id": UUID(int=1),
            "sender": "city",
            "recipient": "district",
            "case": "city:26031100001",
            "sequence": 1,
            "sent_at": NOW,
            "form": form,
            "body": BODIES[form],
        }
        | changes
    )


class Renamed:
    """A dialect of another maker: flat names of its own, in GBK."""

    content_type = "text/plain; charset=gbk"

    def write(self, message: AnyMessage) -> bytes:
        plain = message.model_dump(mode="json")
        return json.dumps(
            {"taskNum": plain.pop("case"), "formType": plain.pop("form"), "data": plain},
            ensure_ascii=False,
        ).encode("gbk")

    def read(self, raw: bytes) -> AnyMessage:
        found = json.loads(raw.decode("gbk"))
        return message_of(
            found["data"] | {"case": found["taskNum"], "form": FormKind(found["formType"])}
        )


@pytest.mark.parametrize("form", FormKind)
@pytest.mark.parametrize("dialect", [DIALECTS[NEUTRAL], Renamed()], ids=["neutral", "renamed"])
def test_each_form_is_read_as_it_was_written(form: FormKind, dialect: Dialect) -> None:
    """R93, R96: domain 2.5; another maker's dialect needs two functions and nothing else."""
    written = message(form)

    assert dialect.read(dialect.write(written)) == written


def test_the_schema_that_ships_is_the_one_in_force() -> None:
    """R95, R96: whoever reads the file reads what the program takes."""
    assert json.loads(SCHEMA_FILE.read_text(encoding="utf-8")) == json.loads(json.dumps(schema()))


def test_the_schema_names_every_form() -> None:
    text = json.dumps(schema())

    assert all(f'"{form.value}"' in text for form in FormKind)


@pytest.mark.parametrize(
    "changes",
    [
        {"sequence": 0},
        {"form": "bulletin"},
        {"sent_at": "2026-03-11T10:00:00"},
        {"body": {"text": "请核实"}},
        {"format": "hotline-exchange/2"},
        {"reporter_phone": "13800001234"},
    ],
)
def test_what_the_schema_does_not_know_is_refused_with_its_field(changes: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        message(FormKind.DISPATCH, **changes)
