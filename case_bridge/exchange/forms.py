"""The eight forms of domain 2.5 as neutral JSON, two notes of ours, and their published schema.

No wire format is published; this one is ours. A maker who speaks another gets a `Dialect`.
"""

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter

FORMAT: Final = "hotline-exchange/1"
SCHEMA_FILE: Final = Path(__file__).parent / "schema.json"


class FormKind(StrEnum):
    """Which form a message carries."""

    REGISTRATION = "registration"  # 问题登记单
    VERIFY_ORDER = "verify_order"  # 问题核实单
    VERIFY_ANSWER = "verify_answer"  # 问题反馈单
    FILING = "filing"  # 问题立案单
    DISPATCH = "dispatch"  # 任务分派单
    FEEDBACK = "feedback"  # 任务反馈单
    CHECK_ORDER = "check_order"  # 结果核查单
    CHECK_ANSWER = "check_answer"  # 结果反馈单
    EVALUATION = "evaluation"  # 考核上报单, ours: what a period came to, told upward
    CLOSING = "closing"  # 结案告知单, ours: how the matter ended where it began


class FeedbackOutcome(StrEnum):
    """What became of a dispatched or reported matter."""

    HANDLED = "handled"  # 已处置
    RETURNED = "returned"  # 退回
    DECLINED = "declined"  # 不予立案


class ClosingOutcome(StrEnum):
    """How a matter ended where it began."""

    CLOSED = "closed"  # 已结案
    WITHDRAWN = "withdrawn"  # 已撤回: voided, called back, or merged into another case


Line = Annotated[str, Field(min_length=1, max_length=200)]
Words = Annotated[str, Field(min_length=1, max_length=4000)]
Text = Annotated[str, Field(max_length=4000)]


class Part(BaseModel):
    """Part of a message: unknown fields are an error, so that nothing is silently lost."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FileReference(Part):
    """A file that goes with a form: fetched by its fingerprint from the sender, in pieces."""

    name: Line
    media_type: Literal["image/jpeg", "image/png", "application/pdf"]
    size: int = Field(ge=1, le=8 * 1024 * 1024)
    """Bytes."""
    sha256: str = Field(pattern="^[0-9a-f]{64}$")


Files = Annotated[tuple[FileReference, ...], Field(max_length=9)]


class Registration(Part):
    """问题登记单: the matter, never the person who told of it (R88)."""

    number: Line
    source: Line
    subject: Words
    text: Text
    place: Words
    longitude: float | None = Field(default=None, ge=-180, le=180)
    """Degrees in WGS 84."""
    latitude: float | None = Field(default=None, ge=-90, le=90)
    category: str | None = Field(default=None, max_length=200)
    """`scheme[@version]:kind:code` of the sender's standard."""
    category_name: str | None = Field(default=None, max_length=200)
    condition: str | None = Field(default=None, max_length=100)
    registered_at: AwareDatetime
    files: Files = ()


class Order(Part):
    """问题核实单 and 结果核查单: what an inspector of the other side is to look at."""

    text: Words


class Answer(Part):
    """问题反馈单 and 结果反馈单: what the inspector found."""

    passed: bool
    """True: the problem is as reported; or: the result is in order."""
    text: Text
    by: Text
    found_at: AwareDatetime
    files: Files = ()


class Filing(Part):
    """问题立案单."""

    category: Line
    category_name: str | None = Field(default=None, max_length=200)
    condition: str | None = Field(default=None, max_length=100)
    limit: Line
    """Handling limit under the sender's standard, such as `2uh` or `5wd`."""
    filed_at: AwareDatetime


class Dispatch(Part):
    """任务分派单."""

    order: Words
    due_at: AwareDatetime | None
    dispatched_at: AwareDatetime


class Feedback(Part):
    """任务反馈单."""

    outcome: FeedbackOutcome
    text: Words
    reason_code: str | None = Field(default=None, max_length=100)
    answered_at: AwareDatetime
    files: Files = ()


class Closing(Part):
    """结案告知单."""

    outcome: ClosingOutcome
    text: Text
    ended_at: AwareDatetime


class EvaluatedObject(Part):
    """One line of a published ranking."""

    name: Line
    place: int | None = Field(ge=1)
    score: str | None = Field(max_length=20, pattern=r"^-?[0-9]+(\.[0-9]+)?$")
    grade: str | None = Field(max_length=20)
    filed: int = Field(ge=0)
    should_close: int = Field(ge=0)
    closed: int = Field(ge=0)


class EvaluationReport(Part):
    """考核上报单: what was published of a period, of units and areas, never of persons (R88)."""

    period: Line
    """Such as `2026-10`, `2026-Q4` or `2026`."""
    kind: Line
    """What was ranked: `unit`, `department`, `region` or `centre`."""
    revision: int = Field(ge=1)
    formula: Line
    published_at: AwareDatetime
    objects: Annotated[tuple[EvaluatedObject, ...], Field(max_length=200)]
    omitted: int = Field(default=0, ge=0)
    """How many more there are than a form has room for."""


class Message(Part):
    """What every form travels in."""

    format: Literal["hotline-exchange/1"] = FORMAT
    message_id: UUID
    """The same for every repetition of the same message."""
    sender: Line
    recipient: Line
    case: Line
    """`<platform where the matter began>:<its case number there>`; both sides say it alike."""
    sequence: int = Field(ge=1)
    """Counts the messages of one sender to one recipient about one case, without gaps."""
    sent_at: AwareDatetime


class RegistrationMessage(Message):
    """问题登记单."""

    form: Literal[FormKind.REGISTRATION] = FormKind.REGISTRATION
    body: Registration


class VerifyOrderMessage(Message):
    """问题核实单."""

    form: Literal[FormKind.VERIFY_ORDER] = FormKind.VERIFY_ORDER
    body: Order


class VerifyAnswerMessage(Message):
    """问题反馈单."""

    form: Literal[FormKind.VERIFY_ANSWER] = FormKind.VERIFY_ANSWER
    body: Answer


class FilingMessage(Message):
    """问题立案单."""

    form: Literal[FormKind.FILING] = FormKind.FILING
    body: Filing


class DispatchMessage(Message):
    """任务分派单."""

    form: Literal[FormKind.DISPATCH] = FormKind.DISPATCH
    body: Dispatch


class FeedbackMessage(Message):
    """任务反馈单."""

    form: Literal[FormKind.FEEDBACK] = FormKind.FEEDBACK
    body: Feedback


class CheckOrderMessage(Message):
    """结果核查单."""

    form: Literal[FormKind.CHECK_ORDER] = FormKind.CHECK_ORDER
    body: Order


class CheckAnswerMessage(Message):
    """结果反馈单."""

    form: Literal[FormKind.CHECK_ANSWER] = FormKind.CHECK_ANSWER
    body: Answer


class ClosingMessage(Message):
    """结案告知单."""

    form: Literal[FormKind.CLOSING] = FormKind.CLOSING
    body: Closing


class EvaluationMessage(Message):
    """考核上报单."""

    form: Literal[FormKind.EVALUATION] = FormKind.EVALUATION
    body: EvaluationReport


AnyMessage = (
    RegistrationMessage
    | VerifyOrderMessage
    | VerifyAnswerMessage
    | FilingMessage
    | DispatchMessage
    | FeedbackMessage
    | CheckOrderMessage
    | CheckAnswerMessage
    | ClosingMessage
    | EvaluationMessage
)
Body = Registration | Order | Answer | Filing | Dispatch | Feedback | Closing | EvaluationReport

MESSAGES: Final[TypeAdapter[AnyMessage]] = TypeAdapter(
    Annotated[AnyMessage, Field(discriminator="form")]
)


def schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of every message."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": FORMAT,
    } | MESSAGES.json_schema(mode="validation")


if __name__ == "__main__":
    SCHEMA_FILE.write_text(
        json.dumps(schema(), ensure_ascii=False, indent=2) + "\n", encoding="utf-8"
    )
