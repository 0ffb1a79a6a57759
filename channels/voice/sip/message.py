"""SIP messages: bytes to requests and responses and back (RFC 3261 7)."""


class Request:
    """A request."""

    __slots__ = ("body", "headers", "method", "uri")
    method: str
    uri: str
    headers: dict[str, list[str]]
    body: bytes
