"""From settings and secrets to the options of each part; each part defines its own."""

from datetime import time

from config.secrets import Secrets
from config.settings import Settings
from hotline.callbacks.links import LinkOptions
from hotline.callbacks.options import CallbackOptions
from hotline.callbacks.policy import CallbackPolicy, Window
from hotline.contacts.contact import Channel
from hotline.people.citizen import PeopleOptions
from hotline.tickets.query_code import QueryCodeOptions


def people_options(settings: Settings, secrets: Secrets) -> PeopleOptions:
    """How citizens are recognised."""
    return PeopleOptions(index_key=secrets.blind_index, home_area_code=settings.line.area_code)


def query_code_options(secrets: Secrets) -> QueryCodeOptions:
    """How the codes of the status page are made."""
    return QueryCodeOptions(secret=secrets.query_code)


def callback_options(
    settings: Settings, secrets: Secrets, channels: frozenset[Channel]
) -> CallbackOptions:
    """When and how complainants are asked; `channels` are those that can reach them."""
    return CallbackOptions(
        links=LinkOptions(secret=secrets.callback_link, public_url=settings.http.base_url),
        policy=CallbackPolicy.for_demo() if settings.demo else _policy(settings),
        channels=channels,
        home_area_code=settings.line.area_code,
    )


def _policy(settings: Settings) -> CallbackPolicy:
    chosen = settings.callback
    return CallbackPolicy(
        windows=tuple(
            Window(opens, None if closes == time(0) else closes) for opens, closes in chosen.hours
        ),
        phone_attempts=chosen.phone_attempts,
        gap=chosen.gap,
        answer_within=chosen.answer_within,
    )
