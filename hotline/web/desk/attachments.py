"""The files that citizens sent with a ticket: whoever reads the ticket reads them."""

from aiohttp import web

from hotline.contacts.photos import SHOWN
from hotline.contacts.service import AttachmentView
from hotline.kernel.ids import TicketId
from hotline.tickets.attachments import read_attachment
from hotline.web.desk.present import Json, instant
from hotline.web.files import file_response, size_words
from hotline.web.keys import DATABASE
from hotline.web.requests import path_id


async def get_attachment(request: web.Request) -> web.Response:
    """Send one file of a ticket; a photo is shown, anything else is saved.

    Raises:
        NotFound: if the ticket has no such file.
    """
    ticket_id = TicketId(path_id(request, "ticket_id"))
    async with request.app[DATABASE].read() as session:
        file = await read_attachment(session, ticket_id, path_id(request, "attachment_id"))
    return file_response(file.name, file.content)


def attachment_json(ticket_id: TicketId, file: AttachmentView) -> Json:
    """Return a file as lists show it, with its address."""
    return {
        "attachment_id": str(file.attachment_id),
        "url": f"/tickets/{ticket_id}/attachments/{file.attachment_id}",
        "name": file.name,
        "kind": "photo" if file.photo else "file",
        "media_type": file.photo or file.mime,
        "is_shown": file.photo in SHOWN,
        "size": file.size,
        "size_words": size_words(file.size),
        "sha256": file.sha256,
        "received_at": instant(file.received_at),
    }
