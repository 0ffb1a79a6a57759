"""Mail: in over SMTP (250 only when stored), out through a relay."""
