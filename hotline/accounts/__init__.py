"""Who works here and what they may do: users, roles, sessions, and the audit chain."""
