"""The audit log, for who watches the others."""
