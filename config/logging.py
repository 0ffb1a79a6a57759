"""Structured logs on standard error: one line an event, context ids, personal data masked.

Everything goes through the same processors, also what libraries say by the standard `logging`:
a field named `pii_…` is masked whole, in every other text whatever looks like a phone number
or a mail address is masked, and a trace does not tell what the rows of the database hold.
"""

import logging
import logging.config
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any
from uuid import UUID

import structlog
from structlog.typing import Processor

from config.settings import LogSettings
from hotline.kernel.privacy import mask_text

PERSONAL = "pii_"

PLAIN_FIELDS = frozenset(
    {"timestamp", "level", "logger", "role", "hash", "ticket", "ticket_number", "case_number"}
)
"""Fields of ours whose digits are no phone numbers."""

QUOTED = re.compile(
    r"(?P<says>DETAIL: )(?s:.*?)(?=\n[ |]*(?:\[SQL: |\+-|\n[ |]*(?:The above|During handling))|\Z)"
    r"|(?P<asks>invalid input (?:for query argument \$\d+|syntax for type [\w ]+): |input_value=)"
    r".*?(?=, input_type=|$)",
    re.MULTILINE,
)
"""Where errors of PostgreSQL, its driver and pydantic quote what was written: whole rows of it."""

UUID_TEXT = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

NOISY = ("alembic", "aiosmtpd", "mail.log", "rq", "asyncio", "aiohttp.access", "sqlalchemy.engine")
"""Loggers of libraries that tell each step at the level info; we log our own."""


def configure_logging(settings: LogSettings, *, role: str) -> None:
    """Send the logs of this process to standard error; `role` is in every line."""
    as_json = settings.format == "json" or (settings.format == "auto" and not sys.stderr.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.format_exc_info,
        mask_personal_data,
    ]
    renderer: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if as_json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "line": {
                    "()": structlog.stdlib.ProcessorFormatter,
                    "foreign_pre_chain": shared,
                    "processors": [
                        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                        renderer,
                    ],
                }
            },
            "handlers": {
                "stderr": {
                    "class": "logging.StreamHandler",
                    "stream": "ext://sys.stderr",
                    "formatter": "line",
                }
            },
            "root": {"handlers": ["stderr"], "level": settings.level.upper()},
            "loggers": {name: {"level": "WARNING"} for name in NOISY},
        }
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(role=role)


def mask_personal_data(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Mask `pii_` fields whole, and what looks like a number or an address in the others."""
    for name, value in event.items():
        if name not in PLAIN_FIELDS and not name.endswith("_id") and not name.startswith("_"):
            event[name] = _mask_whole(value) if name.startswith(PERSONAL) else _mask(value)
    return event


def _mask_whole(value: Any) -> str | None:
    """Show of a number or address what masking shows, and of anything else one letter."""
    if value is None:
        return None
    text = str(value)
    masked = mask_text(text)
    return masked if masked != text and " " not in text else f"{text[:1]}***"


def _mask(value: Any) -> Any:
    match value:
        case str():
            return value if UUID_TEXT.fullmatch(value) else mask_text(_unquoted(value))
        case Mapping():
            return {
                name: _mask_whole(item) if str(name).startswith(PERSONAL) else _mask(item)
                for name, item in value.items()
            }
        case list() | tuple() | set() | frozenset():
            return [_mask(item) for item in value]
        case None | bool() | int() | float() | UUID():
            return value
        case _:
            return mask_text(_unquoted(str(value)))


def _unquoted(text: str) -> str:
    return QUOTED.sub(lambda found: f"{found['says'] or found['asks']}***", text)
