"""Every table of the house, for migrations: importing this module registers all rows."""

from importlib import import_module

MODULES = (
    "hotline.kernel.outbox",
    "hotline.accounts.model",
    "hotline.contacts.model",
    "hotline.contacts.calls.model",
    "hotline.contacts.telephony.model",
    "hotline.contacts.flows.model",
    "hotline.contacts.announcements.model",
    "hotline.people.model",
    "hotline.tickets.model",
    "hotline.queues.model",
    "hotline.queues.phone_model",
    "hotline.queues.returns.model",
    "hotline.recordings.model",
    "hotline.callbacks.model",
    "hotline.reports.model",
    "hotline.reports.exports.model",
    "hotline.reports.processes.model",
    "hotline.reports.backups.model",
    "case_bridge.standards.model",
    "case_bridge.cases.model",
    "case_bridge.later.model",
    "case_bridge.units.model",
    "case_bridge.field.model",
    "case_bridge.places.model",
    "case_bridge.bridge.model",
    "case_bridge.merging.model",
    "case_bridge.exchange.model",
    "case_bridge.evaluation.model",
    "case_bridge.rewards.model",
    "case_bridge.cases.form_keys",
    "case_bridge.resources.model",
    "case_bridge.plans.model",
    "case_bridge.extraordinary.model",
    "case_bridge.threats.model",
)

for _module in MODULES:
    import_module(_module)
