"""The worker: carries out the outbox in its main thread."""

from config.worker import work

__all__ = ["work"]
