"""Which files of a ticket go with its filing, and under which name."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from case_bridge.cases.evidence import fingerprint
from case_bridge.platform import FilingAttachment
from hotline.contacts.photo_traces import without_traces
from hotline.contacts.service import AttachmentView
from hotline.kernel.ids import TicketId
from hotline.tickets.attachments import attachments_of_ticket, read_attachment

MOST: Final = 9
LARGEST_ALL: Final = 50 * 1024 * 1024
"""Bytes of all files of one filing: five photos of the public form at their largest."""

PDF: Final = "application/pdf"
_PDF_START: Final = b"%PDF-"

ENDINGS: Final = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/gif": "gif",
    "image/webp": "webp",
    "image/heic": "heic",
    PDF: "pdf",
}


async def attachments_to_hand_over(
    session: AsyncSession, ticket_id: TicketId
) -> tuple[FilingAttachment, ...]:
    """Return photos and PDFs of a ticket, without those of whoever is confidential (R88).

    They go without what a device wrote beside the picture or page, such as place and author; one
    in which that cannot be found stays with the hotline. So do other files and those beyond number
    and size: a forwarded mail or a card of addresses says who the person is.
    """
    found: list[FilingAttachment] = []
    for view in _choose(await attachments_of_ticket(session, ticket_id, for_the_city=True)):
        file = await read_attachment(session, ticket_id, view.attachment_id)
        media_type = view.photo or PDF
        if view.photo is None and not file.content.startswith(_PDF_START):
            continue
        content = without_traces(file.content, media_type)
        if content is None:
            continue
        found.append(
            FilingAttachment(
                name=f"附件{len(found) + 1}.{ENDINGS[media_type]}",
                media_type=media_type,
                sha256=fingerprint(content),
                received_at=view.received_at,
                content=content,
            )
        )
    return tuple(found)


def _choose(views: Sequence[AttachmentView]) -> Sequence[AttachmentView]:
    """Return the first files that may go, each content once, as far as they fit."""
    chosen: dict[str, AttachmentView] = {}
    room = LARGEST_ALL
    for view in views:
        may_go = view.photo is not None or view.mime == PDF or view.name.lower().endswith(".pdf")
        if may_go and view.sha256 not in chosen and view.size <= room and len(chosen) < MOST:
            chosen[view.sha256] = view
            room -= view.size
    return list(chosen.values())
