"""Dates, days of the week, opening hours and times of day."""
