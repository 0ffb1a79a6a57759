"""The web process: pages and their live news."""

import asyncio

from aiohttp import web

from case_bridge.web.exchange_routes import exchange_part
from case_bridge.web.places_routes import places_part
from case_bridge.web.routes import PART as CASES_PART
from channels.sms.reports import sms_part
from channels.web.pages import public_part
from config import exchange_wiring, wiring
from config.accounts import accounts_options
from config.announcing import announcement_options
from config.checking import problems_of
from config.roles.process import ROLES
from config.runtime import Runtime
from config.supervisor import Ready
from hotline.web.accounts.handlers import accounts_part
from hotline.web.announcements.handlers import announcements_part
from hotline.web.app import make_app
from hotline.web.audit.handlers import PART as AUDIT_PART
from hotline.web.automatic_mail import automatic_mail_part
from hotline.web.callbacks.handlers import PART as CALLBACKS_PART
from hotline.web.desk.handlers import desk_part
from hotline.web.operations.handlers import operations_part
from hotline.web.operations.options import OperationsOptions
from hotline.web.recordings.handlers import recordings_part
from hotline.web.supervision.handlers import PART as SUPERVISION_PART
from hotline.web.supervision.waiting import waiting_part
from hotline.web.tickets.handlers import ticket_lists_part

DRAIN_SECONDS = 5.0
"""How long a request that has begun may go on after we were told to stop."""


async def serve(runtime: Runtime, stop: asyncio.Event, ready: Ready) -> None:
    """Serve until `stop` is set; requests in progress are finished.

    Raises:
        OSError: if the address cannot be bound.
    """
    runner = web.AppRunner(application(runtime), access_log=None, shutdown_timeout=DRAIN_SECONDS)
    await runner.setup()
    try:
        address = runtime.settings.http.address
        # The kernel deals connections out among the processes that share the port: socket(7).
        is_shared = runtime.settings.http.processes > 1
        await web.TCPSite(runner, address.host, address.port, reuse_port=is_shared).start()
        ready({"http": f"{address.host}:{runner.addresses[0][1]}"})
        await stop.wait()
    finally:
        await runner.cleanup()


def application(runtime: Runtime) -> web.Application:
    """Return the pages of every package as one application."""
    settings, secrets = runtime.settings, runtime.secrets
    parts = (
        public_part(
            wiring.public_options(settings, secrets, runtime.intake, runtime.doorbell.redis)
        ),
        desk_part(wiring.desk_options(settings, runtime.people, runtime.query_codes)),
        CALLBACKS_PART,
        sms_part(wiring.gateway_options(settings)),
        automatic_mail_part(runtime.intake),
        recordings_part(wiring.recordings_options(settings)),
        ticket_lists_part(wiring.ticket_list_options(runtime.people, runtime.exports)),
        SUPERVISION_PART,
        waiting_part(wiring.queue_policy(settings)),
        announcements_part(announcement_options()),
        operations_part(_operations_options(runtime)),
        accounts_part(accounts_options()),
        AUDIT_PART,
        CASES_PART,
        places_part(wiring.map_options(settings)),
        exchange_part(runtime.exchange, exchange_wiring.maker_options(settings)),
    )
    return make_app(
        runtime.database,
        parts,
        wiring.web_options(settings, secrets, runtime.doorbell.redis),
        clock=runtime.clock,
        signals=runtime.doorbell,
    )


def _operations_options(runtime: Runtime) -> OperationsOptions:
    async def find_problems() -> list[str]:
        # In a thread: it asks servers and peers, and waits for them.
        return await asyncio.to_thread(lambda: list(problems_of(runtime.settings)))

    return OperationsOptions(
        roles=ROLES,
        ask_redis=runtime.doorbell.answers,
        find_problems=find_problems,
        backup_age=runtime.settings.backup.age,
        backup_proof_age=runtime.settings.backup.proof_age,
    )
