"""Tables of flow texts: the texts, and when each was put in use."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from hotline.kernel.schema import Base


class FlowTextRow(Base):
    """One text of one flow; never changed."""

    __tablename__ = "flow_texts"
    __table_args__ = (Index("ix_flow_texts_name", "name"),)

    digest: Mapped[str] = mapped_column(primary_key=True)
    """SHA-256 of the text; calls keep it."""
    name: Mapped[str]
    version: Mapped[str]
    """What the text itself says; people may forget to change it."""
    text: Mapped[str]
    first_at: Mapped[datetime]


class FlowActivationRow(Base):
    """A text was put in use; the last one of a flow is in use."""

    __tablename__ = "flow_activations"
    __table_args__ = (Index("ix_flow_activations_name", "name", "id"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=True)
    name: Mapped[str]
    digest: Mapped[str] = mapped_column(ForeignKey("flow_texts.digest"))
    at: Mapped[datetime]
    actor: Mapped[str]
