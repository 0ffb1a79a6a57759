"""`hotline prompts render`."""

import click

from config.prompts import PROMPTS, render_prompts


@click.group()
def prompts() -> None:
    """What callers hear."""


@prompts.command()
def render() -> None:
    """Speak every prompt whose text has changed, with espeak-ng."""
    rendered = render_prompts(PROMPTS)
    for key in rendered:
        click.echo(key)
    click.echo(f"{len(rendered)} prompts rendered.")
