"""The crossing of a ticket into a case system and of its progress back, once each."""
