"""Templates and words of the pages of the exchange and of reconciliation."""
