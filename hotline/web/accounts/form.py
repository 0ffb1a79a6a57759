"""The form of one account: read from a request, shown again with what is wrong beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from aiohttp import web

from hotline.accounts.model import UserRow
from hotline.accounts.roles import Role
from hotline.kernel.errors import Invalid
from hotline.web.forms import posted
from hotline.web.requests import form_fields

LONGEST_NAME: Final = 60


@dataclass(frozen=True, slots=True)
class AccountForm:
    """What was filled in, as it was."""

    login: str = ""
    display_name: str = ""
    roles: frozenset[str] = frozenset()
    unit_id: str = ""
    seat_id: str = ""
    problems: Mapping[str, str] = field(default_factory=dict)
    """Field to words, in the reader's language."""

    def held_roles(self) -> frozenset[Role]:
        """Return the roles that were ticked.

        Raises:
            Invalid: if one is not a role.
        """
        try:
            return frozenset(Role(role) for role in self.roles)
        except ValueError:
            raise Invalid("roles", "is not a role") from None

    def chosen(self, name: str, known: Sequence[tuple[UUID, str]]) -> UUID | None:
        """Return the unit or seat that was chosen; None for none.

        Raises:
            Invalid: if it is not one of the list.
        """
        text = str(getattr(self, name))
        if not text:
            return None
        for each, _ in known:
            if str(each) == text:
                return each
        raise Invalid(name, "is not in the list")

    def named(self) -> str:
        """Return the person's name.

        Raises:
            Invalid: if it is empty or too long.
        """
        name = " ".join(self.display_name.split())
        if not name or len(name) > LONGEST_NAME:
            raise Invalid("display_name", f"needed, up to {LONGEST_NAME} characters")
        return name


async def read_form(request: web.Request) -> AccountForm:
    """Return the form as it was posted."""
    fields = await form_fields(request)
    ticked = (await posted(request)).getall("role", [])
    return AccountForm(
        login=fields.get("login", ""),
        display_name=fields.get("display_name", ""),
        roles=frozenset(str(role) for role in ticked),
        unit_id=fields.get("unit_id", ""),
        seat_id=fields.get("seat_id", ""),
    )


def form_of(row: UserRow) -> AccountForm:
    """Return the form of an account as it stands."""
    return AccountForm(
        login=row.login,
        display_name=row.display_name,
        roles=frozenset(row.roles),
        unit_id=str(row.unit_id or ""),
        seat_id=str(row.seat_id or ""),
    )
