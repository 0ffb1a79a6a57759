"""The domain-free ground: clock, database, errors, events, outbox, machine, tasks, privacy."""
