"""What is assessed at all: the levels of the organisation say so (R79, R87, R112)."""

from sqlalchemy.ext.asyncio import AsyncSession

from case_bridge.cases.organisation import Organisation
from case_bridge.cases.reading import organisation_of
from case_bridge.evaluation.definition import ObjectKind
from hotline.kernel.errors import Invalid


def kinds_of(organisation: Organisation) -> tuple[ObjectKind, ...]:
    """Return the kinds of object that are assessed on any level, the first level's first."""
    return tuple(ObjectKind(kind) for each in organisation.assessment for kind in each.kinds)


async def assessed_kinds(session: AsyncSession) -> tuple[ObjectKind, ...]:
    """Return the kinds that the organisation in force assesses."""
    return kinds_of(await organisation_of(session))


async def check_assessed(session: AsyncSession, kind: ObjectKind) -> None:
    """Refuse to reckon what no level assesses.

    Raises:
        Invalid: naming what is assessed.
    """
    kinds = await assessed_kinds(session)
    if kind not in kinds:
        raise Invalid("kind", f"is not assessed in this city; {', '.join(kinds)} are")
