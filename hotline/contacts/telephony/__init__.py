"""What the voice processes tell of their lines and trunks, for boards, metrics and alarms."""
