"""Names of the hints that wake a distributor; screens have `seat` and `queue`.

A hint is given only where an offer may be made, or was made or withdrawn elsewhere: what merely
changes a screen does not make every voice process look at every queue.
"""

from typing import Final

FREE: Final = "free"
"""A seat could take a caller now, or a caller who rang somewhere is to be offered again."""

OFFER: Final = "offer"
"""An offer was made, or withdrawn, for a call that another process carries."""
