"""The JSON that another maker's case system speaks with us; documented for its maker in docs."""

from base64 import b64encode
from datetime import datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter

from case_bridge.platform import CaseFiling, CaseProgress, CaseReference, ProgressKind

Name = Annotated[str, Field(min_length=1, max_length=200)]


class Wire(BaseModel):
    """What comes from the other maker: fields we do not know are theirs and left alone."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class WireReference(Wire):
    """The case that a filing became."""

    case_key: Name
    number: Name
    round: int = Field(ge=1)

    def reference(self) -> CaseReference:
        """Return it as the bridge knows it."""
        return CaseReference(self.case_key, self.number, self.round)


class WireProgress(Wire):
    """One message about a case."""

    message_id: Name
    case_key: Name
    round: int = Field(ge=1)
    sequence: int = Field(ge=1)
    kind: ProgressKind
    text: str = Field(default="", max_length=4000)
    reason_code: str | None = Field(default=None, max_length=100)
    occurred_at: AwareDatetime

    def progress(self) -> CaseProgress:
        """Return it as the bridge knows it."""
        return CaseProgress(**self.model_dump())


class WirePage(Wire):
    """Messages from one instant on, and where the next page begins."""

    messages: tuple[WireProgress, ...]
    next: str | None = Field(default=None, max_length=400)


_FILING: TypeAdapter[CaseFiling] = TypeAdapter(CaseFiling)


def filing_json(filing: CaseFiling) -> dict[str, Any]:
    """Return a filing as it is sent; the content of files in base64."""
    plain: dict[str, Any] = _FILING.dump_python(
        filing, mode="json", exclude={"attachments": {"__all__": {"content"}}}
    )
    for sent, kept in zip(plain["attachments"], filing.attachments, strict=True):
        sent |= {"size": len(kept.content), "content": b64encode(kept.content).decode()}
    return plain


def filing_key(filing: CaseFiling) -> str:
    """Return what makes two sendings of a filing one: the ticket and its round."""
    return f"{filing.ticket_id}/{filing.round}"


def instant(value: datetime) -> str:
    """Return an instant as it stands in an address."""
    return value.isoformat()
