"""`hotline user add`, `list` and `passwd`."""

import sys
from pathlib import Path

import click
from sqlalchemy import select

from config.cli.folder import data_option
from config.cli.options import chosen_settings, within_runtime
from config.runtime import Runtime
from hotline.accounts import service
from hotline.accounts.model import UserRow
from hotline.accounts.roles import Role
from hotline.kernel.errors import NotFound

ACTOR = "hotline-cli"
ROLES = [role.value for role in Role]

password_option = click.option(
    "--password-stdin", is_flag=True, help="Read the password from standard input."
)


@click.group()
def user() -> None:
    """People who may sign in."""


@user.command()
@data_option
@click.argument("login")
@click.option("--name", required=True, help="The name that others see.")
@click.option(
    "--role",
    "roles",
    multiple=True,
    required=True,
    type=click.Choice(ROLES),
)
@password_option
def add(
    data: Path | None, login: str, name: str, roles: tuple[str, ...], *, password_stdin: bool
) -> None:
    """Make a user."""
    password = _password(from_stdin=password_stdin)

    async def create(runtime: Runtime) -> None:
        async with runtime.database.begin() as uow:
            await service.create_user(
                uow,
                login=login,
                password=password,
                display_name=name,
                roles=[Role(role) for role in roles],
                actor=ACTOR,
                now=runtime.clock(),
            )

    within_runtime(chosen_settings(data=data), create)
    click.echo(f"{login} may sign in.")


@user.command()
@data_option
@click.argument("login")
@password_option
def passwd(data: Path | None, login: str, *, password_stdin: bool) -> None:
    """Give a user another password; ends their sessions."""
    password = _password(from_stdin=password_stdin)

    async def change(runtime: Runtime) -> None:
        async with runtime.database.begin() as uow:
            found = await service.find_user(uow.session, login)
            if found is None:
                raise NotFound("user", login)
            await service.set_password(uow, found.id, password, actor=ACTOR, now=runtime.clock())

    within_runtime(chosen_settings(data=data), change)
    click.echo(f"{login} has a new password.")


@user.command("list")
@data_option
def list_users(data: Path | None) -> None:
    """Print login, name and roles of every user."""

    async def read(runtime: Runtime) -> list[UserRow]:
        async with runtime.database.read() as session:
            return list(await session.scalars(select(UserRow).order_by(UserRow.login)))

    for each in within_runtime(chosen_settings(data=data), read):
        click.echo(f"{each.login:20} {each.display_name:20} {' '.join(sorted(each.roles))}")


def _password(*, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\n")
    entered: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return entered
