"""The mail process: what comes in by SMTP is kept; a job makes tickets of it."""

import asyncio

from channels.mail.adapter import MailServer
from config import wiring
from config.runtime import Runtime
from config.supervisor import Ready
from hotline.contacts.contact import InboundContact
from hotline.intake.service import store
from hotline.kernel.ids import ContactId


async def serve(runtime: Runtime, stop: asyncio.Event, ready: Ready) -> None:
    """Take mail until `stop` is set; open sessions may end.

    Raises:
        OSError: if the address cannot be bound.
    """

    async def keep(contact: InboundContact) -> tuple[ContactId, bool]:
        return await store(runtime.database, contact)

    options = wiring.mail_server_options(runtime.settings)
    async with MailServer(options, keep, runtime.clock) as server:
        ready({"smtp": f"{options.host}:{server.port}"})
        await stop.wait()
