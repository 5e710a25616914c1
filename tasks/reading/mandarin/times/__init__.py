"""Dates, hours and festivals."""
