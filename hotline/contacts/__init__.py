"""Contacts (联系): one interaction over one channel, kept raw before anything is understood."""
