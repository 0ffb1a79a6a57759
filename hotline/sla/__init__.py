"""时限: pure arithmetic over limits and working calendars; no tables, no I/O, no clock.

`limit.py` says how much time, `calendar.py` which hours count, `deadline.py` when it is over and
why, `ladder.py` who is warned on the way, `text.py` says it to a person.
"""
