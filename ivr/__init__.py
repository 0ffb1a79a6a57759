"""The menu engine: events in, verbs out; knows neither SIP nor the hotline.

A flow (`flow.py`) is read from versioned text (`loader.py`) and proved sound (`checks.py`); a
session (`session.py`) walks it, one per call. Whoever owns the call runs the verbs and reports what
happened.
"""
