"""Tables of grids, of names of places, and of the component register."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from case_bridge.places.component import Accuracy, ComponentState
from case_bridge.places.gazetteer import NameKind
from hotline.kernel.db import Base, enum_type
from hotline.kernel.ids import new_id


class UnitGridRow(Base):
    """A unit grid between two days; a changed one is a new row, so that the old map is kept."""

    __tablename__ = "unit_grids"
    __table_args__ = (
        UniqueConstraint("code", "valid_from", name="uq_unit_grids_code_day"),
        CheckConstraint("valid_to IS NULL OR valid_to > valid_from", name="valid_for_a_while"),
        Index("ix_unit_grids_cells", "cells", postgresql_using="gin"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    code: Mapped[str]
    ring: Mapped[list[list[float]]] = mapped_column(JSONB)
    """Longitude and latitude in WGS 84, counter-clockwise, the first point once."""
    area_m2: Mapped[float]
    cells: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    """Squares of the net that the grid touches: how a point finds it."""
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]


class GridImportRow(Base):
    """One import of grids: who, when, from which file, and what it changed."""

    __tablename__ = "grid_imports"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    imported_at: Mapped[datetime]
    imported_by: Mapped[str]
    file_name: Mapped[str]
    sha256: Mapped[str]
    crs: Mapped[str]
    effective_on: Mapped[date]
    added: Mapped[int]
    changed: Mapped[int]
    ended: Mapped[int]


class SupervisionGridRow(Base):
    """A supervision grid between two days."""

    __tablename__ = "supervision_grids"
    __table_args__ = (
        UniqueConstraint("code", "valid_from", name="uq_supervision_grids_code_day"),
        CheckConstraint("valid_to IS NULL OR valid_to > valid_from", name="valid_for_a_while"),
        Index("ix_supervision_grids_members", "members", postgresql_using="gin"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    code: Mapped[str]
    name: Mapped[str]
    members: Mapped[list[str]]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]


class PlaceNameRow(Base):
    """One name of the gazetteer (地名地址)."""

    __tablename__ = "place_names"
    __table_args__ = (UniqueConstraint("kind", "name", "street", name="uq_place_names_name"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    kind: Mapped[NameKind] = mapped_column(enum_type(NameKind))
    name: Mapped[str]
    aliases: Mapped[list[str]]
    street: Mapped[str]
    longitude: Mapped[float]
    latitude: Mapped[float]
    changed_at: Mapped[datetime] = mapped_column(index=True)


class ComponentRow(Base):
    """One component as it is now."""

    __tablename__ = "components"
    __table_args__ = (Index("ix_components_place", "latitude", "longitude"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    code: Mapped[str] = mapped_column(unique=True)
    version: Mapped[int] = mapped_column(default=1)
    name: Mapped[str]
    state: Mapped[ComponentState] = mapped_column(enum_type(ComponentState))
    competent_code: Mapped[str]
    competent_name: Mapped[str]
    owner_code: Mapped[str]
    owner_name: Mapped[str]
    maintainer_code: Mapped[str]
    maintainer_name: Mapped[str]
    place: Mapped[str]
    longitude: Mapped[float]
    latitude: Mapped[float]
    accuracy: Mapped[Accuracy] = mapped_column(enum_type(Accuracy))
    source: Mapped[str]
    note: Mapped[str]
    surveyed_on: Mapped[date | None]
    grid_code: Mapped[str | None] = mapped_column(index=True)
    registered_at: Mapped[datetime]
    changed_at: Mapped[datetime]


class ComponentChangeRow(Base):
    """One change of a component; never changed or deleted (R104)."""

    __tablename__ = "component_changes"
    __table_args__ = (UniqueConstraint("component_id", "version", name="uq_component_changes"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    component_id: Mapped[UUID] = mapped_column(ForeignKey("components.id"))
    version: Mapped[int]
    changed_at: Mapped[datetime]
    changed_by: Mapped[str]
    reason: Mapped[str]
    changes: Mapped[dict[str, Any]]
