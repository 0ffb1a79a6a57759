"""What people write about a case must say something, and end."""

from hotline.kernel.errors import Invalid

MAX_WORDS = 4000
"""Characters; more belongs into an attachment."""


def require_words(field: str, text: str) -> str:
    """Return the text stripped.

    Raises:
        Invalid: if nothing is left, or far too much.
    """
    words = text.strip()
    if not words:
        raise Invalid(field, "is empty")
    if len(words) > MAX_WORDS:
        raise Invalid(field, f"has more than {MAX_WORDS} characters")
    return words
