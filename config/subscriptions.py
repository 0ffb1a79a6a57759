"""Which jobs act on which event: the whole flow on one screen."""

from collections.abc import Mapping, Sequence

from hotline.kernel.events import Event

SUBSCRIPTIONS: Mapping[type[Event], Sequence[str]] = {}
