"""Pages of the case system: filing desk, dispatcher, unit, inspector, case."""
