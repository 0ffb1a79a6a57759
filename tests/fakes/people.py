"""People who are signed in."""

from hotline.accounts.service import User
from hotline.kernel.ids import UserId, new_id


def user(name: str) -> User:
    """Return somebody of a name; two of one name are two people."""
    user_id = UserId(new_id())
    return User(user_id, f"login-{user_id}", name, frozenset(), None, None)
