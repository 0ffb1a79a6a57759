"""Tickets (工单): what a citizen asks for, from acceptance to archive."""
