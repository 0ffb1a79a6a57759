"""Announcements of incidents (突发事件公告): what callers hear while one is switched on."""
