"""工单 -> 案卷 and back: the city's case system, and the bridge that tickets cross to reach it.

`bridge` crosses (submit, progress, reconcile) over the port in `platform`; `platforms` implement
the port; `cases`, `units` and `field` are the case system of this house; `web` shows it. A ticket
never meets a case except through the port, so that a city may keep its own platform.
"""
