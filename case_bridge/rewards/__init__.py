"""Rewards for citizens whose reports were found true (R86: 000 a19)."""
