"""Which mail no person wrote (RFC 3834): it is kept, but answering it would start a loop; pure."""

from email.message import Message

from channels.mail.headers import address, envelope_sender, header

_BULK = frozenset({"bulk", "junk", "list", "auto_reply", "auto-reply"})
_ROBOTS = ("mailer-daemon", "postmaster", "noreply", "no-reply", "do-not-reply", "donotreply")
_MARKS = ("List-Id", "List-Unsubscribe", "X-Autoreply", "X-Autorespond", "X-Auto-Reply")


def is_automatic(message: Message) -> bool:
    """Say whether a mail is a bounce, an automatic answer, or from a list."""
    auto_submitted = header(message, "Auto-Submitted").lower()
    if auto_submitted and not auto_submitted.startswith("no"):
        return True  # RFC 3834 5
    if envelope_sender(message) == "":
        return True  # RFC 5321 4.5.5: nobody may answer the null reverse-path
    if message.get_content_type() == "multipart/report":
        return True  # RFC 6522
    if header(message, "Precedence").lower() in _BULK:
        return True
    if any(header(message, mark) for mark in _MARKS):
        return True
    mailbox = address(message, "From")[1].lower().partition("@")[0]
    return mailbox.startswith(_ROBOTS)
