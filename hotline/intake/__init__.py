"""Intake: a stored contact becomes exactly one ticket, and nothing is lost on the way."""
