"""Contacts come in over channels, become tickets, and every citizen gets an answer.

Flow: contacts (raw, stored first) -> intake (classify, identify) -> queues (a seat answers)
-> tickets (工单) -> the case bridge turns a ticket into a case (案卷) -> callbacks (回访).
"""
