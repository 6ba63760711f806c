"""Calendars: the business hours, holidays and exceptions that queues keep to."""
