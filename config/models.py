"""Every table of the house, for migrations: importing this module registers all rows."""

from importlib import import_module
from importlib.util import find_spec

from hotline.kernel.outbox import OutboxRow

__all__ = ["OutboxRow"]

for _name in (
    "hotline.accounts.model",
    "hotline.contacts.model",
    "hotline.contacts.calls.model",
    "hotline.people.model",
    "hotline.tickets.model",
    "hotline.queues.model",
    "hotline.recordings.model",
    "hotline.callbacks.model",
    "case_bridge.cases.model",
    "case_bridge.units.model",
    "case_bridge.field.model",
    "case_bridge.bridge.model",
):
    try:
        _found = find_spec(_name)
    except ModuleNotFoundError:
        _found = None
    if _found:
        import_module(_name)
