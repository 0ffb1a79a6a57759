"""Pages of incident announcements: switched on and off by the shift leader."""
